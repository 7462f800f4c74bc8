# 240 random small tables and the generalised linear models that R's glm fits to them with its defaults.
#
#     Rscript make_random.R        writes random.json.gz beside itself

library(jsonlite)
set.seed(7)

families <- list(c("binomial", "logit"), c("binomial", "probit"), c("binomial", "cloglog"), c("binomial", "cauchit"),
                 c("binomial", "log"), c("poisson", "log"), c("poisson", "sqrt"), c("poisson", "identity"),
                 c("Gamma", "inverse"), c("Gamma", "log"), c("Gamma", "identity"), c("inverse.gaussian", "log"),
                 c("inverse.gaussian", "1/mu^2"), c("inverse.gaussian", "inverse"), c("gaussian", "log"),
                 c("gaussian", "inverse"))
formulas <- c("y ~ x", "y ~ x + z", "y ~ g", "y ~ g + x", "y ~ 0 + g")

draw <- function(family, n) round(switch(family, binomial = rbinom(n, 1, 0.35), poisson = rpois(n, 3),
  Gamma = rgamma(n, 2) + 0.05, inverse.gaussian = 1 / rgamma(n, 3) + 0.01, gaussian = abs(rnorm(n, 5)) + 0.1), 3)

case <- function(k) {
  kind <- families[[(k - 1) %% length(families) + 1]]
  n <- sample(c(8, 15, 40), 1)
  d <- data.frame(x = round(rnorm(n), 2), z = round(runif(n), 2), g = sample(c("a", "b", "c"), n, TRUE),
                  w = sample(1:4, n, TRUE))
  d$g[1:3] <- c("a", "b", "c")
  d$y <- draw(kind[1], n)
  if (kind[1] == "binomial") d$w <- 1
  formula <- sample(formulas, 1)
  fitted <- tryCatch({
    fit <- suppressWarnings(glm(as.formula(formula), do.call(kind[1], list(link = kind[2])), d, weights = w))
    list(deviance = fit$deviance, iterations = fit$iter, converged = fit$converged)
  }, error = function(e) list(error = conditionMessage(e)))
  c(list(family = kind[1], link = kind[2], formula = formula, data = as.list(d)), fitted)
}

con <- gzfile("random.json.gz", "w")
writeLines(toJSON(lapply(1:240, case), digits = I(17), auto_unbox = TRUE), con)
close(con)
