# glmer with up to 100 points of adaptive quadrature -> many_points.json, many_points.csv
#
#   Rscript tests/reference/glmm/many_points.R
#
# lme4's log-likelihood with nAGQ > 1 leaves out the saturated constant, which is added here for cbpp; it is 0 for a binary response.

suppressMessages({library(lme4); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
control <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.01, rhoend = 1e-10, maxfun = 1e5), tolPwrss = 1e-13)

set.seed(1)
d <- data.frame(g = gl(20, 15), x = round(rnorm(300), 2))
d$y <- rbinom(300, 1, plogis(0.5 * d$x + rnorm(20, sd = 3)[d$g]))
write.csv(d, file.path(here, "many_points.csv"), row.names = FALSE, quote = FALSE)

constant <- with(cbpp, sum(dbinom(incidence, size, incidence / size, log = TRUE)))
case <- function(fit, constant = 0) {
  list(loglik = as.numeric(logLik(fit)) + constant, beta = unname(fixef(fit)), theta = unname(getME(fit, "theta")))
}
points <- c(25, 26, 60, 100)
out <- list(
  cbpp = lapply(setNames(points, points), function(n) case(glmer(
    cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial, nAGQ = n, control = control), constant)),
  binary = lapply(setNames(points, points), function(n) case(glmer(y ~ x + (1 | g), d, binomial, nAGQ = n, control = control)))
)
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), file.path(here, "many_points.json"))
