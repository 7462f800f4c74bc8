# What glmmTMB, lme4 and TMB itself make of every model of models.json, each as tightly as it goes (refine.R).
#
#   Rscript tests/reference/glmm/tables.R                      the tables
#   Rscript tests/reference/glmm/make_reference.R [name ...]   -> values/<name>.json, one file a model
#   python tests/reference/glmm/pack.py                        -> values.json.gz, which is committed
#
# "plain": plain.cpp under TMB, which has every family and lme4's parametrisation, so that variances may be zero. It
# uses the observed information, as glmmTMB does. What glmmTMB 1.1.5 lacks has this reference alone: inverse Gaussian,
# cauchit and log-log links, fixed theta (there through `map`), weights that divide a dispersion.
#
# Quirks: glmmTMB multiplies log-likelihoods by weights, whatever the family; its sigma() is theta for nbinom2 and
# 1 / sqrt(shape) for Gamma; its betad is log theta, log(phi) of Gamma with shape = exp(-betad), and log sigma^2 of a
# gaussian. Its log standard deviations run away to -infinity where a variance is zero. lme4 uses Fisher weights in the
# determinant (another criterion unless the link is canonical), leaves out the saturated constant for nAGQ > 1, and
# its likelihoods of Gamma, inverse Gaussian and gaussian models profile a dispersion out of the deviance: no Laplace.
# lme4's inner iterations stop early with links that are not canonical: its value may lie 1e-6 beside its own criterion.

suppressMessages({library(lme4); library(glmmTMB); library(TMB); library(jsonlite)})

here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(here, "refine.R"))
wanted <- commandArgs(TRUE)
dir.create(file.path(here, "values"), showWarnings = FALSE)

# The template is compiled outside of the tree.
build <- Sys.getenv("PLAIN_BUILD", file.path(dirname(tempdir()), "plain-glmm"))
dir.create(build, showWarnings = FALSE)
local({
  source <- file.path(build, "plain.cpp")
  same <- file.exists(source) && identical(readLines(source), readLines(file.path(here, "plain.cpp")))
  if (!same) file.copy(file.path(here, "plain.cpp"), source, overwrite = TRUE)
  back <- setwd(build); on.exit(setwd(back))
  if (!same || !file.exists(dynlib("plain"))) compile("plain.cpp", flags = "-O1", framework = "TMBad")
  dyn.load(dynlib(file.path(build, "plain")))
})

DERIVED <- list(
  obs = function(d) factor(sprintf("r%02d", seq_len(nrow(d)))),
  aboveAve = function(d) as.integer(d$Reaction > mean(d$Reaction)),
  cHEIGHT = function(d) (d$HEIGHT - mean(d$HEIGHT)) / 100
)

read_table <- function(m) {
  path <- file.path(here, "tables", paste0(m$data, ".csv.gz"))
  if (m$data == "sites") path <- file.path(here, "../../../python/mixedmodels/datasets/data/sites.csv.gz")
  if (file.exists(path)) {
    frame <- read.csv(path)
    for (v in names(frame)) if (is.character(frame[[v]])) frame[[v]] <- factor(frame[[v]], sort(unique(frame[[v]]), method = "radix"))
  } else {
    found <- data(list = m$data, package = c("lme4", "mlmRev"), envir = environment())
    frame <- get(found[1], envir = environment())
  }
  if (identical(m$subset, "id")) frame <- droplevels(frame[as.integer(frame$id) %% 4 == 0, ])
  if (!is.null(m$derive)) frame[[m$derive]] <- DERIVED[[m$derive]](frame)
  frame
}

FAMILIES <- c(binomial = 0, poisson = 1, nbinom2 = 2, Gamma = 3, inverse.gaussian = 4, gaussian = 5)
LINKS <- c(logit = 0, probit = 1, cloglog = 2, loglog = 3, cauchit = 4, log = 5, sqrt = 6, identity = 7, inverse = 8, "1/mu^2" = 9)
CANONICAL <- c(binomial = "logit", poisson = "log")


