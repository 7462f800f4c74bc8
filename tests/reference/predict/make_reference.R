# Predictions with their uncertainty by R's functions and packages -> reference.json
#
#   Rscript tests/reference/predict/make_reference.R
#
# lm, glm: predict(). lmer: the standard errors of lme4 >= 1.1-32 by their formula (sigma^2 [Z X] C [Z X]', C the inverse of the
# mixed-model equations at the estimates), glmmTMB's predict(se.fit = TRUE), ggeffects, emmeans, merTools' predictInterval.
# lmer models are brought to their tightened optimum first (../lmm/tighten.R); glmmTMB gets tight tolerances.

suppressMessages({library(lme4); library(glmmTMB); library(ggeffects); library(emmeans); library(merTools); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
source(file.path(here, "..", "lmm", "tighten.R"))
out <- list()

# -- linear models ----------------------------------------------------------------------------------------------------------

numbers <- function(x) I(unname(as.numeric(x)))
linear <- function(fit, new, ...) {
  se <- predict(fit, new, se.fit = TRUE)
  confidence <- predict(fit, new, interval = "confidence", level = 0.9)
  prediction <- predict(fit, new, interval = "prediction", ...)
  list(fit = numbers(se$fit), se_fit = numbers(se$se.fit), confidence = unname(confidence), prediction = unname(prediction))
}
iris_new <- data.frame(Sepal.Width = c(2.5, 3, 4.1), Petal.Length = c(1, 4, 7), Species = c("setosa", "versicolor", "virginica"))
write.csv(iris, file.path(here, "iris.csv"), row.names = FALSE, quote = FALSE)
out$lm <- linear(lm(Sepal.Length ~ Sepal.Width * Species + poly(Petal.Length, 2), iris), iris_new)
weighted <- lm(Sepal.Length ~ Sepal.Width + Species, iris, weights = Petal.Width)
out$lm_weighted <- linear(weighted, iris_new, weights = c(1, 2, 0.5))
out$lm_own <- suppressWarnings(list(prediction = unname(head(predict(weighted, interval = "prediction"), 5))))

glm_case <- function(fit, new) {
  link <- predict(fit, new, se.fit = TRUE)
  response <- predict(fit, new, se.fit = TRUE, type = "response")
  list(fit = numbers(link$fit), se_fit = numbers(link$se.fit), response = numbers(response$fit), response_se = numbers(response$se.fit))
}
cars <- mtcars
end <- glm.control(epsilon = 1e-15, maxit = 100)
write.csv(cars, file.path(here, "mtcars.csv"), row.names = FALSE, quote = FALSE)
cars_new <- data.frame(wt = c(2, 3, 4), hp = c(80, 150, 240), cyl = c(4, 6, 8))
out$glm_binomial <- glm_case(glm(am ~ wt, binomial, cars, control = end), cars_new)
out$glm_gamma <- glm_case(glm(mpg ~ wt + hp, Gamma, cars, control = end), cars_new)
out$glm_poisson <- glm_case(glm(carb ~ wt + factor(cyl), poisson, cars, control = end), cars_new)

# -- linear mixed models ----------------------------------------------------------------------------------------------------

z_rows <- function(fit, new) {  # rows of Z over the levels of the fit, zeros for unknown levels
  factors <- getME(fit, "flist")
  parts <- Map(function(columns, of) {
    levels <- levels(factors[[of]])
    values <- sapply(columns, function(name) if (name == "(Intercept)") rep(1, nrow(new)) else new[[name]])
    values <- matrix(values, nrow(new))
    z <- matrix(0, nrow(new), length(levels) * length(columns))
    place <- match(as.character(new[[names(factors)[of]]]), levels)
    for (i in which(!is.na(place))) z[i, (place[i] - 1) * length(columns) + seq_along(columns)] <- values[i, ]
    z
  }, fit@cnms, attr(factors, "assign"))
  do.call(cbind, parts)
}
given_theta <- function(fit, new, random = TRUE) {  # lme4 >= 1.1-32's se.fit, dense
  X <- model.matrix(delete.response(terms(fit)), new)
  if (!random) return(sqrt(diag(X %*% as.matrix(vcov(fit)) %*% t(X))))
  Z <- z_rows(fit, new)
  own <- as.matrix(getME(fit, "Z")); lambda <- as.matrix(getME(fit, "Lambda")); root <- sqrt(weights(fit))
  A <- root * cbind(own %*% lambda, getME(fit, "X"))
  M <- crossprod(A)
  q <- ncol(lambda)
  M[1:q, 1:q] <- M[1:q, 1:q] + diag(q)
  rows <- cbind(Z %*% lambda, X)
  sigma(fit) * sqrt(rowSums((rows %*% solve(M)) * rows))
}
tmb <- function(fit, new, ...) {
  p <- predict(fit, new, se.fit = TRUE, allow.new.levels = TRUE, ...)
  list(fit = numbers(p$fit), se_fit = numbers(p$se.fit))
}
strict <- glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-14, x.tol = 1e-12))
mixed <- function(formula, data, name, REML, new, weights = NULL) {
  call <- list(quote(lmer), formula = formula, data = as.name(name))
  given <- list(formula, data, REML, as.call(call))
  if (!is.null(weights)) given$weights <- weights
  fit <- do.call(tight_lmer, given, quote = TRUE)
  list(fit = numbers(predict(fit, new, allow.new.levels = TRUE)), given_theta = numbers(given_theta(fit, new)),
       typical = numbers(given_theta(fit, new, FALSE)))
}
sleep_new <- data.frame(Days = c(0, 4, 9, 12, 5), Subject = factor(c("308", "335", "372", "309", "new")))
penicillin_new <- data.frame(plate = c("a", "g", "x"), sample = c("A", "F", "C"))
pastes_new <- data.frame(batch = c("A", "B", "J"), cask = c("a", "b", "c"))
pastes_new$sample <- paste(pastes_new$batch, pastes_new$cask, sep = ":")
for (REML in c(TRUE, FALSE)) {
  ending <- if (REML) "" else "_ml"
  one <- function(name, formula, data, new) {
    got <- mixed(formula, data, name, REML, new)
    fit <- glmmTMB(formula, data, REML = REML, control = strict)
    got$tmb <- tmb(fit, new)
    got$tmb_typical <- tmb(fit, new, re.form = ~0)
    out[[paste0(name, ending)]] <<- got
  }
  one("sleepstudy", Reaction ~ Days + (Days | Subject), sleepstudy, sleep_new)
  one("Penicillin", diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin, penicillin_new)
  one("Pastes", strength ~ 1 + (1 | batch) + (1 | sample), Pastes, pastes_new)
}
out$sleepstudy_weighted <- mixed(Reaction ~ Days + (Days | Subject), sleepstudy, "sleepstudy", TRUE, sleep_new, 1 + sleepstudy$Days %% 3)

