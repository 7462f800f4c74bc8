# Positive responses with heavy tails, on which Fisher's scoring for the inverse Gaussian family with a log link leaves
# for regions without information: 60 tables with what R's glm says of them. Rscript make_heavy_tails.R | gzip -9n > heavy_tails.json.gz
library(jsonlite)
one <- function(seed) {
  set.seed(seed)
  n <- c(20, 40, 60)[seed %% 3 + 1]
  x <- signif(rnorm(n), 6)
  y <- signif(exp(.5 + .6 * x + c(.7, 1.2, 1.8)[seed %% 3 + 1] * rt(n, 2)), 6)
  control <- glm.control(epsilon = 1e-12, maxit = 300)
  fit <- tryCatch(suppressWarnings(glm(y ~ x, inverse.gaussian("log"), control = control)), error = conditionMessage)
  out <- list(x = x, y = y)
  if (is.character(fit)) return(c(out, error = fit))
  c(out, list(coef = unname(coef(fit)), deviance = deviance(fit), converged = fit$converged, null = fit$null.deviance))
}
cat(toJSON(lapply(1:60, one), digits = NA, auto_unbox = TRUE))
