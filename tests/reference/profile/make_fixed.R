# Intervals by standard errors, and of models without random effects: `Rscript make_fixed.R` beside fixed.json.
# MASS interpolates between points of the profile; `del` makes them close.
suppressMessages({
  library(lme4)
  library(MASS)
  library(jsonlite)
})
rows <- function(ci) lapply(split(ci, rownames(ci)), as.numeric)
close_profile <- function(fit) suppressMessages(confint(profile(fit, del = 0.02, maxsteps = 400)))
binomial <- glm(cbind(incidence, size - incidence) ~ period, binomial, cbpp)
control <- glm.control(epsilon = 1e-14, maxit = 100)
poisson <- glm(TICKS ~ YEAR + cHEIGHT, poisson, grouseticks, control = control)
gamma <- glm(Reaction ~ Days, Gamma("log"), sleepstudy, control = control)
out <- list(
  lm = rows(confint(lm(Reaction ~ Days, sleepstudy))),
  glm_binomial = rows(close_profile(binomial)),
  glm_binomial_wald = rows(confint.default(binomial)),
  glm_poisson = rows(close_profile(poisson)),
  glm_gamma = rows(close_profile(gamma)),
  lmer_wald = rows(confint(lmer(Reaction ~ Days + (Days | Subject), sleepstudy), method = "Wald", parm = "beta_"))
)
writeLines(toJSON(out, digits = NA, pretty = TRUE), "fixed.json")