sleep2 <- transform(subset(sleepstudy, Days >= 2), days_deprived = Days - 2)
days <- expand.grid(days_deprived = 0:10, Subject = levels(sleep2$Subject))
out$sleep2 <- mixed(Reaction ~ days_deprived + (days_deprived | Subject), sleep2, "sleep2", TRUE, days)
out$sleep2$tmb <- tmb(glmmTMB(Reaction ~ days_deprived + (days_deprived | Subject), sleep2, REML = TRUE, control = strict), days)

# -- generalised mixed models -----------------------------------------------------------------------------------------------

generalised <- function(fit, new, typical = TRUE) list(
  link = tmb(fit, new), response = tmb(fit, new, type = "response"),
  typical = tmb(fit, new, re.form = ~0))
cbpp_new <- data.frame(period = factor(c(1, 2, 4, 3), levels = 1:4), herd = factor(c("1", "8", "15", "99")))
cbpp_tmb <- glmmTMB(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial, control = strict)
out$cbpp <- generalised(cbpp_tmb, cbpp_new)
ticks_new <- data.frame(YEAR = factor(c(95, 96, 97, 96)), cHEIGHT = c(0, 50, -30, 10), BROOD = factor(c("501", "606", "701", "new")),
                        LOCATION = factor(c("32", "15", "36", "new")))
grouseticks$cHEIGHT <- grouseticks$HEIGHT - mean(grouseticks$HEIGHT)
out$ticks <- generalised(glmmTMB(TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | LOCATION), grouseticks, poisson, control = strict), ticks_new)
out$ticks_nb <- generalised(glmmTMB(TICKS ~ YEAR + cHEIGHT + (1 | LOCATION), grouseticks, nbinom2, control = strict), ticks_new)
write.csv(ticks_new, file.path(here, "ticks_new.csv"), row.names = FALSE, quote = FALSE)

# -- packages built on these ------------------------------------------------------------------------------------------------

sleep <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
table <- as.data.frame(ggpredict(sleep, "Days [0,4,9]"))
out$ggpredict_fixed <- list(fit = numbers(table$predicted), se = numbers(table$std.error), low = numbers(table$conf.low), high = numbers(table$conf.high))
herds <- glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial)
table <- as.data.frame(ggpredict(cbpp_tmb, "period"))
out$ggpredict_glmer <- list(fit = numbers(table$predicted), low = numbers(table$conf.low), high = numbers(table$conf.high))
table <- as.data.frame(emmeans(sleep, ~Days, at = list(Days = c(0, 4, 9)), lmer.df = "satterthwaite"))
out$emmeans <- list(fit = numbers(table$emmean), se = numbers(table$SE), df = numbers(table$df), low = numbers(table$lower.CL), high = numbers(table$upper.CL))
known <- droplevels(sleep_new[1:4, ])
simulated <- function(fit, new, ...) {
  got <- suppressMessages(suppressWarnings(predictInterval(fit, new, n.sims = 20000, seed = 1, .parallel = FALSE, ...)))
  list(fit = numbers(got$fit), lwr = numbers(got$lwr), upr = numbers(got$upr))
}
options(foreach.quiet = TRUE)
out$merTools <- list(
  full = simulated(sleep, known, level = 0.9), mean = simulated(sleep, known, level = 0.9, include.resid.var = FALSE, stat = "mean"),
  fixed = simulated(sleep, known, which = "fixed", level = 0.8), random = simulated(sleep, known, which = "random", include.resid.var = FALSE),
  intercept = simulated(sleep, known, fix.intercept.variance = TRUE, include.resid.var = FALSE),
  ignored = simulated(sleep, known, ignore.fixed.terms = "(Intercept)", include.resid.var = FALSE),
  new = simulated(sleep, sleep_new, level = 0.9),
  cbpp = simulated(herds, cbpp_new[1:3, ], level = 0.9, include.resid.var = FALSE),
  cbpp_probability = simulated(herds, cbpp_new[1:3, ], level = 0.9, type = "probability", include.resid.var = FALSE),
  penicillin = simulated(lmer(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin), penicillin_new[1:2, ], level = 0.9))

out$versions <- lapply(c("lme4", "glmmTMB", "ggeffects", "emmeans", "merTools"), function(p) paste(p, packageVersion(p)))
writeLines(toJSON(out, auto_unbox = TRUE, digits = 15, matrix = "rowmajor", na = "null", pretty = 1), file.path(here, "reference.json"))
