# Generalised linear models as R fits them, with everything that the tests compare.
#
#     Rscript make_reference.R        writes reference.json.gz beside itself (R 4.2, MASS, lme4 for cbpp)
#
# Everything comes from fits converged to 1e-14 of the deviance, since R's default of 1e-8 leaves standard errors with
# about five digits; only the number of iterations is that of the default.

suppressMessages({library(MASS); library(lme4); library(jsonlite)})
options(digits = 7, width = 80, show.signif.stars = TRUE, useFancyQuotes = FALSE)

counts <- c(18, 17, 15, 21, 10, 20, 25, 16, 14)
dobson <- data.frame(counts, outcome = gl(3, 1, 9), treatment = gl(3, 3))
clotting <- data.frame(u = c(5, 10, 15, 20, 30, 40, 60, 80, 100), lot1 = c(118, 58, 42, 35, 27, 25, 21, 19, 18),
                       lot2 = c(69, 35, 26, 21, 18, 16, 13, 12, 12))
warp <- transform(warpbreaks, w = rep(1:3, 18), z = rep(c(1, 1, 0), 18), copy = 2 * (wool == "B"))
air <- transform(airquality[1:90, ], Month = factor(Month))
cells <- droplevels(subset(as.data.frame(esoph), agegp %in% c("25-34", "35-44", "45-54")))
cells <- data.frame(cases = cells$ncases, controls = cells$ncontrols, age = factor(cells$agegp, ordered = FALSE),
                    alc = factor(cells$alcgp, ordered = FALSE))
insurance <- transform(Insurance, share = Claims / Holders)
cars <- transform(mtcars, cyl = factor(cyl), gear = factor(gear), w = rep(c(1, 2), 16))
infert2 <- infert[c("case", "spontaneous", "induced", "age", "parity")]
beetles <- transform(menarche, Share = Menarche / Total)
tables <- list(cbpp = cbpp, dobson = dobson, clotting = clotting, warp = warp, air = air, cells = cells,
               insurance = insurance, cars = cars, infert = infert2, menarche = beetles, bacteria = bacteria,
               quine = quine, trees = trees, sprays = InsectSprays)

models <- list(
  cbind = quote(glm(cbind(incidence, size - incidence) ~ period, family = binomial, data = cbpp)),
  cbind_weighted = quote(glm(cbind(incidence, size - incidence) ~ period, family = binomial, data = cbpp,
                             weights = herdweight)),
  proportion = quote(glm(incidence/size ~ period, family = binomial, data = cbpp, weights = size)),
  zero_one = quote(glm(am ~ wt, family = binomial, data = cars)),
  boolean = quote(glm(mpg > 20 ~ qsec + gear, family = binomial, data = cars)),
  probit = quote(glm(vs ~ mpg, family = binomial(link = "probit"), data = cars)),
  probit_grouped = quote(glm(cbind(Menarche, Total - Menarche) ~ Age, family = binomial(link = "probit"),
                             data = menarche)),
  cloglog = quote(glm(cbind(Menarche, Total - Menarche) ~ Age, family = binomial(link = "cloglog"), data = menarche)),
  cauchit = quote(glm(Share ~ Age, family = binomial(link = "cauchit"), data = menarche, weights = Total)),
  binomial_log = quote(glm(case ~ spontaneous, family = binomial(link = "log"), data = infert)),
  factor_response = quote(glm(y ~ trt + I(week > 2), family = binomial, data = bacteria)),
  three_levels = quote(glm(tension != "L" ~ breaks + wool, family = binomial, data = warp)),
  case_weights = quote(glm(case ~ spontaneous + induced, family = binomial, data = infert, weights = parity)),
  empty_cells = quote(glm(cbind(cases, controls) ~ age + alc, family = binomial, data = cells)),
  few_rows = quote(glm(counts ~ outcome + treatment, family = poisson, data = dobson)),
  poisson = quote(glm(breaks ~ wool * tension, family = poisson, data = warp)),
  poisson_offset = quote(glm(Claims ~ District + Group + Age + offset(log(Holders)), family = poisson,
                             data = insurance)),
  offset_argument = quote(glm(Claims ~ Group - 1, family = poisson, data = insurance, offset = log(Holders))),
  poisson_sqrt = quote(glm(count ~ spray, family = poisson(link = "sqrt"), data = sprays)),
  poisson_identity = quote(glm(breaks ~ wool + tension, family = poisson(link = "identity"), data = warp)),
  poisson_weights = quote(glm(breaks ~ tension, family = poisson, data = warp, weights = w)),
  zero_weights = quote(glm(breaks ~ tension, family = poisson, data = warp, weights = z)),
  aliased = quote(glm(breaks ~ wool + copy + tension, family = poisson, data = warp)),
  aliased_offset = quote(glm(breaks ~ wool + copy, family = poisson, data = warp, offset = log(w), subset = w > 1)),
  intercept = quote(glm(breaks ~ 1, family = poisson, data = warp)),
  no_coefficients = quote(glm(Claims ~ 0 + offset(log(Holders) - 2), family = poisson, data = insurance)),
  gamma = quote(glm(lot1 ~ log(u), family = Gamma, data = clotting)),
  gamma_log = quote(glm(Volume ~ log(Girth) + log(Height), family = Gamma(link = "log"), data = trees)),
  gamma_identity = quote(glm(mpg ~ wt, family = Gamma(link = "identity"), data = cars)),
  gamma_weights = quote(glm(mpg ~ wt + cyl, family = Gamma(link = "log"), data = cars, weights = w)),
  gamma_missing = quote(glm(Ozone ~ Temp + Month, family = Gamma(link = "log"), data = air)),
  inverse_gaussian = quote(glm(lot2 ~ log(u), family = inverse.gaussian, data = clotting)),
  inverse_gaussian_log = quote(glm(mpg ~ wt + hp, family = inverse.gaussian(link = "log"), data = cars, weights = w)),
  inverse_gaussian_inverse = quote(glm(mpg ~ wt, family = inverse.gaussian(link = "inverse"), data = cars)),
  gaussian = quote(glm(mpg ~ wt + cyl, family = gaussian, data = cars, weights = w)),
  gaussian_log = quote(glm(Volume ~ Girth, family = gaussian(link = "log"), data = trees)),
  gaussian_inverse = quote(glm(mpg ~ wt, family = gaussian(link = "inverse"), data = cars)),
  gaussian_offset = quote(glm(mpg ~ wt, family = gaussian, data = cars, offset = qsec)),
  negative_binomial = quote(glm(Days ~ Sex + Age, family = negative.binomial(2), data = quine)),
  glm_nb = quote(glm.nb(Days ~ Sex/(Age + Eth * Lrn), data = quine)),
  glm_nb_weights = quote(glm.nb(count ~ spray, data = sprays)),
  glm_nb_sqrt = quote(glm.nb(Days ~ Eth + Age, data = quine, link = sqrt))
)

