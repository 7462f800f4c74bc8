# Checks of performance and variance inflation of car -> reference.json
#
#   Rscript tests/reference/checks/make_reference.R

suppressMessages({library(lme4); library(performance); library(car); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))

quiet <- function(value) {
  found <- NULL
  capture.output(suppressMessages(suppressWarnings(found <- tryCatch(value, error = function(e) NULL))))
  found
}

number <- function(value) if (is.null(value)) NULL else as.numeric(value)

inflation <- function(model) {
  found <- quiet(car::vif(model))
  if (is.null(found)) return(NULL)
  if (is.matrix(found)) list(terms = rownames(found), gvif = unname(found[, 1]), df = unname(found[, 2]), scaled = unname(found[, 3]))
  else list(terms = names(found), gvif = unname(found))
}

# Breusch and Pagan's test as performance has it, with the model's sigma: 0.10.2 takes -2 log L of a mixed model for a sum of squares.
breusch_pagan <- function(model) {
  r <- residuals(model, type = "pearson")
  u <- r^2 / (df.residual(model) * sigma(model)^2 / length(r))
  squares <- anova(lm(u ~ fitted(model)))$"Sum Sq"
  pchisq(squares[1] / 2, 1, lower.tail = FALSE)
}

checks <- function(model) {
  outliers <- quiet(check_outliers(model, method = "cook"))
  list(
    vif = inflation(model),
    collinearity = { found <- quiet(check_collinearity(model)); if (!is.null(found)) as.list(as.data.frame(found)) },
    heteroscedasticity = number(quiet(check_heteroscedasticity(model))),
    breusch_pagan = if (family(model)$family == "gaussian") breusch_pagan(model),
    normality = number(quiet(check_normality(model))),
    normality_random = number(quiet(check_normality(model, effects = "random"))),
    overdispersion = { found <- quiet(check_overdispersion(model)); if (!is.null(found)) unclass(found)[1:4] },
    zeroinflation = { found <- quiet(check_zeroinflation(model)); if (!is.null(found)) unclass(found)[1:4] },
    durbin_watson = performance:::.durbWats(residuals(model)),
    autocorrelation = { set.seed(1); number(quiet(check_autocorrelation(model, nsim = 20000))) },
    outliers = if (!is.null(outliers)) list(threshold = as.numeric(attr(outliers, "threshold")$cook), which = I(which(as.logical(outliers)))),
    binned = if (family(model)$family == "binomial") { found <- quiet(binned_residuals(model)); if (!is.null(found)) as.list(as.data.frame(found)) }
  )
}

grouse <- as.data.frame(grouseticks)
contraception <- read.csv(gzfile(file.path(here, "..", "..", "..", "python", "mixedmodels", "datasets", "data", "Contraception.csv.gz")))
contraception$use <- as.integer(contraception$use == "Y")
out <- list(
  lm = checks(lm(angle ~ recipe * temp + replicate, cake)),
  lm_weighted = checks(lm(Reaction ~ Days, sleepstudy, weights = Days + 1)),
  lm_slopes = checks(lm(angle ~ recipe + temp + as.numeric(replicate), cake)),
  lmer = checks(lmer(Reaction ~ Days + (Days | Subject), sleepstudy)),
  lmer_cake = checks(lmer(angle ~ recipe * temp + (1 | recipe:replicate), cake)),
  poisson = checks(glm(TICKS ~ YEAR + cHEIGHT, poisson, grouse)),
  binomial = checks(glm(cbind(incidence, size - incidence) ~ period, binomial, cbpp)),
  bernoulli = checks(glm(use ~ age + livch + urban, binomial, contraception)),
  glmer_poisson = checks(glmer(TICKS ~ YEAR + cHEIGHT + (1 | BROOD), grouse, poisson)),
  glmer_binomial = checks(glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial)),
  versions = list(R = R.version.string, performance = as.character(packageVersion("performance")), car = as.character(packageVersion("car")))
)
write(toJSON(out, digits = 12, auto_unbox = TRUE, na = "null", null = "null"), file.path(here, "reference.json"))
