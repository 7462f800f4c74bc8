# Adjusted predictions by ggeffects (1.2.0) of the models of models.json -> reference.json.gz, and the table that they are fitted to.
#
#   Rscript tests/reference/adjusted/make_reference.R
#
# Linear mixed models are brought to their tightened optimum first (../lmm/tighten.R); generalised ones are fitted with tolerances
# far below lme4's own. Their standard errors are lme4's, from a Hessian by finite differences.

suppressMessages({library(lme4); library(ggeffects); library(emmeans); library(splines); library(jsonlite)})
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(here, "..", "lmm", "tighten.R"))

set.seed(20)
n <- 160
bees <- data.frame(
  x = round(rnorm(n), 3), z = round(rnorm(n, 1, 0.7), 3), p = round(rexp(n) + 0.05, 3),
  f = sample(c("a", "b", "c"), n, TRUE), g = sample(c("high", "low"), n, TRUE),
  site = sprintf("s%02d", rep(1:10, each = 16)), plot = paste0("p", rep(1:4, 40)),
  w = round(runif(n, 0.3, 3), 2), effort = round(runif(n, 0.5, 6), 2), n = sample(3:12, n, TRUE)
)
here_site <- as.integer(factor(bees$site)); b <- rnorm(10, 0, 0.8); slope <- rnorm(10, 0, 0.4); plots <- rnorm(40, 0, 0.5)
eta <- with(bees, 0.3 * x + c(0, 0.5, -0.4)[factor(f)] + ifelse(g == "low", 0.6, 0) * x - 0.2 * z)
bees$y <- round(3 + eta + b[here_site] + slope[here_site] * bees$x + plots[rep(1:40, each = 4)] + rnorm(n, 0, 0.7), 4)
bees$pos <- round(exp(0.4 * eta + 0.3 * b[here_site] + rnorm(n, 0, 0.4)) + 0.02, 4)
bees$count <- rpois(n, exp(0.4 + 0.5 * eta + 0.6 * b[here_site]))
bees$logeffort <- round(log(bees$effort), 5)
bees$s <- rbinom(n, bees$n, plogis(eta)); bees$share <- bees$s / bees$n; bees$hit <- rbinom(n, 1, pnorm(eta))
write.csv(bees, file.path(here, "tables", "bees.csv"), row.names = FALSE, quote = FALSE)
bees <- read.csv(file.path(here, "tables", "bees.csv"), stringsAsFactors = TRUE)
bees$n <- as.numeric(bees$n); bees$site <- as.character(bees$site); bees$site <- factor(bees$site)
data(sleepstudy, cake, cbpp, package = "lme4")
tables <- list(bees = bees, sleepstudy = sleepstudy, cake = cake, cbpp = cbpp)

# Fitted under the name of the table, so that ggeffects finds the data again.
fit_model <- function(m) {
  assign(m$data, tables[[m$data]], envir = globalenv())
  formula <- as.formula(m$formula, env = globalenv())
  if (m$class == "lmer") {
    shown <- list(quote(lmer), formula = formula, data = as.name(m$data))
    if (!is.null(m$weights)) shown$weights <- as.name(m$weights)
    arguments <- list(formula, tables[[m$data]], TRUE, as.call(shown))
    if (!is.null(m$weights)) arguments$weights <- tables[[m$data]][[m$weights]]
    return(do.call(tight_lmer, arguments, quote = TRUE))
  }
  call <- list(as.name(m$class), formula, data = as.name(m$data))
  if (!is.null(m$family)) call$family <- parse(text = m$family)[[1]]
  for (extra in c("weights", "offset")) if (!is.null(m[[extra]])) call[[extra]] <- as.name(m[[extra]])
  if (m$class == "glmer") call$control <- quote(glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13, optCtrl = list(rhobeg = 0.02, rhoend = 1e-9, maxfun = 1e5)))
  if (m$class == "glm") call$control <- quote(glm.control(epsilon = 1e-14, maxit = 100))
  eval(as.call(call), globalenv())
}

ask <- function(model, a) {
  fun <- if (is.null(a$fun)) ggpredict else ggemmeans
  arguments <- list(model, terms = unlist(a$terms), verbose = FALSE)
  # An offset() at the mean of its variable, as emmeans has it again from 1.8.7 on; the installed one takes the mean of the terms.
  if (!is.null(a$offset)) arguments$offset <- eval(parse(text = a$offset)[[1]])
  if (!is.null(a$type)) arguments$type <- a$type
  if (!is.null(a$level)) arguments$ci.lvl <- a$level
  if (!is.null(a$typical)) arguments$typical <- a$typical
  if (!is.null(a$interval)) arguments$interval <- a$interval
  if (!is.null(a$condition)) arguments$condition <- unlist(a$condition)
  if (!is.null(a$back_transform)) arguments$back.transform <- a$back_transform
  r <- suppressMessages(suppressWarnings(do.call(fun, arguments)))
  if (isTRUE(a$residuals)) return(as.list(as.data.frame(residualize_over_grid(r, model))))
  out <- as.list(as.data.frame(r))
  out <- out[intersect(c("x", "predicted", "std.error", "conf.low", "conf.high", "group", "facet", "panel"), names(out))]
  out <- lapply(out, function(v) if (is.factor(v)) as.character(v) else v)
  c(lapply(out, I), list(print = I(suppressMessages(capture.output(print(r))))))
}

models <- fromJSON(file.path(here, "models.json"), simplifyVector = FALSE)
out <- list()
for (m in models) {
  model <- fit_model(m)
  out[[m$name]] <- lapply(m$asks, function(a) { cat(m$name, unlist(a$terms), "\n"); lapply(ask(model, a), function(v) if (is.factor(v)) I(as.character(v)) else I(v)) })
}
connection <- gzfile(file.path(here, "reference.json.gz"), "w")
writeLines(toJSON(out, digits = 12, auto_unbox = TRUE, na = "null"), connection)
close(connection)
