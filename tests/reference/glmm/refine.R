# Minimise a smooth criterion with exact gradient until nothing is left to gain.

central <- function(gr, par, step = 1e-4) {
  h <- step * pmax(1, abs(par))
  columns <- lapply(seq_along(par), function(j) {
    move <- replace(0 * par, j, h[j])
    (as.numeric(gr(par + move)) - as.numeric(gr(par - move))) / (2 * h[j])
  })
  out <- matrix(unlist(columns), length(par))
  (out + t(out)) / 2
}

# Quasi-Newton from each start, the best of them restarted, then Newton steps while they help.
refine <- function(fn, gr, starts, newton = 6) {
  quiet <- function(e) suppressWarnings(try(e, silent = TRUE))
  safe <- function(p) { v <- quiet(as.numeric(fn(p))); if (inherits(v, "try-error") || !is.finite(v)) 1e10 else v }
  slope <- function(p) { v <- quiet(as.numeric(gr(p))); if (inherits(v, "try-error") || anyNA(v)) rep(0, length(p)) else v }
  control <- list(rel.tol = 1e-15, x.tol = 1e-12, abs.tol = 0, eval.max = 3000, iter.max = 2000)
  found <- lapply(starts, function(p) quiet(nlminb(p, safe, slope, control = control)))
  found <- Filter(function(f) !inherits(f, "try-error"), found)
  best <- found[[which.min(vapply(found, `[[`, 0, "objective"))]]
  par <- best$par
  again <- quiet(optim(par, safe, slope, method = "BFGS", control = list(reltol = 1e-16, maxit = 500)))
  if (!inherits(again, "try-error") && again$value < safe(par)) par <- again$par
  hessian <- NULL
  for (round in seq_len(newton)) {
    g <- slope(par)
    if (max(abs(g)) < 1e-9) break
    hessian <- quiet(central(slope, par))
    if (inherits(hessian, "try-error") || anyNA(hessian)) break
    e <- eigen(hessian, symmetric = TRUE)
    use <- e$values > 1e-6 * max(e$values)
    step <- e$vectors[, use, drop = FALSE] %*% (crossprod(e$vectors[, use, drop = FALSE], g) / e$values[use])
    if (safe(par - step) > safe(par) + 1e-9) break
    par <- par - as.numeric(step)
  }
  list(par = par, value = safe(par), gradient = slope(par), hessian = central(slope, par))
}

# The same without derivatives, from a point that is nearly right: lme4's deviance function.
refine_blind <- function(devfun, par, lower, newton = 2) {
  safe <- function(p) { v <- try(devfun(p), silent = TRUE); if (inherits(v, "try-error") || !is.finite(v)) 1e10 else v }
  best <- list(par = par, value = safe(par))
  consider <- function(p) { v <- safe(p); if (v < best$value) best <<- list(par = p, value = v) }
  for (size in c(1e-2, 1e-3)) {
    if (length(best$par) < 2) {
      consider(nlminb(best$par, safe, lower = lower, control = list(rel.tol = 1e-15, x.tol = 1e-10))$par)
    } else consider(minqa::bobyqa(pmax(best$par, lower), safe, lower = lower, control = list(rhobeg = size, rhoend = 1e-9, maxfun = 4000))$par)
  }
  if (any(best$par[lower == 0] < 1e-3)) return(best)
  for (round in seq_len(newton)) {
    g <- numDeriv::grad(safe, best$par, method.args = list(eps = 1e-3, d = 1e-3, r = 4))
    H <- numDeriv::hessian(safe, best$par, method.args = list(eps = 1e-3, d = 1e-2, r = 4))
    step <- try(solve(H, g), TRUE)
    if (inherits(step, "try-error") || safe(best$par - step) > best$value + 1e-8) break
    best <- list(par = best$par - step, value = safe(best$par - step))
  }
  best
}
