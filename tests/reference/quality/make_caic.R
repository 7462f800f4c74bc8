# Conditional AIC by cAIC4 1.0 (GitHub, davidruegamer/cAIC4), models fitted tightly: Rscript make_caic.R, in this folder.
suppressMessages({library(lme4); library(cAIC4); library(jsonlite)})
tight <- lmerControl(optCtrl = list(xtol_abs = 1e-12, xtol_rel = 0, ftol_abs = 1e-13, ftol_rel = 0, maxeval = 1e5), calc.derivs = FALSE,
                     check.conv.singular = "ignore")
tightg <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), tolPwrss = 1e-12, calc.derivs = FALSE,
                       check.conv.singular = "ignore")
sleepstudy$w <- 1 + (sleepstudy$Days %% 4) / 2
sleepstudy$slow <- as.integer(sleepstudy$Reaction > 300)
ticks <- subset(grouseticks, YEAR == "97"); ticks$BROOD <- factor(ticks$BROOD)
out <- list()
keep <- function(name, m, data, formula, ...) {
  a <- suppressWarnings(suppressMessages(cAIC(m)))
  out[[name]] <<- list(data = data, formula = formula, loglik = a$loglikelihood, df = a$df, caic = a$caic, ...)
}
keep("slopes", lmer(Reaction ~ Days + (Days | Subject), sleepstudy, control = tight), "sleepstudy", "Reaction ~ Days + (Days | Subject)")
keep("slopes_ml", lmer(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE, control = tight), "sleepstudy", "Reaction ~ Days + (Days | Subject)", REML = FALSE)
keep("intercepts", lmer(Reaction ~ Days + (1 | Subject), sleepstudy, control = tight), "sleepstudy", "Reaction ~ Days + (1 | Subject)")
keep("weighted", lmer(Reaction ~ Days + (1 | Subject), sleepstudy, weights = w, control = tight), "sleepstudy", "Reaction ~ Days + (1 | Subject)", weights = "w")
keep("crossed", lmer(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin, control = tight), "Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)")
keep("nested", lmer(strength ~ 1 + (1 | batch/cask), Pastes, control = tight), "Pastes", "strength ~ 1 + (1 | batch/cask)")
keep("factors", lmer(angle ~ recipe * temperature + (1 | recipe:replicate), cake, control = tight), "cake", "angle ~ recipe * temperature + (1 | recipe:replicate)")
keep("poisson", glmer(TICKS ~ cHEIGHT + (1 | BROOD), ticks, poisson, control = tightg), "ticks", "TICKS ~ cHEIGHT + (1 | BROOD)", family = "poisson")
keep("bernoulli", glmer(slow ~ Days + (1 | Subject), sleepstudy, binomial, control = tightg), "sleepstudy", "slow ~ Days + (1 | Subject)", family = "binomial")
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "caic.json")
