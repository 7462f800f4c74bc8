# Small-sample tests of fits by maximum likelihood, as lmerTest and pbkrtest have them.
# Run in this folder: Rscript make_ml.R
# lmerTest's tables are of the fit itself; KRmodcomp and SATmodcomp of pbkrtest refit it by REML.
suppressPackageStartupMessages({library(lmerTest); library(pbkrtest); library(jsonlite)})

sleep <- droplevels(subset(lme4::sleepstudy, Subject %in% c("308", "309", "310", "330")))
cake <- lme4::cake[1:245, ]
fits <- list(
  sleep = lmer(Reaction ~ Days + (Days | Subject), sleep, REML = FALSE),
  cake = lmer(angle ~ recipe * temp + (1 | recipe:replicate), cake, REML = FALSE)
)
smaller <- list(sleep = . ~ . - Days, cake = . ~ . - recipe:temp)

numbers <- function(name) {
  fit <- fits[[name]]
  small <- update(fit, smaller[[name]])
  terms <- as.data.frame(anova(fit))
  list(
    coefficients = unname(as.matrix(coef(summary(fit)))),
    anova = unname(as.matrix(terms[c("NumDF", "DenDF", "F value", "Pr(>F)")])),
    contest = unname(as.matrix(contest(fit, diag(length(fixef(fit))))[c("NumDF", "DenDF", "F value", "Pr(>F)")])),
    satmodcomp = unname(unlist(SATmodcomp(fit, small)$test)),
    krmodcomp = unname(unlist(getKR(KRmodcomp(fit, small))[c("Fstat", "ndf", "ddf", "p.value")]))
  )
}
out <- sapply(names(fits), numbers, simplify = FALSE)
write(toJSON(out, digits = NA, pretty = TRUE, auto_unbox = TRUE), "ml.json")
