# lme4's deviance function, minimised as tightly as its own optimisers go.
#
# bobyqa and nlopt's bobyqa from four starts (and `starts` random ones) with tolerances far below the defaults, restarted from
# the best point; then, on the face of the parameter space where that point lies, Newton steps on Richardson-extrapolated
# derivatives of the same function: lme4's optimum to about ten digits, without any code of ours.

minimise <- function(devfun, start, lower, large = FALSE, starts = 0) {
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
  set.seed(1)
  for (more in seq_len(starts)) tries <- c(tries, list(bobyqa(rnorm(length(start), start, 0.5), 0.2, 1e-9)))
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

# A model of lme4's at its tightened optimum; `shown` is the call that summary() prints.
tight_lmer <- function(formula, data, REML = TRUE, shown = quote(lmer()), large = FALSE, flat = FALSE, starts = 0, weights, offset) {
  call <- list(quote(lFormula), formula, data = quote(data), REML = REML)
  if (!missing(weights)) { data$.w <- weights; call$weights <- quote(.w) }
  if (!missing(offset)) { data$.o <- offset; call$offset <- quote(.o) }
  parsed <- suppressMessages(eval(as.call(call)))
  devfun <- do.call(mkLmerDevfun, parsed)
  lower <- environment(devfun)$lower
  best <- minimise(devfun, environment(devfun)$pp$theta, lower, large, starts)
  if (!flat) best <- polish(devfun, best, lower)
  opt <- list(par = best$par, fval = devfun(best$par), feval = 0, conv = 0, message = NULL)
  attr(opt, "optimizer") <- "nloptwrap"  # so that summary() says about singular fits what it says after lmer()
  level <- list(gradient = 0 * best$par, Hessian = diag(length(best$par)))
  checked <- lme4:::checkConv(level, best$par, lmerControl()$checkConv, lbound = lower)
  mkMerMod(environment(devfun), opt, parsed$reTrms, fr = parsed$fr, mc = shown, lme4conv = checked)
}
