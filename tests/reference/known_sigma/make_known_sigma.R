# Models whose residual standard deviation is known, without a function of ours or of lme4: Rscript make_known_sigma.R,
# in this folder. Mixed models: the likelihood written out with full matrices, and its optimum. Meta-analyses: the same,
# as metafor's rma(yi, vi) defines it (its REML log-likelihood has + log|X'X| / 2 beside). Linear models: R's `scale`.
suppressMessages({library(lme4); library(jsonlite)})
deviance <- function(v, x, y, reml) {
  r <- chol(v); xs <- backsolve(r, x, transpose = TRUE); ys <- backsolve(r, y, transpose = TRUE)
  xx <- crossprod(xs); beta <- solve(xx, crossprod(xs, ys)); n <- length(y) - reml * ncol(x)
  list(value = n * log(2 * pi) + 2 * sum(log(diag(r))) + sum((ys - xs %*% beta)^2) + reml * as.numeric(determinant(xx)$modulus),
       beta = drop(beta), vcov = solve(xx))
}
best <- function(of, start) {
  for (i in 1:6) {
    found <- optim(start, of, method = "BFGS", control = list(reltol = 1e-16, maxit = 1000))
    start <- optim(found$par, of, control = list(reltol = 1e-16, maxit = 5000))$par
  }
  start
}
lower <- function(p, k) { t <- matrix(0, k, k); t[lower.tri(t, TRUE)] <- p; t }
sleep <- sleepstudy
z <- matrix(0, 180, 36)
for (i in 1:180) { s <- as.integer(sleep$Subject)[i]; z[i, 2 * s - 1:0] <- c(1, sleep$Days[i]) }
out <- list()
for (reml in c(TRUE, FALSE)) for (sigma in c(20, 30)) {
  of <- function(p) {
    v <- z %*% kronecker(diag(18), tcrossprod(lower(p, 2))) %*% t(z) + sigma^2 * diag(180)
    deviance(v, cbind(1, sleep$Days), sleep$Reaction, reml)
  }
  p <- best(function(p) of(p)$value, c(24, 1, 6)); at <- of(p)
  out$sleepstudy <- c(out$sleepstudy, list(list(REML = reml, sigma = sigma, deviance = at$value, beta = at$beta, vcov = at$vcov,
                                               covariance = tcrossprod(lower(p, 2)))))
}
bcg <- read.csv("bcg.csv")
bcg$yi <- with(bcg, log(tpos / (tpos + tneg)) - log(cpos / (cpos + cneg)))
bcg$vi <- with(bcg, 1 / tpos - 1 / (tpos + tneg) + 1 / cpos - 1 / (cpos + cneg))
for (formula in c("yi ~ 1", "yi ~ ablat", "yi ~ ablat + year")) for (reml in c(TRUE, FALSE)) {
  x <- model.matrix(as.formula(formula), bcg)
  of <- function(tau2) deviance(diag(bcg$vi + tau2), x, bcg$yi, reml)
  tau2 <- optimise(function(t) of(t)$value, c(0, 5), tol = 1e-14)$minimum; at <- of(tau2)
  out$bcg <- c(out$bcg, list(list(formula = formula, REML = reml, tau2 = tau2, deviance = at$value, beta = at$beta, vcov = at$vcov,
                                 metafor_loglik = -(at$value - reml * as.numeric(determinant(crossprod(x))$modulus)) / 2)))
}
full <- lm(mpg ~ wt + hp, mtcars); small <- lm(mpg ~ wt, mtcars)
scale <- 2.5^2
dropped <- drop1(full, scale = scale, test = "Chisq"); sequential <- anova(small, full, scale = scale, test = "Chisq")
se <- sqrt(diag(summary(full)$cov.unscaled) * scale)
out$lm <- list(data = mtcars[c("mpg", "wt", "hp")], se = unname(se), p = unname(2 * pnorm(-abs(coef(full) / se))),
               loglik = sum(dnorm(mtcars$mpg, fitted(full), 2.5, log = TRUE)), drop1_cp = dropped$Cp, drop1_p = dropped[["Pr(>Chi)"]],
               anova_p = sequential[["Pr(>Chi)"]])
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "known_sigma.json")
