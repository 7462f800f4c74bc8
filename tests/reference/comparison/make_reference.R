# Comparisons of models by lme4, lmerTest and stats, refitted tightly: Rscript make_reference.R, in this folder.
suppressMessages({library(lme4); library(lmerTest); library(mlmRev); library(jsonlite)})
options(width = 80, useFancyQuotes = FALSE)
tight <- lmerControl(optCtrl = list(xtol_abs = 1e-12, xtol_rel = 0, ftol_abs = 1e-13, ftol_rel = 0, maxeval = 1e5), calc.derivs = FALSE,
                     check.conv.singular = "ignore")
tightg <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), tolPwrss = 1e-12, calc.derivs = FALSE,
                       check.conv.singular = "ignore")
all_tables <- list(sleepstudy = sleepstudy, weighted = transform(sleepstudy, w = 1 + (Days %% 4) / 2), unbalanced = sleepstudy[-c(2:6, 33:39, 75, 91:97, 160), ], Dyestuff = Dyestuff, Dyestuff2 = Dyestuff2, cake = cake,
                   Pastes = Pastes, Penicillin = Penicillin, cbpp = cbpp, grouseticks = grouseticks, Contraception = Contraception)
# lme4's tables are those of Python's sets of the same names; `unbalanced` is sleepstudy without some rows, `weighted` with a column more.
for (n in names(all_tables)) assign(n, all_tables[[n]])
cases <- list()
fit_one <- function(m, data) {
  f <- as.formula(m$formula)
  call <- switch(m$kind,
    lm = bquote(lm(.(f), .(as.name(data)))),
    glm = bquote(glm(.(f), .(m$family), .(as.name(data)), control = glm.control(epsilon = 1e-14, maxit = 100))),
    lmer = bquote(lmerTest::lmer(.(f), .(as.name(data)), REML = .(m$REML), control = tight)),
    glmer = bquote(lme4::glmer(.(f), .(as.name(data)), .(m$family), control = tightg)))
  if (!is.null(m$weights)) call$weights <- as.name(m$weights)
  suppressMessages(eval(call, globalenv()))
}
lm1 <- function(f, ...) list(kind = "lm", formula = f, ...)
lmer1 <- function(f, REML = TRUE, ...) list(kind = "lmer", formula = f, REML = REML, ...)
glm1 <- function(f, family) list(kind = "glm", formula = f, family = family)
glmer1 <- function(f, family) list(kind = "glmer", formula = f, family = family)
case <- function(name, verb, data, models, ...) {
  fits <- lapply(models, fit_one, data)
  names(fits) <- paste0("m", seq_along(fits))
  args <- list(...)
  for (n in names(fits)) assign(n, fits[[n]], globalenv())
  x <- switch(verb,
    anova = {
      texts <- character()
      say <- function(message) { texts <<- c(texts, trimws(conditionMessage(message))); invokeRestart("muffleMessage") }
      a <- withCallingHandlers(eval(as.call(c(quote(anova), lapply(names(fits)[order(!vapply(fits, isS4, NA))], as.name), args)), globalenv()), message = say)
      names(a)[names(a) == "deviance"] <- "-2*log(L)"
      if (length(texts)) attr(a, "heading") <- c(texts, attr(a, "heading"))
      a
    },
    drop1 = do.call(if (models[[1]]$kind == "lmer") getFromNamespace("drop1.merMod", "lme4") else drop1, c(list(m1), args)),
    add1 = do.call(add1, c(list(m1), lapply(args, function(a) if (grepl("~", a)) as.formula(a) else a))),
    ranova = do.call(ranova, c(list(m1), args)))
  lines <- gsub("[\u2018\u2019]", "'", capture.output(stats:::print.anova(x)))
  cases[[name]] <<- list(verb = verb, data = data, models = models, arguments = args, names = I(rownames(x)), headers = I(colnames(x)),
    columns = unname(lapply(as.list(as.data.frame(unclass(x), check.names = FALSE)), function(v) I(as.numeric(v)))), lines = I(lines))
  cat(name, "\n"); print(x)
}
S <- "Reaction ~ Days + "
case("sleep", "anova", "sleepstudy", list(lm1("Reaction ~ Days"), lmer1(paste0(S, "(1 | Subject)")), lmer1(paste0(S, "(Days | Subject)"))))
case("sleep_order", "anova", "sleepstudy", list(lmer1(paste0(S, "(Days | Subject)"), FALSE), lmer1("Reaction ~ 1 + (1 | Subject)", FALSE), lmer1(paste0(S, "(1 | Subject)"), FALSE)))
case("sleep_restricted", "anova", "sleepstudy", list(lmer1(paste0(S, "(1 | Subject)")), lmer1(paste0(S, "(Days | Subject)"))), refit = FALSE)
case("unbalanced", "anova", "unbalanced", list(lmer1(paste0(S, "(1 | Subject)")), lmer1(paste0(S, "(Days || Subject)")), lmer1(paste0(S, "(Days | Subject)"))))
case("weighted", "anova", "weighted", list(lmer1(paste0(S, "(1 | Subject)"), weights = "w"), lmer1(paste0(S, "(Days | Subject)"), weights = "w"), lm1("Reaction ~ Days", weights = "w")))
case("drop_weighted", "drop1", "weighted", list(lmer1("Reaction ~ Days + I(Days^2) + (Days | Subject)", weights = "w")), test = "Chisq")
case("ranova_weighted", "ranova", "weighted", list(lmer1(paste0(S, "(Days | Subject)"), weights = "w")))
case("drop_lm_weighted", "drop1", "weighted", list(lm1("Reaction ~ Days + I(Days^2)", weights = "w")), test = "F")
case("singular", "anova", "Dyestuff2", list(lm1("Yield ~ 1"), lmer1("Yield ~ 1 + (1 | Batch)", FALSE)))
case("one_way", "anova", "Dyestuff", list(lmer1("Yield ~ 1 + (1 | Batch)"), lm1("Yield ~ 1")))
case("cake", "anova", "cake", list(lmer1("angle ~ recipe * temperature + (1 | recipe:replicate)"), lmer1("angle ~ recipe + temperature + (1 | recipe:replicate)"), lmer1("angle ~ recipe + (1 | recipe:replicate)")))
case("pastes", "anova", "Pastes", list(lmer1("strength ~ 1 + (1 | sample)"), lmer1("strength ~ 1 + (1 | batch) + (1 | sample)")))
case("penicillin", "anova", "Penicillin", list(lmer1("diameter ~ 1 + (1 | sample)"), lmer1("diameter ~ 1 + (1 | plate) + (1 | sample)")))
B <- "cbind(incidence, size - incidence) ~ "
case("cbpp", "anova", "cbpp", list(glmer1(paste0(B, "1 + (1 | herd)"), "binomial"), glmer1(paste0(B, "period + (1 | herd)"), "binomial")))
case("cbpp_glm", "anova", "cbpp", list(glmer1(paste0(B, "period + (1 | herd)"), "binomial"), glm1(paste0(B, "period"), "binomial")))
case("ticks", "anova", "grouseticks", list(glmer1("TICKS ~ YEAR + (1 | BROOD)", "poisson"), glmer1("TICKS ~ YEAR + (1 | BROOD) + (1 | LOCATION)", "poisson"), glmer1("TICKS ~ YEAR + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)", "poisson")))
case("contraception", "anova", "Contraception", list(glmer1("use ~ age + I(age^2) + urban + (1 | district)", "binomial"), glmer1("use ~ age + I(age^2) + urban + livch + (1 | district)", "binomial")))
case("lm_list", "anova", "cake", list(lm1("angle ~ 1"), lm1("angle ~ recipe"), lm1("angle ~ recipe * temperature")))
case("lm_list_chisq", "anova", "cake", list(lm1("angle ~ recipe"), lm1("angle ~ recipe * temperature")), test = "Chisq")
case("glm_list", "anova", "cbpp", list(glm1(paste0(B, "1"), "binomial"), glm1(paste0(B, "period"), "binomial")), test = "Chisq")
case("gamma_list", "anova", "sleepstudy", list(glm1("Reaction ~ 1", "Gamma"), glm1("Reaction ~ Days", "Gamma"), glm1("Reaction ~ Days + Subject", "Gamma")), test = "F")
case("drop_sleep", "drop1", "sleepstudy", list(lmer1(paste0(S, "(Days | Subject)"), FALSE)), test = "Chisq")
case("drop_restricted", "drop1", "sleepstudy", list(lmer1(paste0(S, "(1 | Subject)"))))
case("drop_unbalanced", "drop1", "unbalanced", list(lmer1("Reaction ~ Days + I(Days^2) + (Days | Subject)")), test = "Chisq")
case("drop_interaction", "drop1", "cake", list(lmer1("angle ~ recipe * temperature + (1 | recipe:replicate)")), test = "Chisq")
case("drop_additive", "drop1", "cake", list(lmer1("angle ~ recipe + temperature + (1 | replicate)")), test = "Chisq")
case("drop_no_intercept", "drop1", "cake", list(lmer1("angle ~ 0 + recipe + temperature + (1 | replicate)")), test = "Chisq")
case("drop_cbpp", "drop1", "cbpp", list(glmer1(paste0(B, "period + (1 | herd)"), "binomial")), test = "Chisq")
case("drop_contraception", "drop1", "Contraception", list(glmer1("use ~ age * urban + livch + (1 | district)", "binomial")), test = "Chisq")
case("drop_lm", "drop1", "cake", list(lm1("angle ~ recipe + temperature + replicate")))
case("drop_lm_F", "drop1", "cake", list(lm1("angle ~ recipe + temperature + replicate")), test = "F")
case("drop_lm_chisq", "drop1", "cake", list(lm1("angle ~ recipe + temperature + replicate")), test = "Chisq")
case("drop_lm_no_intercept", "drop1", "cake", list(lm1("angle ~ 0 + recipe + temperature")), test = "F")
case("drop_glm", "drop1", "cbpp", list(glm1(paste0(B, "period + herd"), "binomial")), test = "Chisq")
case("drop_glm_rao", "drop1", "cbpp", list(glm1(paste0(B, "period + herd"), "binomial")), test = "Rao")
case("drop_gamma", "drop1", "sleepstudy", list(glm1("Reaction ~ Days + Subject", "Gamma")), test = "Chisq")
case("drop_gamma_F", "drop1", "sleepstudy", list(glm1("Reaction ~ Days + Subject", "Gamma")), test = "F")
case("drop_gaussian", "drop1", "sleepstudy", list(glm1("Reaction ~ Days + Subject", "gaussian")), test = "Chisq")
case("drop_poisson", "drop1", "grouseticks", list(glm1("TICKS ~ YEAR * HEIGHT", "poisson")))
case("add_lm", "add1", "cake", list(lm1("angle ~ recipe")), scope = "~ . + temperature * replicate", test = "F")
case("add_lm_chisq", "add1", "cake", list(lm1("angle ~ recipe")), scope = "~ . + temperature + replicate", test = "Chisq")
case("add_glm", "add1", "cbpp", list(glm1(paste0(B, "period"), "binomial")), scope = "~ . + herd", test = "Chisq")
case("add_glm_rao", "add1", "cbpp", list(glm1(paste0(B, "1"), "binomial")), scope = "~ . + herd + period", test = "Rao")
case("add_gamma", "add1", "sleepstudy", list(glm1("Reaction ~ Days", "Gamma")), scope = "~ . + Subject + I(Days^2)", test = "F")
case("ranova_sleep", "ranova", "sleepstudy", list(lmer1(paste0(S, "(Days | Subject)"))))
case("ranova_whole", "ranova", "sleepstudy", list(lmer1(paste0(S, "(Days | Subject)"))), reduce.terms = FALSE)
case("ranova_ml", "ranova", "unbalanced", list(lmer1(paste0(S, "(Days | Subject)"), FALSE)))
case("ranova_cake", "ranova", "cake", list(lmer1("angle ~ recipe * temperature + (1 | recipe:replicate)")))
case("ranova_penicillin", "ranova", "Penicillin", list(lmer1("diameter ~ 1 + (1 | plate) + (1 | sample)")))
case("ranova_pastes", "ranova", "Pastes", list(lmer1("strength ~ 1 + (1 | batch/cask)")))
case("ranova_singular", "ranova", "Dyestuff2", list(lmer1("Yield ~ 1 + (1 | Batch)")))
case("ranova_factor", "ranova", "cake", list(lmer1("angle ~ recipe + temperature + (recipe | replicate)")))
writeLines(toJSON(cases, digits = NA, auto_unbox = TRUE, na = "null"), con <- gzfile("reference.json.gz")); close(con)
