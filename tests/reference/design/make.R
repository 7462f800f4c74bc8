# Writes model_matrix.json.gz: model matrices, coefficient names and random-effects structures as R and lme4 give them.
#   Rscript make.R        (needs R >= 4.2, lme4, jsonlite)
suppressMessages({ library(lme4); library(jsonlite); library(splines) })

set.seed(20240607)
n <- 36
d <- data.frame(
  y = round(rnorm(n, 10, 2), 3), w = round(runif(n, 0.5, 2), 3),
  x = round(runif(n, -2, 3), 3), z = round(rexp(n) + 0.1, 3), k = rep(1:6, 6),
  f = factor(rep(c("a", "b", "c"), 12)), g = factor(rep(c("u", "v"), each = 18)),
  h = factor(rep(c("p", "q", "r", "s"), each = 9)),
  o = factor(rep(c("lo", "mid", "hi", "top"), 9), levels = c("lo", "mid", "hi", "top"), ordered = TRUE),
  p3 = factor(rep(c("one", "two", "three"), each = 12), levels = c("one", "two", "three"), ordered = TRUE),
  t = rep(c(TRUE, FALSE, FALSE, TRUE), 9),
  s = factor(rep(1:9, 4)), day = rep(0:5, each = 6), stringsAsFactors = FALSE)
d$text <- rep(c("zeta", "Alpha", "beta"), length.out = n)
d$body.mass <- round(rlnorm(n), 3)
names(d)[names(d) == "day"] <- "the day"
d$few <- factor(rep(c("m", "n"), 18), levels = c("k", "m", "n"))       # a level that no row has
gaps <- d[, c("y", "x", "f", "g")]
gaps$x[c(3, 10)] <- NA; gaps$f[5] <- NA; gaps$y[7] <- NA
new <- data.frame(y = 0, w = 1, x = c(-3, -1.5, 0.2, 2.9, 4.1), z = c(0.2, 1, 2.2, 0.5, 5), k = c(1, 3, 6, 2, 9),
  f = factor(c("b", "c", "a", "a", "b"), levels = levels(d$f)), g = factor(c("v", "u", "v", "v", "u"), levels = levels(d$g)),
  h = factor(c("s", "p", "q", "r", "p"), levels = levels(d$h)),
  o = factor(c("hi", "lo", "top", "mid", "lo"), levels = levels(d$o), ordered = TRUE),
  t = c(TRUE, FALSE, TRUE, TRUE, FALSE), text = c("beta", "zeta", "Alpha", "Alpha", "zeta"), s = factor(c(1, 2, 9, 4, 5), levels = 1:9),
  body.mass = c(0.5, 1, 2, 3, 0.7), check.names = FALSE)

