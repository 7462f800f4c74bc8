# Exact tests of one variance by RLRsim, 1e5 draws each: Rscript make_rlrt.R, in this folder.
suppressMessages({library(lme4); library(RLRsim); library(jsonlite)})
options(useFancyQuotes = FALSE)
draws <- 1e5
tight <- lmerControl(optCtrl = list(xtol_abs = 1e-12, xtol_rel = 0, ftol_abs = 1e-13, ftol_rel = 0, maxeval = 1e5), calc.derivs = FALSE, check.conv.singular = "ignore")
unbalanced <- sleepstudy[-c(2:6, 33:39, 75, 91:97, 160), ]
cases <- list()
probs <- c(0.5, 0.9, 0.95, 0.99)
# A response whose random effect is weak, so that p-values are not all 0.
weak <- function(data, group, slope, sd, seed) {
  set.seed(seed)
  g <- factor(group)
  round(rnorm(nlevels(g), sd = sd)[g] * slope + rnorm(nrow(data)), 4)
}
note <- function(name, data, test, ...) {
  cases[[name]] <<- c(list(data = data), list(...), list(statistic = unname(test$statistic), p_value = test$p.value, quantiles = I(unname(quantile(test$sample, probs))),
                      name = names(test$statistic)))
  cat(name, test$statistic, test$p.value, "\n")
}
one <- function(name, data, formula, response = NULL) {
  d <- get(data)
  if (!is.null(response)) d$.y <- response
  m <- lmer(as.formula(formula), d, control = tight)
  note(name, data, exactRLRT(m, nsim = draws, seed = 11), formula = formula, response = if (is.null(response)) NULL else I(response))
}
one("dyestuff", "Dyestuff", "Yield ~ 1 + (1 | Batch)")
one("pastes_batch", "Pastes", "strength ~ 1 + (1 | batch)")
one("sleep", "sleepstudy", "Reaction ~ Days + (1 | Subject)")
one("cake", "cake", "angle ~ recipe * temperature + (1 | recipe:replicate)")
for (k in 1:3) {
  one(paste0("one_way", k), "Dyestuff", ".y ~ 1 + (1 | Batch)", weak(Dyestuff, Dyestuff$Batch, 1, 0.5, k))
  one(paste0("intercepts", k), "sleepstudy", ".y ~ Days + (1 | Subject)", weak(sleepstudy, sleepstudy$Subject, 1, 0.15, 10 + k))
  one(paste0("slopes", k), "sleepstudy", ".y ~ Days + (0 + Days | Subject)", weak(sleepstudy, sleepstudy$Subject, sleepstudy$Days, 0.03, 20 + k))
  one(paste0("unbalanced", k), "unbalanced", ".y ~ Days + (1 | Subject)", weak(unbalanced, unbalanced$Subject, 1, 0.2, 30 + k))
  one(paste0("unbalanced_slopes", k), "unbalanced", ".y ~ Days + (0 + Days | Subject)", weak(unbalanced, unbalanced$Subject, unbalanced$Days, 0.04, 40 + k))
  one(paste0("within", k), "cake", ".y ~ recipe * temperature + (1 | recipe:replicate)", weak(cake, interaction(cake$recipe, cake$replicate), 1, 0.15, 50 + k))
  one(paste0("penicillin", k), "Penicillin", ".y ~ 1 + (1 | sample)", weak(Penicillin, Penicillin$sample, 1, 0.15, 60 + k))
}
lrt <- function(name, data, formula, null, response) {
  d <- get(data)
  d$.y <- response
  m <- lmer(as.formula(formula), d, REML = FALSE, control = tight)
  test <- suppressMessages(exactLRT(m, lm(as.formula(null), d), nsim = draws, seed = 12))
  note(name, data, test, formula = formula, null = null, response = I(response))
}
lrt("lrt_one_way", "Dyestuff", ".y ~ 1 + (1 | Batch)", ".y ~ 1", weak(Dyestuff, Dyestuff$Batch, 1, 0.6, 71))
lrt("lrt_slope", "sleepstudy", ".y ~ Days + (1 | Subject)", ".y ~ 1", weak(sleepstudy, sleepstudy$Subject, 1, 0.2, 72))
lrt("lrt_unbalanced", "unbalanced", ".y ~ Days + (0 + Days | Subject)", ".y ~ Days", weak(unbalanced, unbalanced$Subject, unbalanced$Days, 0.04, 73))
lrt("lrt_cake", "cake", ".y ~ recipe * temperature + (1 | replicate)", ".y ~ temperature", weak(cake, cake$replicate, 1, 0.1, 74))
several <- function(name, data, alone, full, null, response = NULL) {
  d <- get(data)
  if (!is.null(response)) d$.y <- response
  fits <- lapply(c(alone, full, null), function(f) lmer(as.formula(f), d, control = tight))
  test <- exactRLRT(fits[[1]], fits[[2]], fits[[3]], nsim = draws, seed = 13)
  note(name, data, test, alone = alone, full = full, null = null, response = if (is.null(response)) NULL else I(response))
}
y <- round(weak(sleepstudy, sleepstudy$Subject, 1, 0.5, 81) + weak(sleepstudy, sleepstudy$Subject, sleepstudy$Days, 0.03, 82), 4)
several("several_slopes", "sleepstudy", ".y ~ Days + (0 + Days | Subject)", ".y ~ Days + (1 | Subject) + (0 + Days | Subject)", ".y ~ Days + (1 | Subject)", y)
several("several_intercepts", "sleepstudy", ".y ~ Days + (1 | Subject)", ".y ~ Days + (1 | Subject) + (0 + Days | Subject)", ".y ~ Days + (0 + Days | Subject)", y)
several("several_pastes", "Pastes", "strength ~ 1 + (1 | batch)", "strength ~ 1 + (1 | batch) + (1 | sample)", "strength ~ 1 + (1 | sample)")
y <- round(weak(Penicillin, Penicillin$plate, 1, 0.3, 83) + weak(Penicillin, Penicillin$sample, 1, 0.15, 84), 4)
several("several_crossed", "Penicillin", ".y ~ 1 + (1 | sample)", ".y ~ 1 + (1 | plate) + (1 | sample)", ".y ~ 1 + (1 | plate)", y)
m <- lmer(Yield ~ 1 + (1 | Batch), Dyestuff, control = tight)
shown <- list(rlrt = I(capture.output(print(exactRLRT(m, seed = 1)))), lrt = I(suppressMessages(capture.output(print(exactLRT(refitML(m), lm(Yield ~ 1, Dyestuff), seed = 1))))))
writeLines(toJSON(list(draws = draws, probabilities = probs, cases = cases, printed = shown), digits = NA, auto_unbox = TRUE), con <- gzfile("rlrt.json.gz")); close(con)
