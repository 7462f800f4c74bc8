# Profile limits of lme4 on optima that were found tightly: `Rscript make_reference.R` beside reference.json.gz.
# lme4's profile interpolates between points; close points and tight tolerances make its limits good to about 1e-5.
suppressMessages({
  library(lme4)
  library(nlme)
  library(jsonlite)
})
source("../lmm/tighten.R")
options(warn = 1)

tables <- list(sleepstudy = lme4::sleepstudy, Dyestuff = Dyestuff, Dyestuff2 = Dyestuff2, Pastes = Pastes, Penicillin = Penicillin,
               cake = cake, cbpp = cbpp, grouseticks = grouseticks)
tables$Oats <- as.data.frame(nlme::Oats)
write.csv(tables$Oats[, c("Block", "Variety", "nitro", "yield")], "tables/Oats.csv", row.names = FALSE)
set.seed(5)
tables$thin <- subset(lme4::sleepstudy, runif(180) < 0.6)
write.csv(tables$thin, "tables/thin.csv", row.names = FALSE)
tables$sleepstudy$w <- 1 + tables$sleepstudy$Days %% 3
cases <- list(
  sleep = list("sleepstudy", "Reaction ~ Days + (Days | Subject)"),
  sleep_ml = list("sleepstudy", "Reaction ~ Days + (Days | Subject)", REML = FALSE),
  sleep_double = list("sleepstudy", "Reaction ~ Days + (Days || Subject)"),
  sleep_intercept = list("sleepstudy", "Reaction ~ Days + (1 | Subject)"),
  sleep_slope = list("sleepstudy", "Reaction ~ Days + (0 + Days | Subject)"),
  sleep_weights = list("sleepstudy", "Reaction ~ Days + (1 | Subject)", weights = TRUE),
  thin = list("thin", "Reaction ~ Days + (Days | Subject)"),
  dyestuff = list("Dyestuff", "Yield ~ 1 + (1 | Batch)"),
  dyestuff2 = list("Dyestuff2", "Yield ~ 1 + (1 | Batch)"),
  pastes = list("Pastes", "strength ~ 1 + (1 | sample) + (1 | batch)"),
  penicillin = list("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)"),
  cake = list("cake", "angle ~ temp + recipe + (1 | recipe:replicate)"),
  cake_two = list("cake", "angle ~ temp + (1 | replicate) + (1 | recipe:replicate)"),
  oats = list("Oats", "yield ~ nitro * Variety + (1 | Block / Variety)"),
  oats_slope = list("Oats", "yield ~ nitro + (nitro | Block)"),
  cbpp = list("cbpp", "cbind(incidence, size - incidence) ~ period + (1 | herd)", family = "binomial"),
  ticks = list("grouseticks", "TICKS ~ YEAR + (1 | BROOD)", family = "poisson")
)
tight <- function(case) {
  data <- tables[[case[[1]]]]
  formula <- as.formula(case[[2]])
  if (!is.null(case$family)) {
    return(glmer(formula, data, family = case$family, control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-12, optCtrl = list(rhobeg = 0.2, rhoend = 1e-9, maxfun = 1e5))))
  }
  control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.2, rhoend = 1e-9, maxfun = 1e5))
  reml <- is.null(case$REML) || case$REML
  if (is.null(case$weights)) lmer(formula, data, REML = reml, control = control) else lmer(formula, data, weights = w, REML = reml, control = control)
}
out <- list()
for (name in names(cases)) {
  case <- cases[[name]]
  began <- Sys.time()
  fit <- tight(case)
  found <- tryCatch(suppressWarnings({
    pr <- profile(fit, delta.cutoff = 1 / 32, devtol = 1e-6, maxpts = 400, signames = FALSE)
    confint(pr, level = 0.95)
  }), error = function(e) { message(name, ": ", conditionMessage(e)); NULL })
  cat(name, format(Sys.time() - began), "\n")
  if (is.null(found)) next
  print(found)
  if (name == "sleep_double") print(names(fit@cnms))
  out[[name]] <- list(table = case[[1]], formula = case[[2]], family = case$family, reml = is.null(case$REML),
                      weights = !is.null(case$weights), names = rownames(found), low = unname(found[, 1]), high = unname(found[, 2]))
}
con <- gzfile("reference.json.gz", "w")
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, na = "null"), con)
close(con)
