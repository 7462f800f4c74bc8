# Writes rformat.json: what R prints for the numbers and names that tests/tables checks.  Rscript make.R > rformat.json
library(jsonlite)
options(digits = 7, width = 80)
vectors <- list(c(1, 2.5, 10), c(0.1234567, 123.4567), c(1e-10, 1), c(1e5, 1e-5), c(123456789, 0.1), 1e5, 100000, 123456, 1e-15,
  c(-1.5, NA, 2), c(0, 0), c(612.100158, 35.071714, 654.940008), c(1511, 27.17, 0.002228, 963.6), 0.00001234, 1234567.8, c(1e10, 1e-10),
  c(0.07, -0.998), c(99999.5, 0.5), 1e15, 1e16, c(3.14159, 1e-300), c(Inf, -1), 0.1 + 0.2, 1/3, 2/3, 22.97222222, c(1e-3, 1e-4), 1e-4, 1e-5)
num <- lapply(vectors, function(v) list(x = I(format(v, digits = 17, trim = TRUE)),
  f = lapply(c(3, 4, 5, 7), function(d) list(digits = d, text = I(format(v, digits = d)))), n = I(format(v, digits = 4, nsmall = 3))))
pv <- list(c(0.5, 0.01, 1e-10), c(1e-20, 1e-18), c(1e-20, 0.04), c(1e-20, 6.6e-8), c(0.014447, 1e-30, 0.000164), c(0.3, 0.9), 0.0009999, c(0, 0.2, NA), 1)
pval <- lapply(pv, function(p) list(p = p, t3 = I(format.pval(p, digits = 3)), t4 = I(format.pval(p, digits = 4)), t1 = I(format.pval(p, digits = 1))))
names <- c("(Intercept)", "days_deprived", "Days", "poly(Days, 2)1", "poly(Days, 2)2", "poly(Days, 2)1:fb", "hindfoot_length", "x:fb", "I(x^2)",
  "treatmentControl", "treatmentControls", "a b c d e f g", "Species name here", "UPPERCASELETTERS", "aeiouaeiou", "service1:dept10", "service1:dept11",
  "log(weight + 1)", "x", "temperature.L", "temperature.Q", "recipeB:temperature^4", "recipeB:temperature^5", "banana banana")
abb <- lapply(c(1, 3, 4, 6, 8, 11), function(k) list(k = k, text = unname(abbreviate(names, minlength = k))))
set.seed(3)
qs <- lapply(c(1, 2, 3, 10, 11, 57), function(n) { x <- rnorm(n); list(x = I(x), q = unname(quantile(x))) })
cm <- function(m, ...) I(capture.output(printCoefmat(m, digits = 4, ...)))
mat <- function(...) { x <- cbind(...); x }
coefs <- list(
  mat(c(267.967, 11.435), c(7.737, 1.85), c(34.633, 6.183), c(1e-70, 6.32e-9)),
  mat(c(1.5604389, .0650048), c(.0072416, .0002357), c(215.5, 275.8), c(0, 0)),
  mat(c(1e-8, 12345.678), c(1e-9, 3456.7), c(10, 3.571), c(0.001, 0.01)),
  mat(c(0, 1), c(0.1, 0.2), c(0, 5), c(1, 0.0001)),
  mat(c(-1e6, 2e6), c(1e5, 3e5), c(-10, 6.667), c(0.2, 0.3)),
  mat(c(NA, 1.5), c(NA, .25), c(NA, 6), c(NA, .003)),
  mat(c(.00012, -.00034), c(.0001, .0002), c(1.2, -1.7), c(.05, .1)))
co <- lapply(coefs, function(m) {
  dimnames(m) <- list(c("(Intercept)", "x"), c("Estimate", "Std. Error", "t value", "Pr(>|t|)"))
  list(m = lapply(seq_len(nrow(m)), function(i) I(unname(m[i, ]))), p = cm(m), t = cm(m[, 1:3], signif.stars = FALSE)) })
forms <- c("Reaction ~ days_deprived + Subject + days_deprived:Subject",
  "response_variable ~ predictor_one + predictor_two + predictor_three + predictor_four + (predictor_one + predictor_two | grouping_factor)",
  "log(response_variable + 1) ~ poly(predictor_one, degree = 2) * predictor_two + I(predictor_three^2) + (1 | first_group) + (1 | second_group)",
  "y ~ x + (1 | g)", "y ~ aaaaaaaaaaaaaaaaaaaaaaaa + bbbbbbbbbbbbbbbbbbbbbbbbbb + (cccccccccccccccccccccc + dddddddddddddddddddddddddd + eeeeeeeeeeeeeeeeee | g)")
dep <- lapply(forms, function(f) list(f = f, d = I(deparse(as.formula(f))), l = I(deparse(call("lm", formula = as.formula(f), data = as.name("some_data")))),
  c = I(capture.output(cat("Formula:", deparse(as.formula(f)), fill = TRUE)))))
named <- lapply(list(c(1, 20, 300), setNames(rnorm(12) * 100, paste0("coefficient_", 1:12)), c(251.405, 10.467)), function(v) {
  if (is.null(names(v))) names(v) <- letters[seq_along(v)]
  list(x = I(unname(v)), names = I(names(v)), text = I(capture.output(print(v)))) })
cat(toJSON(list(numbers = num, pvalues = pval, names = names, abbreviations = abb, quantiles = qs, coefficients = co, deparse = dep, named = named),
  digits = NA, auto_unbox = TRUE, na = "string", pretty = FALSE))