formula_of <- function(m) as.formula(if (is.null(m$rformula)) m$formula else m$rformula, globalenv())

# Design from lme4 (terms in its order); response and weights as the family has them.
parse <- function(m, frame) {
  frame$.w <- if (is.null(m$weights)) 1 else frame[[m$weights]]
  frame$.o <- if (is.null(m$offset)) 0 else frame[[m$offset]]
  ignore <- glmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore", check.nobs.vs.rankZ = "ignore",
                         check.nlev.gtreq.5 = "ignore", check.nlev.gtr.1 = "ignore", check.scaleX = "ignore")
  call <- list(quote(glFormula), formula_of(m), quote(frame), family = quote(poisson()), weights = quote(.w), control = ignore)
  if (!is.null(m$offset)) call$offset <- quote(.o)
  parsed <- eval(as.call(call))
  y <- model.response(parsed$fr); w <- as.numeric(model.weights(parsed$fr))
  if (is.matrix(y)) { w <- rowSums(y); y <- y[, 1] / w }
  if (is.factor(y)) y <- as.numeric(y != levels(y)[1])
  offset <- model.offset(parsed$fr)
  re <- parsed$reTrms
  list(y = as.numeric(y), w = w, offset = if (is.null(offset)) 0 * as.numeric(y) else as.numeric(offset), X = parsed$X,
       Z = as(Matrix::t(re$Zt), "dgCMatrix"), k = unname(lengths(re$cnms)), cnms = re$cnms, fr = parsed$fr,
       levels = unname(vapply(re$flist[attr(re$flist, "assign")], nlevels, 0L)), flist = re$flist)
}

diagonal <- function(k) unlist(lapply(k, function(s) (diag(s))[lower.tri(diag(s), TRUE)]))
factor_of <- function(theta, k) { t <- matrix(0, k, k); t[lower.tri(t, TRUE)] <- theta; t }
covariances <- function(theta, k) {
  ends <- cumsum(k * (k + 1) / 2)
  Map(function(to, s) { t <- factor_of(theta[(to - s * (s + 1) / 2 + 1):to], s); t %*% base::t(t) }, ends, k)
}

list_of <- function(v) if (length(v)) I(unname(v)) else list()

plain <- function(m, d) {
  shapes <- if (m$family %in% c("binomial", "poisson") || !is.null(m$theta)) 0 else 1
  link <- LINKS[[m$link]]
  beta <- if (!is.null(m$beta)) c(m$beta, rep(0, ncol(d$X)))[seq_len(ncol(d$X))] else {
    like <- switch(m$family, binomial = binomial(if (m$link == "loglog") "logit" else m$link), nbinom2 = poisson(if (m$link == "sqrt") "sqrt" else "log"),
                   inverse.gaussian = inverse.gaussian(m$link), Gamma = Gamma(m$link), poisson = poisson(m$link), gaussian = gaussian(m$link))
    unname(coef(suppressWarnings(glm.fit(d$X, d$y, weights = d$w, offset = d$offset, family = like))))
  }
  data <- list(y = d$y, w = d$w, offset = d$offset, X = unname(as.matrix(d$X)), Z = d$Z, k = as.integer(d$k), levels = as.integer(d$levels),
               family = as.integer(FAMILIES[[m$family]]), link = as.integer(link), fixed = c(m$theta, 1)[1])
  start <- list(theta = 0.5 * diagonal(d$k), beta = beta, psi = rep(1, shapes), u = rep(0, ncol(d$Z)))
  obj <- MakeADFun(data, start, random = "u", DLL = "plain", silent = TRUE, inner.control = list(tol = 1e-10, maxit = 300))
  par <- obj$par; tilt <- names(par) == "theta"
  best <- refine(obj$fn, obj$gr, list(par, replace(par, tilt, par[tilt] * 0.4), replace(par, tilt, par[tilt] * 2)))
  fn <- obj$fn(best$par)
  value <- split(unname(best$par), factor(names(par), c("theta", "beta", "psi")))
  # A column of a factor may change its sign: the diagonal shall not be negative.
  at <- 0
  sign <- unlist(lapply(d$k, function(s) unlist(lapply(seq_len(s), function(j) {
    at <<- at + (s - j + 1); rep(if (value$theta[at - (s - j)] < 0) -1 else 1, s - j + 1)
  }))))
  value$theta <- value$theta * sign
  covariance <- try(solve(best$hessian), TRUE)
  singular <- any(value$theta[diagonal(d$k) == 1] < 1e-4) || inherits(covariance, "try-error") || max(abs(value$theta)) > 1e3
  se <- if (singular) NULL else sqrt(diag(covariance))
  list(criterion = 2 * as.numeric(fn), theta = I(value$theta), beta = I(value$beta), psi = list_of(value$psi), se_beta = list_of(se[names(par) == "beta"]),
       vcov = if (!singular) unname(covariance[names(par) == "beta", names(par) == "beta", drop = FALSE]),
       se_psi = list_of(se[names(par) == "psi"]), gradient = max(abs(best$gradient)), singular = singular,
       covariances = covariances(value$theta, d$k), par = best$par)
}

