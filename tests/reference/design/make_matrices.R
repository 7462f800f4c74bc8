# Matrices as predictors -> matrices.json, matrices.csv
#
#   Rscript tests/reference/design/make_matrices.R

suppressMessages({library(lme4); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
set.seed(29)
n <- 60
d <- data.frame(g = rep(letters[1:6], 10), f = rep(c("u", "v"), each = 30), x = round(rnorm(n), 2), a = round(rnorm(n), 2), b = round(rnorm(n), 2))
d$y <- round(1 + d$a - d$b + rnorm(6)[factor(d$g)] + rnorm(n), 2)
write.csv(d, file.path(here, "matrices.csv"), row.names = FALSE, quote = FALSE)
plain <- named <- d
plain$m <- unname(cbind(d$a, d$b))
named$m <- cbind(a = d$a, b = d$b)
coefficients <- function(fit) as.list(if (is(fit, "merMod")) fixef(fit) else coef(fit))
out <- list(
  lm = coefficients(lm(y ~ m * f + x, plain)),
  named = coefficients(lm(y ~ m, named)),
  log = coefficients(lm(y ~ log(m + 5), plain)),
  cbind = coefficients(lm(y ~ cbind(a, b) + f, d)),
  cbind_names = coefficients(lm(y ~ cbind(first = a, x + 1), d)),
  lmer = coefficients(lmer(y ~ m + (1 | g), plain)),
  anova = as.list(anova(lm(y ~ m * f + x, plain))[["Df"]])
)
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), file.path(here, "matrices.json"))
