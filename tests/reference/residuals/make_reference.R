# Scaled residuals and their tests by DHARMa, lmtest and ape, from responses simulated by R and stored here.
#
#     Rscript make_reference.R        writes reference.json.gz beside itself (R 4.2, DHARMa 0.5.1, lmtest, ape, lme4, jsonlite)
#
# Simulations are rounded before DHARMa sees them, so that both sides work on the same numbers. Where DHARMa draws random
# numbers, those that R's generator gives are stored too.

suppressMessages({library(DHARMa); library(lme4); library(jsonlite)})
pdf(NULL)
sides <- c("two.sided", "greater", "less")
uniforms <- function(n) {set.seed(123); runif(n)}
htest <- function(t) list(statistic = unname(t$statistic), p = t$p.value, names = names(t$statistic))
printed <- function(t) capture.output(print(t))

# -- models and their simulations ----------------------------------------------------------------------------------------------

set.seed(11)
sites <- read.csv("../../seeds/sites.csv")
sites$site <- factor(sites$site)
m <- 40
models <- list(
  lm = lm(dist ~ speed, cars),
  poisson = glm(breaks ~ wool * tension, poisson, warpbreaks),
  gamma = glm(breaks ~ tension, Gamma("log"), warpbreaks),
  lmer = lmer(Reaction ~ Days + (Days | Subject), sleepstudy),
  binomial = glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial),
  nb = suppressMessages(glmer.nb(y2 ~ x + (x | site), sites)))
groups <- list(lm = cars$speed, poisson = warpbreaks$tension, gamma = warpbreaks$wool, lmer = sleepstudy$Subject,
               binomial = cbpp$period, nb = sites$site)

one <- function(name) {
  fit <- models[[name]]
  integer <- name %in% c("poisson", "binomial", "nb")
  drawn <- getSimulations(fit, nsim = m, simulateREs = "conditional")
  drawn <- if (integer) round(unname(drawn)) else signif(unname(drawn), 5)
  observed <- unname(DHARMa::getObservedResponse(fit))
  n <- length(observed)
  predicted <- signif(unname(DHARMa::getFitted(fit)), 6)
  exact <- unname(DHARMa::getFitted(fit))
  made <- createDHARMa(drawn, observed, predicted, integer)
  group <- groups[[name]]
  time <- sample.int(n)
  x <- signif(runif(n), 4)
  y <- signif(rnorm(n), 4)
  distances <- as.matrix(dist(cbind(x, y)))
  out <- list(integer = integer, observed = observed, predicted = predicted, exact = exact, simulated = drawn,
              uniforms = uniforms(n), residuals = made$scaledResiduals, group = as.character(group), time = time, x = x, y = y)
  for (side in sides) {
    tests <- list(
      uniformity = testUniformity(made, side, plot = FALSE), dispersion = testDispersion(made, side, plot = FALSE),
      zeros = testZeroInflation(made, side, plot = FALSE),
      largest = testGeneric(made, max, side, plot = FALSE), temporal = testTemporalAutocorrelation(made, time, side, plot = FALSE),
      spatial = testSpatialAutocorrelation(made, x, y, alternative = side, plot = FALSE))
    for (margin in c("both", "upper", "lower"))
      tests[[paste0("outliers_", margin)]] <- suppressMessages(testOutliers(made, side, margin, "binomial", plot = FALSE))
    out$tests[[side]] <- lapply(tests, htest)
    out$limits[[side]] <- lapply(tests[7:9], function(t) as.numeric(t$conf.int))
    if (side == "two.sided") out$printed <- lapply(tests, printed)
  }
  distant <- exp(abs(outer(time, time, "-")) / n) - 0.5
  diag(distant) <- 0
  out$distances <- htest(testSpatialAutocorrelation(made, distMat = distant, plot = FALSE))
  by_level <- testCategorical(made, group)
  out$categorical <- list(p = by_level$uniformity$p.value, adjusted = by_level$uniformity$p.value.cor,
                          F = by_level$homogeneity$`F value`[1], df = by_level$homogeneity$Df, levene = by_level$homogeneity$`Pr(>F)`[1])
  # The bootstrap of outliers, with the draws that it took.
  chosen <- t(sapply(1:20, function(i) sample((1:m)[-i], m, replace = TRUE)))
  frequency <- function(r, margin) switch(margin, both = mean(r == 1) + mean(r == 0), upper = mean(r == 1), lower = mean(r == 0))
  out$bootstrap <- list(chosen = chosen - 1)
  for (margin in c("both", "upper", "lower")) {
    drawn_frequency <- sapply(1:20, function(i)
      frequency(getQuantile(drawn[, chosen[i, ]], drawn[, i], integer, "PIT"), margin))
    found <- frequency(made$scaledResiduals, margin)
    out$bootstrap[[margin]] <- list(frequency = drawn_frequency, found = found,
                                    p = sapply(sides, function(s) DHARMa:::getP(drawn_frequency, found, s)))
  }
  # Groups and some rows.
  sums <- recalculateResiduals(made, group)
  means <- recalculateResiduals(made, group, aggregateBy = mean, sel = seq_len(n) %% 3 > 0)
  some <- recalculateResiduals(made, sel = x > 0.4)
  out$sums <- list(observed = sums$observedResponse, predicted = sums$fittedPredictedResponse, residuals = sums$scaledResiduals,
                   uniformity = htest(testUniformity(sums, plot = FALSE)), dispersion = htest(testDispersion(sums, plot = FALSE)))
  out$means <- list(observed = means$observedResponse, residuals = means$scaledResiduals)
  out$some <- list(residuals = some$scaledResiduals)
  # The older residuals: of counts with the noise that R draws row by row.
  out$traditional <- createDHARMa(drawn, observed, predicted, integer, method = "traditional")$scaledResiduals
  if (integer) {
    set.seed(123)
    out$noise <- t(sapply(1:10, function(i) signif(runif(m + 1), 15)))
  }
  out
}
cases <- suppressMessages(lapply(setNames(names(models), names(models)), one))