fixed <- c(
  "y ~ 1", "y ~ 0 + x", "y ~ x", "y ~ x - 1", "y ~ -1 + x + z", "y ~ x + z + x:z", "y ~ x * z", "y ~ f", "y ~ 0 + f", "y ~ f - 1 + x",
  "y ~ f * g", "y ~ f:g", "y ~ 0 + f:g", "y ~ f + f:g", "y ~ g + f:g", "y ~ f / g", "y ~ g / f / x", "y ~ f %in% g", "y ~ g + f %in% g",
  "y ~ (f + g) %in% h", "y ~ f + x:f", "y ~ x:f", "y ~ 0 + x:f", "y ~ x + x:f", "y ~ x * f", "y ~ f / x", "y ~ 0 + f / x", "y ~ 0 + x + f:g",
  "y ~ (f + g + x)^2", "y ~ (f + g + h)^2", "y ~ (f + g + h + x)^3 - f:g:h", "y ~ f * g * x", "y ~ f * g * x - f:g:x", "y ~ f * g - f",
  "y ~ f * x - x", "y ~ f * x - f", "y ~ 0 + f * g", "y ~ 0 + g * x * f", "y ~ x + f:x + f", "y ~ f:g:h", "y ~ f + g:h", "y ~ x:z:f + g",
  "y ~ f:x + g:x", "y ~ f:x + f:z + x", "y ~ (f + x) / g", "y ~ f / (g + x)", "y ~ g + x + h:g",
  "y ~ o", "y ~ 0 + o", "y ~ o * f", "y ~ o:x", "y ~ x + o:x", "y ~ p3 * g", "y ~ 0 + o:p3", "y ~ t", "y ~ 0 + t", "y ~ t * f", "y ~ x:t", "y ~ x * t",
  "y ~ text", "y ~ text * t", "y ~ text:x - 1", "y ~ few", "y ~ 0 + few * x", "y ~ s", "y ~ factor(k)", "y ~ factor(k) * x", "y ~ 0 + factor(k):x",
  "y ~ factor(k, levels = c(3, 1, 2, 4, 5, 6))", "y ~ factor(f, labels = c('A', 'B', 'C'))", "y ~ factor(t)", "y ~ as.factor(k)",
  "y ~ ordered(k)", "y ~ relevel(f, ref = 'b')", "y ~ interaction(f, g)", "y ~ x + I(x^2)", "y ~ I(x + z) + I(x * z)", "y ~ I(x > 0) * f",
  "y ~ I(-x) + I(1 / z)", "y ~ log(z) + sqrt(z) + exp(x)", "y ~ log(z + 1, 2) + log2(z) + log10(z) + log1p(z) + expm1(x)", "y ~ abs(x) + sin(x) + cos(x) + tan(x)",
  "y ~ floor(x) + ceiling(x) + trunc(x) + round(x, 1) + sign(x)", "y ~ plogis(x) + pmin(x, z) + pmax(x, 0)", "y ~ ifelse(x > 0, x, 0)", "y ~ x > 0", "y ~ f == 'a'",
  "y ~ (x > 0 & z < 1)", "y ~ I(as.numeric(f))", "y ~ log(body.mass) * f", "y ~ `the day` * g", "y ~ poly(`the day`, 2)",
  "log(y) ~ x", "sqrt(y) + 1 ~ x", "I(y - x) ~ f", "y ~ offset(log(z)) + x", "y ~ x + offset(z) + f",
  "y ~ scale(x)", "y ~ scale(x, scale = FALSE) * f", "y ~ scale(x, center = FALSE)", "y ~ I(scale(x)^2)", "y ~ scale(log(z)) + scale(x):f",
  "y ~ poly(x, 1)", "y ~ poly(x, 3)", "y ~ poly(x, 2) * f", "y ~ poly(x, 2, raw = TRUE)", "y ~ poly(x, degree = 2):poly(z, 2)", "y ~ f:poly(x, 2)",
  "y ~ poly(log(z), 2)", "y ~ poly(x, z, degree = 2)", "y ~ poly(x, z, degree = 2, raw = TRUE)", "y ~ 0 + f + f:poly(x, 2)",
  "y ~ poly(x, 1) * f", "y ~ cbind(x)", "y ~ ns(x):f", "y ~ bs(x)", "y ~ bs(x, df = 5)", "y ~ bs(x, 6)", "y ~ bs(x, knots = c(0, 1))", "y ~ bs(x, degree = 2, df = 4) * g", "y ~ bs(x, df = 6, intercept = TRUE) - 1",
  "y ~ bs(x, knots = 0.5, Boundary.knots = c(-4, 5))", "y ~ ns(x)", "y ~ ns(x, df = 3)", "y ~ ns(x, 4)", "y ~ ns(x, knots = c(0, 1))", "y ~ ns(x, df = 4, intercept = TRUE)",
  "y ~ f * ns(x, df = 2)", "y ~ ns(log(z), df = 3)", "y ~ ns(x, df = 2, Boundary.knots = c(-1, 2))", "y ~ cbind(x, z)", "y ~ cbind(x, x^2) + f", "y ~ cbind(a = x, b = z):f", "cbind(x, z) ~ f",
  "y ~ . - s - text - few - o - p3 - h", "log(y) ~ (f + x)^2 + .:x - s:x - text:x - few:x - o:x - p3:x - h:x - t:x")
contrasts <- list(
  list("y ~ f", list(f = "contr.sum")), list("y ~ f * g", list(f = "contr.sum", g = "contr.helmert")), list("y ~ h", list(h = "contr.helmert")),
  list("y ~ h * x", list(h = "contr.poly")), list("y ~ o", list(o = "contr.treatment")), list("y ~ 0 + f + g", list(g = "contr.sum")),
  list("y ~ f:g + g", list(f = "contr.sum")), list("y ~ t * f", list(t = "contr.sum")), list("y ~ factor(k)", list(`factor(k)` = "contr.sum")), list("y ~ h", list(h = "contr.SAS")))
matrices <- list(plain = matrix(c(1, -1, 0, 0.5, 0.5, -1), 3), named = matrix(c(1, -1, 0, 0.5, 0.5, -1), 3, dimnames = list(NULL, c("d1", "d2"))), one = matrix(c(-1, 0, 1), 3))
new_formulas <- c("y ~ scale(x)", "y ~ scale(x, scale = FALSE) * f", "y ~ poly(x, 3)", "y ~ poly(x, 2) * f", "y ~ poly(x, 2, raw = TRUE)", "y ~ poly(log(z), 2)", "y ~ poly(x, z, degree = 2)",
  "y ~ bs(x, df = 5)", "y ~ bs(x, degree = 2, df = 4)", "y ~ bs(x, knots = c(0, 1), intercept = TRUE)", "y ~ ns(x, df = 3)", "y ~ ns(x, df = 4, intercept = TRUE)", "y ~ f * ns(x, df = 2)", "y ~ ns(x, knots = c(0, 1), Boundary.knots = c(-1, 2))",
  "y ~ f * g", "y ~ o + h", "y ~ t * x", "y ~ text", "y ~ 0 + f:x", "y ~ log(z) + I(x^2)", "y ~ scale(log(z))", "y ~ s")
