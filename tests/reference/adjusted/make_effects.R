# Effects by R's package effects (4.2), what ggeffects' ggeffect() shows, of models fitted to tables/bees.csv -> effects.json
#
#   Rscript tests/reference/adjusted/make_effects.R

suppressMessages({library(lme4); library(effects); library(jsonlite)})
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
bees <- read.csv(file.path(here, "tables", "bees.csv"), stringsAsFactors = TRUE)
one <- function(class, formula, focal, model) {
  xlevels <- if (focal == "x") list(x = c(-1, 0, 1)) else list()
  e <- Effect(focal, model, xlevels = xlevels)
  list(class = class, formula = formula, focal = focal, eta = I(as.numeric(e$fit)), se = I(as.numeric(e$se)))
}
fit <- function(class, formula, focal) {
  f <- as.formula(formula, env = globalenv())
  model <- switch(class, lm = lm(f, bees), glm = glm(f, binomial, bees), lmer = lmer(f, bees))
  one(class, formula, focal, model)
}
out <- list(
  fit("lm", "y ~ x * f + g + z", "x"), fit("lm", "y ~ x + f * g + z", "x"), fit("lm", "y ~ x + f * g + z", "f"),
  fit("glm", "cbind(s, n - s) ~ x + f * g", "x"), fit("glm", "cbind(s, n - s) ~ x + f + z", "f")
)
writeLines(toJSON(out, digits = 12, auto_unbox = TRUE), file.path(here, "effects.json"))