tmb_family <- function(m) switch(m$family,
  binomial = if (m$link %in% c("logit", "probit", "cloglog", "log")) binomial(m$link), poisson = poisson(m$link),
  Gamma = Gamma(m$link), gaussian = gaussian(m$link), nbinom2 = nbinom2(m$link), inverse.gaussian = NULL)

# glmmTMB's own objective; starts at its fit and at the plain optimum.
peer <- function(m, frame, d, at) {
  family <- tmb_family(m)
  if (is.null(family) || (!is.null(m$weights) && m$family %in% c("Gamma", "gaussian"))) return(NULL)
  frame$.w <- if (is.null(m$weights)) 1 else frame[[m$weights]]
  call <- list(quote(glmmTMB), formula_of(m), quote(frame), family = family, control = glmmTMBControl(optCtrl = list(iter.max = 1000, eval.max = 2000)))
  if (!is.null(m$weights)) call$weights <- quote(.w)
  if (!is.null(m$offset)) { frame$.o <- frame[[m$offset]]; call$offset <- quote(.o) }
  at <- lapply(at[c("beta", "psi")], as.numeric)
  start <- list(beta = at$beta)
  if (m$family == "nbinom2") start$betad <- if (is.null(m$theta)) at$psi else log(m$theta)
  if (!is.null(m$theta)) call$map <- list(betad = factor(NA))
  if (m$family == "Gamma") start$betad <- -at$psi
  if (m$family == "gaussian") start$betad <- 2 * at$psi
  call$start <- start
  fit <- try(suppressWarnings(suppressMessages(eval(as.call(call)))), TRUE)
  if (inherits(fit, "try-error")) { message(m$name, ": glmmTMB: ", fit); return(NULL) }
  obj <- fit$obj
  obj$env$inner.control$tol <- 1e-10
  best <- refine(obj$fn, obj$gr, list(fit$fit$par), newton = 4)
  value <- 2 * as.numeric(obj$fn(best$par))
  se <- try(sqrt(diag(solve(best$hessian))), TRUE)
  beta <- names(best$par) == "beta"
  list(criterion = value, beta = I(unname(best$par[beta])), se_beta = if (is.numeric(se) && !anyNA(se[beta])) I(unname(se[beta])),
       gradient = max(abs(best$gradient)))
}