tables$cbpp$herdweight <- rep(1:2, 28)
for (name in names(tables)) assign(name, tables[[name]])

text <- function(expr) sub("\n+$", "", paste(capture.output(expr), collapse = "\n"))

record <- function(call) {
  nb <- identical(call[[1]], quote(glm.nb))
  default <- suppressWarnings(eval(call))
  tight <- call
  # R's tolerance for a dropped column is a thousandth of epsilon.
  tight$control <- if (anyNA(coef(default))) quote(glm.control(epsilon = 1e-11, maxit = 100)) else
    quote(glm.control(epsilon = 1e-14, maxit = 100))
  fit <- suppressWarnings(eval(tight))
  shown <- fit  # as printed: the call and the number of iterations of the default
  shown$call$control <- NULL
  shown$iter <- default$iter
  fixed <- grepl("^Negative", fit$family$family)
  s <- if (fixed) summary(fit, dispersion = 1) else summary(fit)
  # The likelihood of a negative binomial has no further dispersion; without coefficients R gives no standard errors.
  given <- function(type) {
    if (fit$rank == 0) return(list(fit = predict(fit, type = type), se.fit = NULL))
    predict(fit, type = type, se.fit = TRUE, dispersion = if (fixed) 1 else NULL)
  }
  p <- given("link")
  response <- given("response")
  ll <- logLik(fit)
  out <- list(
    call = paste(deparse(call, 500), collapse = ""),
    family = fit$family$family, link = fit$family$link,
    coef = coef(fit), table = s$coefficients, vcov = s$cov.scaled, dispersion = s$dispersion,
    deviance = fit$deviance, null_deviance = fit$null.deviance, df_resid = fit$df.residual, df_null = fit$df.null,
    loglik = as.numeric(ll), df = attr(ll, "df"), aic = fit$aic, bic = BIC(fit), nobs = nobs(fit), rank = fit$rank,
    iterations = default$iter, default_deviance = default$deviance,
    residuals = sapply(c("deviance", "pearson", "response", "working"), function(t) unname(residuals(fit, t)),
                       simplify = FALSE),
    fitted = unname(fitted(fit)), link_fit = unname(p$fit), link_se = unname(p$se.fit),
    response_se = unname(response$se.fit),
    confint = if (length(coef(fit)) && !fixed) confint.default(fit) else NULL,
    summary = text(if (fixed && !nb) print(summary(shown, dispersion = 1)) else print(summary(shown))),
    print = text(print(shown))
  )
  if (nb) out <- c(out, list(theta = fit$theta, theta_se = fit$SE.theta, twologlik = fit$twologlik))
  out
}

plain <- function(table) lapply(table, function(v)
  if (is.factor(v)) list(codes = as.integer(v) - 1L, levels = levels(v), ordered = is.ordered(v)) else as.vector(v))

results <- lapply(models, record)
con <- gzfile("reference.json.gz", "w")
writeLines(toJSON(list(tables = lapply(tables, plain), models = results), digits = I(17), na = "null", null = "null",
                  auto_unbox = TRUE, matrix = "rowmajor"), con)
close(con)
cat(length(results), "models\n")
