# Predictions, comparisons, slopes and hypotheses by R's marginaleffects (0.32) of the models of models.json -> reference.json.gz
#
#   Rscript tests/reference/marginal/make_reference.R
#
# Linear mixed models are brought to their tightened optimum first (../lmm/tighten.R); generalised ones are fitted with tolerances
# far below lme4's own. The covariance of the latter is lme4's, from a Hessian by finite differences, which leaves six digits: it is
# stored, so that the delta method can be compared by itself.

suppressMessages({library(lme4); library(marginaleffects); library(jsonlite)})
options(marginaleffects_safe = FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(here, "..", "lmm", "tighten.R"))
data_of <- file.path(here, "..", "..", "..", "python", "mixedmodels", "datasets", "data")
factors <- list(cake = c("replicate", "recipe"), sleepstudy = "Subject", cbpp = c("herd", "period"),
                Contraception = c("district", "use", "livch", "urban"), grouseticks = c("YEAR", "BROOD", "LOCATION"))
for (name in names(factors)) {
  table <- read.csv(file.path(data_of, paste0(name, ".csv.gz")))
  for (f in factors[[name]]) table[[f]] <- factor(table[[f]])
  if (name == "Contraception") table$woman <- as.numeric(table$woman)
  if (name == "cake") table$temperature <- factor(table$temperature, ordered = TRUE)
  assign(name, table)
}

fit_model <- function(m) {
  formula <- as.formula(m$formula, env = globalenv())
  if (m$class == "lmer") {
    shown <- as.call(list(quote(lmer), formula = formula, data = as.name(m$data)))
    return(do.call(tight_lmer, list(formula, get(m$data), TRUE, shown), quote = TRUE))
  }
  call <- list(as.name(m$class), formula, data = as.name(m$data))
  if (!is.null(m$family)) call$family <- as.name(m$family)
  if (m$class == "glmer") call$control <- quote(glmerControl(optimizer = "bobyqa", tolPwrss = 1e-13, optCtrl = list(rhobeg = 0.02, rhoend = 1e-9, maxfun = 1e5)))
  if (m$class == "glm") call$control <- quote(glm.control(epsilon = 1e-14, maxit = 100))
  eval(as.call(call), globalenv())
}

kept <- c("term", "contrast", "hypothesis", "rowid", "estimate", "std.error", "statistic", "p.value", "s.value", "conf.low", "conf.high",
          "df", "predicted_lo", "predicted_hi", "p.value.noninf", "p.value.nonsup", "p.value.equiv")
ask <- function(a) {
  # Derivatives by extrapolation: the default differences leave four digits of a slope's standard error.
  text <- sprintf("%s(model%s, numderiv = 'richardson')", a$verb, if (nzchar(a$r)) paste0(", ", a$r) else "")
  out <- as.data.frame(suppressWarnings(eval(parse(text = text), globalenv())))
  labels <- grep("^contrast_", names(out), value = TRUE)
  by <- regmatches(a$r, regexpr("by = (c\\([^)]*\\)|'[^']*')", a$r))
  by <- if (length(by)) eval(parse(text = sub("by = ", "", by))) else character()
  grid <- a$verb == "avg_predictions" || grepl("newdata = ('balanced'|datagrid)", a$r)
  vary <- if (grid) c("temp", "recipe", "livch", "urban", "period", "herd", "Days", "Subject") else character()
  columns <- intersect(unique(c(kept, labels, by, vary)), names(out))
  lapply(out[columns], function(v) I(if (is.factor(v)) as.character(v) else v))
}

out <- list()
for (m in fromJSON(file.path(here, "models.json"), simplifyVector = FALSE)) {
  model <- fit_model(m)
  cat(m$name, "\n")
  out[[m$name]] <- list(vcov = unname(as.matrix(vcov(model))), asks = lapply(m$asks, ask))
}
connection <- gzfile(file.path(here, "reference.json.gz"), "w")
writeLines(toJSON(out, digits = 15, auto_unbox = TRUE, na = "null"), connection)
close(connection)