# lme4's deviance function: likelihoods without a free dispersion only.
blind <- function(m, frame, d, at, nagq = 1) {
  if (!(m$family %in% c("binomial", "poisson") || !is.null(m$theta)) || m$link == "loglog") return(NULL)
  family <- switch(m$family, binomial = binomial(m$link), poisson = poisson(m$link), nbinom2 = MASS::negative.binomial(m$theta, m$link))
  frame$.w <- if (is.null(m$weights)) 1 else frame[[m$weights]]
  frame$.o <- if (is.null(m$offset)) 0 else frame[[m$offset]]
  ignore <- glmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore", check.nobs.vs.rankZ = "ignore", tolPwrss = 1e-13,
                         check.nlev.gtreq.5 = "ignore", check.nlev.gtr.1 = "ignore", check.scaleX = "ignore", check.conv.singular = "ignore")
  call <- list(quote(glFormula), formula_of(m), quote(frame), family = family, weights = quote(.w), control = ignore)
  if (!is.null(m$offset)) call$offset <- quote(.o)
  parsed <- eval(as.call(call))
  devfun <- do.call(mkGlmerDevfun, c(parsed, list(control = ignore)))
  lower <- environment(devfun)$lower
  if (nagq == 0) {
    best <- refine_blind(devfun, pmax(as.numeric(at$theta), lower), lower)
    value <- devfun(best$par)
    return(list(criterion = value, theta = I(best$par), beta = I(unname(environment(devfun)$pp$beta(1)))))
  }
  devfun <- updateGlmerDevfun(devfun, parsed$reTrms, nAGQ = nagq)
  lower <- environment(devfun)$lower
  best <- try(refine_blind(devfun, pmax(c(at$theta, at$beta), lower), lower, if (length(lower) > 9) 1 else 2), TRUE)
  if (inherits(best, "try-error")) { message(m$name, ": lme4: ", best); return(NULL) }
  count <- length(at$theta)
  out <- list(criterion = best$value, theta = I(unname(best$par[seq_len(count)])), beta = I(unname(best$par[-seq_len(count)])),
              definition = if (identical(unname(CANONICAL[m$family]), m$link)) "both" else "fisher")
  if (nagq > 1) {
    n <- if (m$family == "binomial") d$w else rep(1, length(d$y))
    out$saturated <- family$aic(d$y, n, d$y, d$w, 0)
    out$lme4_criterion <- out$criterion
    out$criterion <- out$criterion + out$saturated
  }
  out
}

make <- function(m) {
  started <- proc.time()[["elapsed"]]
  frame <- read_table(m)
  d <- parse(m, frame)
  at <- plain(m, d)
  out <- list(name = m$name, nobs = length(d$y), coefficients = I(colnames(d$X)), groups = I(names(d$cnms)), effects = unname(lapply(d$cnms, I)),
              levels = I(d$levels), plain = at[names(at) != "par"])
  out$glmmTMB <- peer(m, frame, d, at)
  out$lme4 <- blind(m, frame, d, at)
  if (isTRUE(m$zero)) out$zero <- blind(m, frame, d, at, 0)
  out$nagq <- lapply(setNames(m$nagq, m$nagq), function(q) blind(m, frame, d, at, q))
  out$seconds <- proc.time()[["elapsed"]] - started
  out
}

for (m in fromJSON(file.path(here, "models.json"), simplifyVector = FALSE)) {
  if (length(wanted) && !(m$name %in% wanted)) next
  target <- file.path(here, "values", paste0(m$name, ".json"))
  if (!length(wanted) && file.exists(target)) next
  m$beta <- unlist(m$beta)
  v <- try(make(m))
  if (inherits(v, "try-error")) { message(m$name, " FAILED"); next }
  writeLines(toJSON(v, auto_unbox = TRUE, digits = NA, matrix = "rowmajor", null = "null"), target)
  p <- v$plain; g <- v$glmmTMB
  cat(sprintf("%-28s %18.9f %8.1e %s glmmTMB %+8.1e (grad %.0e se %.0e) lme4 %+8.1e %5.1fs  %s | %s\n", m$name, p$criterion, p$gradient, if (p$singular) "singular" else "",
              if (is.null(g)) NA else g$criterion - p$criterion, if (is.null(g)) NA else g$gradient,
              if (is.null(g$se_beta) || p$singular) NA else max(abs(g$se_beta / p$se_beta - 1)), if (is.null(v$lme4)) NA else v$lme4$criterion - p$criterion,
              v$seconds, paste(signif(p$theta, 3), collapse = " "), paste(signif(unlist(c(p$beta, p$psi)), 3), collapse = " ")))
}
