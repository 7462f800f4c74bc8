# What lme4, lmerTest, pbkrtest, car and simr say of responses drawn from given models -> reference.json
#
#   Rscript tests/reference/power/make_reference.R        # simr 1.0.7; some minutes
#
# `draws`: responses drawn by lme4 from given parameters, and the p-value of every test of each of them.
# `power`: how many of `n` simulations simr found significant.

suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(car); library(simr); library(jsonlite)})
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
simrOptions(progress = FALSE)

# -- the same responses, the same p-values ------------------------------------------------------------------------

sleep <- list(beta = c(251.4, 4), theta = c(0.97, 0.015, 0.23), sigma = 25.6)
set.seed(1)
drawn <- simulate(~ Days + (Days | Subject), newdata = sleepstudy, newparams = sleep, family = gaussian, nsim = 6)
sleep_p <- lapply(drawn, function(y) {
  data <- transform(sleepstudy, Reaction = y)
  control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9), calc.derivs = FALSE)
  large <- lmerTest::lmer(Reaction ~ Days + (Days | Subject), data, control = control)
  small <- lme4::lmer(Reaction ~ 1 + (Days | Subject), data, control = control)
  s <- coef(summary(large))["Days", ]
  list(t = s[["Pr(>|t|)"]], z = 2 * pnorm(-abs(s[["t value"]])),
       kr = KRmodcomp(large, small)$test["Ftest", "p.value"],
       lrt = suppressMessages(anova(large, small))[["Pr(>Chisq)"]][2])
})

set.seed(2)
cake$temp <- as.numeric(as.character(cake$temperature))
cake_drawn <- simulate(~ recipe + I(temp / 25) + (1 | recipe:replicate), newdata = cake,
                       newparams = list(beta = c(10, -1.2, -1.5, 4), theta = 1.4, sigma = 4.5), family = gaussian, nsim = 4)
cake_p <- lapply(cake_drawn, function(y) {
  data <- transform(cake, y = y)
  m <- lmerTest::lmer(y ~ recipe + I(temp / 25) + (1 | recipe:replicate), data)
  list(t = anova(m)["recipe", "Pr(>F)"], z = car::Anova(m)["recipe", "Pr(>Chisq)"],
       kr = car::Anova(m, test = "F")["recipe", "Pr(>F)"])
})

set.seed(3)
cbpp_drawn <- simulate(~ period + (1 | herd), newdata = cbpp, weights = cbpp$size, nsim = 4, family = binomial,
                       newparams = list(beta = c(-1.4, -0.8, -0.9, -1.2), theta = 0.64))
cbpp_p <- lapply(cbpp_drawn, function(y) {
  y <- if (is.matrix(y)) y[, 1] / rowSums(y) else y
  data <- transform(cbpp, y = y)
  large <- glmer(y ~ period + (1 | herd), data, binomial, weights = size)
  small <- glmer(y ~ 1 + (1 | herd), data, binomial, weights = size)
  list(lrt = anova(large, small)[["Pr(>Chisq)"]][2], y = y)
})

# -- power ----------------------------------------------------------------------------------------------------------

n <- 300
found <- list()
ask <- function(name, fit, test) found[[name]] <<- sum(powerSim(fit, test, nsim = n, seed = 11)$pval < 0.05, na.rm = TRUE)
fm <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
fixef(fm)["Days"] <- 4
ask("sleep_sa", fm, fixed("Days", "sa"))
ask("sleep_lr", fm, fixed("Days", "lr"))
ask("sleep_z", fm, fixed("Days", "z"))
longer <- extend(fm, along = "Subject", n = 30)
ask("sleep_30", longer, fixed("Days", "sa"))
denser <- extend(fm, within = "Subject+Days", n = 3)
ask("sleep_within_3", denser, fixed("Days", "sa"))
curve <- powerCurve(longer, fixed("Days", "sa"), along = "Subject", breaks = c(6, 12, 24), nsim = n, seed = 11)
found$sleep_curve <- sapply(curve$ps, function(p) sum(p$pval < 0.05, na.rm = TRUE))

X <- expand.grid(x = 1:10, g = letters[1:3])
made <- makeLmer(y ~ x + (1 | g), fixef = c(2, -0.1), VarCorr = 0.5, sigma = 1, data = X)
ask("made_sa", made, fixed("x", "sa"))
counts <- makeGlmer(z ~ x + (1 | g), family = "poisson", fixef = c(1, -0.05), VarCorr = 0.3, data = X)
ask("made_poisson", counts, fixed("x", "z"))

out <- list(
  sleep = list(responses = unname(as.list(drawn)), tests = unname(sleep_p)),
  cake = list(responses = unname(as.list(cake_drawn)), tests = unname(cake_p)),
  cbpp = list(responses = unname(lapply(cbpp_p, `[[`, "y")), tests = unname(lapply(cbpp_p, function(p) p["lrt"]))),
  n = n, power = found)
write(toJSON(out, auto_unbox = TRUE, digits = 10), file.path(here, "reference.json"))
