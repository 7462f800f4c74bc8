# Influence, leverage and standardised residuals of lme4, HLMdiag and stats -> reference.json.gz
#
#   Rscript tests/reference/influence/make_reference.R
#
# lme4's influence() fits again without each group, with its optimiser's own tolerance. HLMdiag keeps the variances, and refuses
# leverages of crossed factors.

suppressMessages({library(lme4); library(HLMdiag); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
data_of <- function(name) file.path(here, "..", "..", "..", "python", "mixedmodels", "datasets", "data", name)

sites <- read.csv(gzfile(data_of("sites.csv.gz")))
sites$site <- factor(sites$site)
cake <- transform(lme4::cake, rr = interaction(recipe, replicate, sep = ":"))

kept <- function(model, group) {  # with the variances kept
  list(cooks = unname(HLMdiag:::cooks.distance.lmerMod(model, level = group)), mdffits = unname(mdffits(model, level = group)),
       covratio = unname(covratio(model, level = group)), covtrace = unname(covtrace(model, level = group)))
}

refitted <- function(model, group) {
  found <- suppressWarnings(influence(model, group))
  list(labels = as.character(found$deleted), fixed = unname(found[[sprintf("fixed.effects[-%s]", group)]]),
       variances = unname(found[[sprintf("var.cov.comps[-%s]", group)]]), dfbetas = tryCatch(unname(dfbetas(found)), error = function(e) NULL), # it fails with one coefficient
       
       dfbeta = unname(dfbeta(found)), cooks = unname(cooks.distance(found)))
}

by_row <- function(model) suppressWarnings(list(
  hat = unname(hatvalues(model)), rstudent = unname(rstudent(model)), cooks = unname(lme4:::cooks.distance.merMod(model))))

mixed <- function(model, groups, nested = TRUE, hlm = TRUE) {
  out <- list(row = by_row(model), groups = lapply(setNames(groups, groups), function(g) c(
    if (hlm) list(kept = kept(model, g)), list(refit = refitted(model, g)))))
  if (hlm) out$rows <- kept(model, 1)
  if (nested && hlm) out$leverage <- as.list(leverage(model))
  out
}

fixed <- function(model) {
  standard <- if (inherits(model, "glm")) list(rstandard = unname(rstandard(model)),
    rstandard_pearson = unname(rstandard(model, type = "pearson"))) else list(rstandard = unname(rstandard(model)))
  c(standard, list(hat = unname(hatvalues(model)), rstudent = unname(rstudent(model)), cooks = unname(cooks.distance(model)),
    covratio = unname(stats::covratio(model)), dfbeta = unname(dfbeta(model)), dfbetas = unname(dfbetas(model))))
}

weights <- cake$temp / 200
out <- list(
  sleepstudy = mixed(lmer(Reaction ~ Days + (Days | Subject), sleepstudy), "Subject"),
  cake = mixed(lmer(angle ~ recipe * temperature + (1 | rr), cake), "rr"),
  sites = mixed(lmer(y ~ x + (x | site), sites), "site"),
  Penicillin = mixed(lmer(diameter ~ 1 + (1 | plate) + (1 | sample), Penicillin), c("plate", "sample"), nested = FALSE),
  Pastes = mixed(lmer(strength ~ 1 + (1 | batch) + (1 | sample), Pastes), c("batch", "sample"), nested = FALSE),
  cbpp = mixed(glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial), "herd", hlm = FALSE),
  lm = fixed(lm(angle ~ recipe + temp, cake, weights = weights)),
  binomial = fixed(glm(cbind(incidence, size - incidence) ~ period, binomial, cbpp)),
  poisson = fixed(glm(TICKS ~ YEAR + cHEIGHT, poisson, grouseticks)),
  Gamma = fixed(glm(angle ~ recipe + temp, Gamma("log"), cake)),
  versions = list(R = R.version.string, lme4 = as.character(packageVersion("lme4")), HLMdiag = as.character(packageVersion("HLMdiag")))
)
connection <- gzfile(file.path(here, "reference.json.gz"), "w")
write(toJSON(out, digits = 12, auto_unbox = TRUE, na = "null", null = "null"), connection)
close(connection)
