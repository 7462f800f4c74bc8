# Intervals of variances and of logarithms of standard deviations -> scales.json
#
#   Rscript tests/reference/profile/make_scales.R
#
# varianceProf() and logProf() of lme4. Its rows of correlations are squares of correlations, and are left out.

suppressMessages({library(lme4); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
rows <- function(limits) apply(limits, 1, function(row) I(unname(row)), simplify = FALSE)
limits <- function(fit) {
  p <- profile(fit, devtol = 1e-8)
  list(variance = rows(confint(varianceProf(p))), log = rows(confint(logProf(p, base = 2))),
       sigma = rows(confint(varianceProf(p, ranef = FALSE))))
}
out <- list(
  Dyestuff = limits(lmer(Yield ~ 1 + (1 | Batch), Dyestuff, REML = FALSE)),
  Pastes = limits(lmer(strength ~ 1 + (1 | batch) + (1 | sample), Pastes, REML = FALSE)),
  sleepstudy = limits(lmer(Reaction ~ Days + (Days || Subject), sleepstudy, REML = FALSE))
)
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), file.path(here, "scales.json"))