# -- rotation ------------------------------------------------------------------------------------------------------------------

fit <- models$lmer
few <- 1:20
many <- signif(unname(getSimulations(fit, nsim = 30, simulateREs = "unconditional")), 5)
y <- unname(getME(fit, "y"))
V <- as.matrix(sigma(fit)^2 * (Diagonal(180) + crossprod(getME(fit, "Lambdat") %*% getME(fit, "Zt"))))
known <- signif(V[few, few], 8)
rotation <- list(
  simulated = many, observed = y, known = known, few = length(few),
  by_known = getQuantile(many[few, ], y[few], FALSE, rotation = known),
  estimated = getQuantile(many[few, ], y[few], FALSE, rotation = "estimated"),
  singular = getQuantile(many, y, FALSE, rotation = "estimated"))

# -- refits --------------------------------------------------------------------------------------------------------------------

refits <- lapply(c("poisson", "lmer"), function(name) {
  fit <- models[[name]]
  set.seed(5)
  made <- suppressWarnings(simulateResiduals(fit, n = 15, refit = TRUE))
  drawn <- as.matrix(as.data.frame(made$simulatedResponse))
  list(name = name, simulated = unname(drawn), residuals = signif(unname(made$refittedResiduals), 9), observed = unname(made$fittedResiduals),
       predicted = signif(unname(made$refittedPredictedResponse), 9),
       pearson = signif(unname(made$refittedPearsonResiduals), 9),
       observed_pearson = unname(residuals(fit, "pearson")), scaled = made$scaledResiduals,
       dispersion = lapply(setNames(sides, sides), function(s) htest(testDispersion(made, s, plot = FALSE))))
})
pearson <- lapply(models[c("poisson", "binomial", "nb")], function(fit)
  lapply(setNames(sides, sides), function(s) c(htest(testDispersion(fit, s, plot = FALSE, type = "PearsonChisq")),
                                               list(print = printed(testDispersion(fit, s, plot = FALSE, type = "PearsonChisq"))))))

# -- tables --------------------------------------------------------------------------------------------------------------------

tables <- list(cars = cars, warpbreaks = warpbreaks)
short <- lapply(list(long = 150, brief = 30, odd = 99), function(n) {
  r <- signif(runif(n), 6)
  list(r = r, tests = lapply(setNames(sides, sides), function(s)
    lapply(list(exact = n < 100, approximate = FALSE), function(e) htest(lmtest::dwtest(r ~ 1, alternative = s, exact = e)))))
})
out <- gzfile("reference.json.gz", "w")
write(toJSON(list(m = m, cases = cases, rotation = rotation, refits = refits, pearson = pearson, tables = tables, durbin = short),
             digits = NA, auto_unbox = TRUE, na = "null"), out)
close(out)
