# Fit every model of models.json with lme4, as tightly as its own optimisers go, and write what came out.
#
#   Rscript tests/reference/lmm/fit.R [name ...]        -> values/<name>.json, one file a model
#   python tests/reference/lmm/pack.py                  -> values.json.gz and summaries.txt.gz, which are committed
#
# The deviance function is lme4's. It is minimised by bobyqa and by nlopt's bobyqa from four starts with tolerances far below the
# defaults, restarted from the best point, and where that point is interior it is polished by Newton steps on
# Richardson-extrapolated derivatives of the same function: lme4's optimum to about ten digits, without any code of ours.

suppressMessages({library(lme4); library(jsonlite); library(splines)})

arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
wanted <- commandArgs(TRUE)
dir.create(file.path(here, "values"), showWarnings = FALSE)

read_table <- function(name) {
  path <- file.path(here, "tables", paste0(name, ".csv.gz"))
  if (!file.exists(path)) {
    found <- data(list = name, package = c("lme4", "mlmRev"), envir = environment())
    return(get(found[1], envir = environment()))
  }
  frame <- read.csv(path, colClasses = NA, check.names = FALSE, na.strings = "")
  levels <- fromJSON(file.path(here, "tables", "levels.json"))[[name]]
  for (column in names(levels))
    frame[[column]] <- factor(frame[[column]], levels[[column]]$levels, ordered = levels[[column]]$ordered)
  logical <- vapply(frame, function(v) is.character(v) && all(v %in% c("True", "False")), NA)
  frame[logical] <- lapply(frame[logical], function(v) v == "True")
  frame
}

minimise <- function(devfun, start, lower, large) {
  bobyqa <- function(from, begin, end) {
    from <- pmax(from, lower)
    out <- try(minqa::bobyqa(from, devfun, lower = lower, control = list(rhobeg = begin, rhoend = end, maxfun = 50000)), TRUE)
    if (inherits(out, "try-error")) list(par = from, fval = Inf) else list(par = out$par, fval = out$fval)
  }
  nlopt <- function(from) {
    out <- nloptr::nloptr(pmax(from, lower), devfun, lb = lower, ub = rep(Inf, length(from)), opts = list(
      algorithm = "NLOPT_LN_BOBYQA", xtol_rel = 0, xtol_abs = 1e-12, ftol_abs = 1e-12, ftol_rel = 0, maxeval = 50000))
    list(par = out$solution, fval = out$objective)
  }
  if (large) return(nlopt(start))
  tries <- list(nlopt(start), bobyqa(start, 0.2, 1e-9), bobyqa(start * 0.3, 0.1, 1e-9), bobyqa(start * 3, 0.5, 1e-9))
  best <- tries[[which.min(vapply(tries, `[[`, 0, "fval"))]]
  for (round in 1:3) {
    size <- max(1e-3, 1e-2 * max(abs(best$par)))
    again <- list(bobyqa(best$par, size, 1e-10), nlopt(best$par))
    again <- again[[which.min(vapply(again, `[[`, 0, "fval"))]]
    gain <- best$fval - again$fval
    if (gain > 0) best <- again
    if (gain < 1e-10) break
  }
  best
}

# Newton steps on the face of the parameter space that the best point lies in: diagonal elements at zero stay there.
polish <- function(devfun, best, lower) {
  snapped <- ifelse(lower == 0 & best$par < 1e-4, 0, best$par)
  if (devfun(snapped) <= best$fval + 1e-9) best <- list(par = snapped, fval = devfun(snapped))
  free <- !(lower == 0 & best$par < 1e-4)
  if (!any(free) || any(best$par[free & lower == 0] < 1e-3)) return(best)
  full <- function(p) replace(best$par, free, p * scale)
  scaled <- function(p) devfun(full(p))
  scale <- pmax(abs(best$par), 1e-2 * max(abs(best$par)))[free]
  for (round in 1:3) {
    p <- best$par[free] / scale
    slope <- numDeriv::grad(scaled, p, method.args = list(eps = 1e-3, d = 1e-3, r = 4))
    curve <- numDeriv::hessian(scaled, p, method.args = list(eps = 1e-3, d = 1e-2, r = 4))
    step <- try(solve(curve, slope), TRUE)
    if (inherits(step, "try-error") || min(eigen(curve, TRUE, TRUE)$values) <= 0) return(best)
    par <- full(p - step)
    if (any(par < lower)) return(best)
    value <- devfun(par)
    if (!is.finite(value) || value > best$fval + 1e-8) return(best)
    best <- list(par = par, fval = value)
  }
  best
}

