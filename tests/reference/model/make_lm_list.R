# Separate models of groups by lme4 1.1-31: Rscript make_lm_list.R, in this folder.
suppressMessages({library(lme4); library(jsonlite)})
sleepstudy$w <- 1 + (sleepstudy$Days %% 4) / 2
out <- list()
keep <- function(name, m, data, formula, ...) {
  s <- summary(m); ci <- confint(m, pool = m@pool)  # its own default is not to pool
  out[[name]] <<- list(data = data, formula = formula, levels = names(m), terms = colnames(coef(m)), coef = unname(as.matrix(coef(m))),
    std_error = unname(s$coefficients[, 2, ]), p_value = unname(s$coefficients[, 4, ]), low = unname(ci[, 1, ]), high = unname(ci[, 2, ]),
    pooled_sd = if (is.null(s$RSE)) NULL else s$RSE, df_residual = s$df.residual, loglik = as.numeric(logLik(m)), ...)
}
keep("sleep", lmList(Reaction ~ Days | Subject, sleepstudy), "sleepstudy", "Reaction ~ Days | Subject")
keep("own", lmList(Reaction ~ Days | Subject, sleepstudy, pool = FALSE), "sleepstudy", "Reaction ~ Days | Subject", pool = FALSE)
keep("cake", lmList(angle ~ temp | recipe, cake), "cake", "angle ~ temp | recipe")
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), "lm_list.json")
