# Exponentiated coefficients of a logistic, a Poisson and a log-response model, for tests/summary/test_exponentiate.py.
# Estimates are those of broom::tidy(exponentiate = TRUE). Standard errors are scaled by the exponentiated coefficient
# (delta method), as broom.mixed does; broom leaves them as they are. Limits are Wald's: exp of confint.default, or of
# lme4's confint(method = "Wald").
# Rscript tests/reference/tidy/make_exponentiated.R > tests/reference/tidy/exponentiated.csv
suppressMessages({library(lme4); library(broom)})

rows <- function(model, b, se, limits, broomed = NULL) {
  if (!is.null(broomed)) stopifnot(isTRUE(all.equal(unname(exp(b)), broomed$estimate)))
  data.frame(model = model, term = names(b), estimate = exp(b), std_error = se * exp(b),
             conf_low = exp(limits[, 1]), conf_high = exp(limits[, 2]))
}
of_glm <- function(name, m)
  rows(name, coef(m), coef(summary(m))[, 2], confint.default(m), tidy(m, exponentiate = TRUE))

logit <- glm(cbind(incidence, size - incidence) ~ period, binomial, cbpp)
counts <- glm(incidence ~ period + offset(log(size)), poisson, cbpp)
nights <- lmer(log(Reaction) ~ Days + (Days | Subject), sleepstudy)
s <- coef(summary(nights))
out <- rbind(
  of_glm("logit", logit), of_glm("counts", counts),
  rows("nights", s[, 1], s[, 2], confint(nights, parm = "beta_", method = "Wald"))
)
write.csv(out, stdout(), row.names = FALSE)
