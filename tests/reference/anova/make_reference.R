# anova() of R and Anova() of car for models of every class in models.json -> reference.json.gz
#
#   Rscript tests/reference/anova/make_reference.R
#
# An epsilon below 1e-9 would keep R from seeing collinear columns: glm.fit() takes its thousandth as tolerance of the rank.
# Models with random effects are glmmTMB's, whose standard errors rest on the exact Hessian; the lmer models stand in ../ddf.

suppressMessages({library(lme4); library(car); library(glmmTMB); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))

read_table <- function(name) {
  folder <- file.path(here, "..", "ddf", "tables")
  path <- file.path(folder, paste0(name, ".csv"))
  if (!file.exists(path)) { found <- data(list = name, package = "lme4", envir = environment()); return(get(found[1])) }
  frame <- read.csv(path, na.strings = "")
  levels <- fromJSON(file.path(folder, "levels.json"))[[name]]
  for (column in names(levels))
    frame[[column]] <- factor(frame[[column]], levels[[column]]$levels, ordered = levels[[column]]$ordered)
  frame
}

columns <- function(table) {
  table <- as.data.frame(table)
  c(list(row = I(rownames(table))), lapply(table, function(v) I(as.numeric(v))))
}

one <- function(m) {
  rows <- read_table(m$data)
  for (f in names(m$contrasts)) contrasts(rows[[f]]) <- paste0("contr.", m$contrasts[[f]])
  formula <- as.formula(m$formula)
  if (m$class == "lm") rows$.w <- if (is.null(m$weights)) 1 else rows[[m$weights]]
  assign("rows", rows, globalenv())  # where anova() and Anova() look for it
  model <- switch(m$class,
    lm = if (is.null(m$weights)) lm(formula, rows) else lm(formula, rows, weights = .w),
    glm = glm(formula, m$family, rows, control = glm.control(epsilon = if (grepl("aliased", m$name)) 1e-9 else 1e-14, maxit = 100)),
    glmer = glmmTMB(formula, rows, m$family, control = glmmTMBControl(optCtrl = list(rel.tol = 1e-14, x.tol = 1e-12))))
  out <- list(name = m$name)
  calls <- list()
  if (m$class == "lm") calls <- list(anova = quote(anova(model)), car2 = quote(Anova(model)), car3 = quote(Anova(model, type = 3)))
  if (m$class == "glm") calls <- list(
    anova_chisq = quote(anova(model, test = "Chisq")), anova_f = quote(anova(model, test = "F")), car2 = quote(Anova(model)), car3 = quote(Anova(model, type = 3)),
    car2_wald = quote(Anova(model, test.statistic = "Wald")), car3_wald = quote(Anova(model, type = 3, test.statistic = "Wald")),
    car2_f = quote(Anova(model, test.statistic = "F")), car3_f = quote(Anova(model, type = 3, test.statistic = "F")))
  if (m$class == "glmer") calls <- list(car2 = quote(Anova(model)), car3 = quote(Anova(model, type = 3)))
  for (name in names(calls)) {
    got <- try(suppressWarnings(suppressMessages(eval(calls[[name]]))), silent = TRUE)
    if (inherits(got, "try-error")) { cat("  ", m$name, name, attr(got, "condition")$message, "\n"); next }
    out[[name]] <- columns(got)
    if (isTRUE(m$print)) out$printed[[name]] <- I(capture.output(print(got)))
  }
  out
}

results <- list()
for (m in fromJSON(file.path(here, "models.json"), simplifyVector = FALSE)) {
  results[[m$name]] <- one(m)
  cat(m$name, "\n")
}
out <- gzfile(file.path(here, "reference.json.gz"), "w")
writeLines(toJSON(results, auto_unbox = TRUE, digits = NA, null = "null", na = "null"), out)
close(out)