matrices <- function(x) lapply(seq_len(dim(x)[3]), function(i) x[, , i, drop = TRUE])

fit <- function(m) {
  frame <- read_table(m$data)
  frame$.w <- if (is.null(m$weights)) NULL else frame[[m$weights]]
  frame$.o <- if (is.null(m$offset)) NULL else frame[[m$offset]]
  formula <- as.formula(m$formula)
  call <- list(quote(lFormula), formula, data = quote(frame), REML = m$REML)
  if (!is.null(m$weights)) call$weights <- quote(.w)
  if (!is.null(m$offset)) call$offset <- quote(.o)
  parsed <- suppressMessages(eval(as.call(call)))
  devfun <- do.call(mkLmerDevfun, parsed)
  lower <- environment(devfun)$lower
  started <- proc.time()[["elapsed"]]
  best <- minimise(devfun, environment(devfun)$pp$theta, lower, isTRUE(m$large))
  if (!isTRUE(m$flat)) best <- polish(devfun, best, lower)
  best$fval <- devfun(best$par)
  opt <- list(par = best$par, fval = best$fval, feval = 0, conv = 0, message = NULL)
  attr(opt, "optimizer") <- "nloptwrap"  # so that summary() says about singular fits what it says after lmer()
  flat <- list(gradient = 0 * best$par, Hessian = diag(length(best$par)))
  checked <- lme4:::checkConv(flat, best$par, lmerControl()$checkConv, lbound = lower)
  shown <- list(quote(lmer), formula = formula, data = as.name(m$data))
  if (!m$REML) shown$REML <- FALSE
  if (!is.null(m$weights)) shown$weights <- as.name(m$weights)
  if (!is.null(m$offset)) shown$offset <- as.name(m$offset)
  model <- mkMerMod(environment(devfun), opt, parsed$reTrms, fr = parsed$fr, mc = as.call(shown), lme4conv = checked)
  out <- list(
    name = m$name, criterion = best$fval, theta = I(unname(getME(model, "theta"))), terms = lapply(unname(model@cnms), I),
    levels = as.list(vapply(model@flist, nlevels, 0L)), groups = I(names(model@cnms)),
    coefficients = I(names(fixef(model))), beta = I(unname(fixef(model))), vcov = unname(as.matrix(vcov(model))),
    aliased = I(setdiff(names(fixef(model, add.dropped = TRUE)), names(fixef(model)))),
    sigma = sigma(model), nobs = nobs(model), loglik = as.numeric(logLik(model)), npar = attr(logLik(model), "df"),
    aic = AIC(model), bic = BIC(model), df_resid = df.residual(model), singular = isSingular(model),
    varcorr = lapply(seq_along(VarCorr(model)), function(i) unclass(unname(as.matrix(VarCorr(model)[[i]])))),
    seconds = proc.time()[["elapsed"]] - started
  )
  out$fitted <- unname(head(fitted(model), 5))
  out$residuals <- unname(head(resid(model), 5))
  out$scaled <- unname(quantile(residuals(model, "pearson", scaled = TRUE)))
  if (identical(m$keep, "modes")) {
    re <- ranef(model, condVar = TRUE)
    out$modes <- lapply(re, function(t) list(levels = I(rownames(t)), effects = I(names(t)), values = unname(as.matrix(t))))
    out$condvar <- lapply(re, function(t) {
      v <- attr(t, "postVar")
      if (is.list(v)) lapply(v, matrices) else list(matrices(v))
    })
  }
  text <- capture.output(print(summary(model)))
  list(values = out, text = text)
}

for (m in fromJSON(file.path(here, "models.json"), simplifyVector = FALSE)) {
  if (length(wanted) && !(m$name %in% wanted)) next
  target <- file.path(here, "values", paste0(m$name, ".json"))
  if (!length(wanted) && file.exists(target)) next
  got <- try(fit(m))
  if (inherits(got, "try-error")) { message(m$name, " FAILED"); next }
  writeLines(toJSON(got$values, auto_unbox = TRUE, digits = NA, matrix = "rowmajor", null = "null"), target)
  writeLines(got$text, file.path(here, "values", paste0(m$name, ".txt")))
  v <- got$values
  cat(sprintf("%-26s %20.9f %s %6.1fs  %s\n", m$name, v$criterion, if (v$singular) "singular" else "        ", v$seconds,
              paste(signif(v$theta, 4), collapse = " ")))
}
