# Fits of newer.json by newer.cpp under TMB -> newer_values.json.gz: families later than glmmTMB 1.1.5, random effects in the dispersion
#
#   Rscript tests/reference/glmmtmb/make_newer.R

Sys.setenv(OMP_NUM_THREADS = "1", OPENBLAS_NUM_THREADS = "1")
suppressMessages({library(TMB); library(lme4); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
source(file.path(here, "..", "glmm", "refine.R"))
FAMILIES <- c("lognormal", "skewnormal", "bell", "nbinom12", "nbinom2", "nbinom1", "gaussian", "beta_family", "ziGamma")

build <- Sys.getenv("NEWER_BUILD", file.path(dirname(tempdir()), "newer-glmmtmb"))
dir.create(build, showWarnings = FALSE)
file.copy(file.path(here, "newer.cpp"), build, overwrite = TRUE)
old <- setwd(build); compile("newer.cpp", flags = "-O1", framework = "TMBad"); dyn.load(dynlib("newer")); setwd(old)

log_bell <- function(n) {  # B_n by Bell's triangle, in logarithms
  out <- numeric(n + 1); row <- 0
  for (i in seq_len(n)) {
    new <- row[length(row)]
    for (v in row) { last <- new[length(new)]; top <- max(last, v); new <- c(new, top + log(exp(last - top) + exp(v - top))) }
    row <- new; out[i + 1] <- row[1]
  }
  out
}

part <- function(formula, frame) {
  none <- list(X = matrix(0, nrow(frame), 0), Z = as(Matrix(0, nrow(frame), 0, sparse = TRUE), "TsparseMatrix"), term = integer())
  if (is.null(formula)) return(none)
  X <- model.matrix(nobars(formula), frame)
  bars <- findbars(formula)
  if (is.null(bars)) return(c(list(names = colnames(X)), modifyList(none, list(X = unname(X)))))
  terms <- mkReTrms(bars, model.frame(subbars(formula), frame), reorder.terms = FALSE)
  list(X = unname(X), names = colnames(X), Z = as(t(terms$Zt), "TsparseMatrix"), term = terms$Lind - 1L, groups = names(terms$cnms))
}

right <- function(text) if (is.null(text)) NULL else as.formula(sub("^[^~]*", "", text))

fitted_model <- function(m) {
  frame <- read.csv(file.path(here, "tables", paste0(m$data, ".csv.gz")), stringsAsFactors = TRUE)
  y <- frame[[trimws(sub("~.*", "", m$formula))]]
  dispersion <- if (m$family == "bell") NULL else if (is.null(m$dispformula)) "~1" else m$dispformula
  cond <- part(right(m$formula), frame); zi <- part(right(m$ziformula), frame); disp <- part(right(dispersion), frame)
  log_bells <- if (m$family == "bell") log_bell(max(y))[y + 1] else 0 * y
  data <- list(y = y, bell = log_bells, family = match(m$family, FAMILIES) - 1L, zeros = as.integer(!is.null(m$ziformula)),
    X = cond$X, Xzi = zi$X, Xd = disp$X, Z = cond$Z, Zzi = zi$Z, Zd = disp$Z, term = cond$term, term_zi = zi$term, term_d = disp$term)
  terms <- function(p) if (length(p$term)) max(p$term) + 1L else 0L
  begin <- function(level, shape, sd) list(beta = c(level, rep(0, ncol(cond$X) - 1)), betazi = rep(0, ncol(zi$X)), betad = rep(0, ncol(disp$X)),
    theta = rep(sd, terms(cond)), thetazi = rep(sd, terms(zi)), thetad = rep(sd - 0.5, terms(disp)),
    psi = if (m$family %in% c("skewnormal", "nbinom12")) shape else numeric(),
    u = rep(0, length(cond$term)), uzi = rep(0, length(zi$term)), ud = rep(0, length(disp$term)))
  level <- if (m$family == "beta_family") 0 else if (m$family %in% c("gaussian", "skewnormal")) mean(y) else log(mean(y[y > 0]))
  start <- begin(level, 1, -0.5)
  obj <- MakeADFun(data, start, random = c("u", "uzi", "ud"), DLL = "newer", silent = TRUE, inner.control = list(tol = 1e-10, maxit = 300))
  starts <- lapply(list(c(1, -0.5), c(3, -1), c(1, -2)), function(s) {
    p <- begin(level, s[1], s[2]); unlist(p[c("beta", "betazi", "betad", "theta", "thetazi", "thetad", "psi")]) })
  starts <- lapply(starts, function(s) setNames(s, names(obj$par)))
  best <- refine(obj$fn, obj$gr, starts)
  hessian <- optimHess(best$par, obj$fn, obj$gr)
  value <- 2 * as.numeric(obj$fn(best$par)); slope <- as.numeric(obj$gr(best$par))
  c(m, list(criterion = value, nobs = length(y), df = length(best$par), blocks = I(names(obj$par)), estimates = I(unname(best$par)),
    se = I(unname(sqrt(diag(solve(hessian))))), gradient = max(abs(slope)),
    columns = list(cond = I(cond$names), zi = I(as.character(zi$names)), disp = I(as.character(disp$names))),
    groups = list(cond = I(as.character(cond$groups)), zi = I(as.character(zi$groups)), disp = I(as.character(disp$groups)))))
}

models <- fromJSON(file.path(here, "newer.json"), simplifyVector = FALSE)
values <- lapply(models, function(m) {
  v <- tryCatch(fitted_model(m), error = function(e) c(m, list(error = conditionMessage(e))))
  cat(m$name, if (is.null(v$error)) c(format(v$criterion, digits = 12), format(v$gradient, digits = 2), round(v$estimates, 3)) else v$error, "\n"); v })
names(values) <- vapply(models, function(m) m$name, "")
con <- gzfile(file.path(here, "newer_values.json.gz"), "wb")
write(toJSON(list(TMB = as.character(packageVersion("TMB")), models = Filter(function(v) is.null(v$error), values)),
             auto_unbox = TRUE, digits = I(15), null = "null", na = "null"), con)
close(con)