random <- c(
  "y ~ x + (1 | s)", "y ~ x + (x | s)", "y ~ x + (1 + x | s)", "y ~ x + (0 + x | s)", "y ~ x + (x - 1 | s)", "y ~ x + (x || s)", "y ~ x + (1 + x + z || s)", "y ~ (f || s)",
  "y ~ (1 | g) + x + (1 | s)", "y ~ x + (1 | g / h)", "y ~ x + (1 | g:h)", "y ~ x + (1 | h:g) + (1 | g)", "y ~ (1 | f / g / h)", "y ~ (f | s)", "y ~ (0 + f | s)", "y ~ x + (f:x | g)", "y ~ (0 + f:x | g)", "y ~ (x | s) + (1 | f)",
  "y ~ f + (f + x:f | h)", "y ~ (o | s)", "y ~ (poly(x, 2) | h) + poly(x, 2)", "y ~ (t | s)", "y ~ (1 | s) + (1 | f) + (1 | h)", "y ~ (1 | text)", "y ~ (1 | k)", "y ~ (1 | t)", "y ~ (1 | few)", "y ~ (x + f || g / h)", "y ~ (log(z) | h) + scale(x) + (scale(x) | f)",
  "y ~ x + (x * z | s)", "y ~ (1 | s:f)", "y ~ x + (x | f:g)", "y ~ (1 | s) + (0 + x | f)", "y ~ (1|s) + (0+x|s)", "y ~ (few | s)", "y ~ (1 | f:few)")

columns <- function(data) lapply(data, function(v) {
  if (is.factor(v)) list(codes = as.integer(v) - 1L, levels = levels(v), ordered = is.ordered(v))
  else if (is.logical(v)) list(logical = v) else if (is.character(v)) list(text = v) else list(numbers = v)
})
dense <- function(m) { m <- unname(as.matrix(m)); attributes(m) <- list(dim = dim(m)); m }
matrix_case <- function(text, data = d, contrasts.arg = NULL) {
  fr <- model.frame(as.formula(text), data, drop.unused.levels = TRUE)
  x <- model.matrix(terms(fr), fr, contrasts.arg = contrasts.arg)
  o <- model.offset(fr)
  list(formula = text, names = colnames(x), assign = attr(x, "assign"), labels = attr(terms(fr), "term.labels"), x = dense(x),
       y = dense(model.response(fr)), response = deparse(formula(text)[[2]]), offset = if (is.null(o)) list() else o)
}
new_case <- function(text) {
  fr <- model.frame(as.formula(text), d, drop.unused.levels = TRUE)
  tt <- delete.response(terms(fr))
  x <- suppressWarnings(model.matrix(tt, model.frame(tt, new, xlev = .getXlevels(tt, fr)), contrasts.arg = attr(model.matrix(terms(fr), fr), "contrasts")))
  list(formula = text, names = colnames(x), x = dense(x))
}
random_case <- function(text) {
  ctrl <- lmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore", check.nlev.gtr.1 = "ignore", check.rankX = "ignore", check.scaleX = "ignore")
  l <- lFormula(as.formula(text), d, control = ctrl)
  r <- l$reTrms
  list(formula = text, groups = names(r$cnms), effects = lapply(unname(r$cnms), as.list), levels = lapply(unname(r$flist[attr(r$flist, "assign")]), function(f) as.list(levels(f))),
       z = dense(t(as.matrix(r$Zt))), lower = r$lower, names = colnames(l$X), x = dense(l$X))
}
custom <- lapply(names(matrices), function(name) {
  m <- matrices[[name]]
  c(matrix_case("y ~ f * x", contrasts.arg = list(f = m)), list(matrix = dense(m), columns = as.list(colnames(m))))
})
out <- list(
  r = R.version.string, lme4 = as.character(packageVersion("lme4")), table = columns(d), new = columns(new), gaps = columns(gaps),
  fixed = lapply(fixed, matrix_case),
  contrasts = lapply(contrasts, function(case) c(matrix_case(case[[1]], contrasts.arg = case[[2]]), list(contrasts = lapply(case[[2]], function(v) v)))),
  custom = custom, missing = lapply(c("y ~ x * f", "y ~ scale(x) + g", "y ~ f + bs(x, df = 4)", "y ~ g"), matrix_case, data = gaps),
  new_cases = lapply(new_formulas, new_case), random = lapply(random, random_case))
to <- gzfile("model_matrix.json.gz", "wb")
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", null = "list"), to)
close(to)
cat(length(fixed) + length(contrasts) + length(custom), "fixed,", length(new_formulas), "new,", length(random), "random\n")
