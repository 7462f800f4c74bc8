# Values of the texts' examples beyond what they print: run by hand, writes reference.json and shrinkage.csv beside itself.
#   Rscript tests/seeds/make_reference.R <folder with animals.csv.gz>
suppressMessages({library(lme4); library(jsonlite); library(pbkrtest); library(RLRsim); library(multcomp)})
data_folder <- commandArgs(TRUE)[1]
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(here, "..", "reference", "lmm", "tighten.R"))
shown <- function(model) capture.output(print(summary(model)))
as_shown <- function(model, call) { model@call <- call; shown(model) }
out <- list()

sleep2 <- transform(subset(sleepstudy, Days >= 2), days_deprived = Days - 2)
partial <- tight_lmer(Reaction ~ days_deprived + (days_deprived | Subject), sleep2)
days <- expand.grid(days_deprived = 8:10, Subject = levels(sleep2$Subject))
formulas <- c("(1 | Subject)", "(1 + days_deprived | Subject)", "(days_deprived | Subject)", "(0 + days_deprived | Subject)",
              "(days_deprived || Subject)")
out$sleep2 <- list(
  text = as_shown(partial, quote(lmer(formula = Reaction ~ days_deprived + (days_deprived | Subject), data = sleep2))),
  predicted = unname(predict(partial, days)), population = unname(predict(partial, days, re.form = NA))[1:3],
  fitted = unname(fitted(partial)), residuals = unname(resid(partial)),
  complete = shown(lm(Reaction ~ days_deprived, sleep2)),
  none = shown(lm(Reaction ~ days_deprived + Subject + days_deprived:Subject, data = sleep2)),
  formulas = lapply(formulas, function(text) {
    m <- tight_lmer(as.formula(paste("Reaction ~ days_deprived +", text)), sleep2)
    list(text = text, criterion = REMLcrit(m), varcorr = lapply(unname(as.list(VarCorr(m))), function(v) unname(as.matrix(v)[, , drop = FALSE])),
         sigma = sigma(m))
  })
)

sites <- read.csv(file.path(here, "sites.csv"), stringsAsFactors = TRUE)
dat <- sites
mm1 <- tight_lmer(y ~ x + (1 | site), data = dat)
mm2 <- tight_lmer(y ~ x + (x | site), data = dat)
out$sites <- list(
  slope = shown(lm(y ~ x, data = dat)), groups = shown(lm(y ~ site, data = dat)),
  intercepts = as_shown(mm1, quote(lmer(formula = y ~ x + (1 | site), data = dat))),
  both = as_shown(mm2, quote(lmer(formula = y ~ x + (x | site), data = dat))),
  ranef = unname(as.matrix(ranef(mm2)$site)), predicted = head(unname(predict(lm(y ~ x, dat))))
)

animals <- read.csv(file.path(data_folder, "animals.csv.gz"), na.strings = "", stringsAsFactors = TRUE)
an1 <- tight_lmer(log(weight) ~ (1 | species_id) + hindfoot_length, animals)
an2 <- tight_lmer(log(weight) ~ (1 + hindfoot_length | species_id), data = animals)
out$animals <- list(
  intercepts = as_shown(an1, quote(lmer(formula = log(weight) ~ (1 | species_id) + hindfoot_length, data = animals))),
  slopes = as_shown(an2, quote(lmer(formula = log(weight) ~ (1 + hindfoot_length | species_id), data = animals))),
  criteria = c(REMLcrit(an1), REMLcrit(an2)),
  line = shown(lm(log(weight) ~ hindfoot_length, animals)), species = shown(lm(log(weight) ~ species_id, animals))
)

# The text's simulation has no seed: the first of ours whose fit lies on the boundary stands for it.
for (seed in 1:200) {
  set.seed(seed)
  group <- factor(sample(c("A", "B", "C", "D"), 100, TRUE))
  x <- rnorm(100)
  y <- c(2, 3, 1, 2.5)[group] + x * c(1, 0.5, 1.2, 0)[group] + rnorm(100)
  shrinks <- data.frame(group, x = round(x, 6), y = round(y, 6))
  m <- suppressMessages(tight_lmer(y ~ (1 + x | group), data = shrinks))
  if (isSingular(m)) break
}
write.csv(shrinks, file.path(here, "shrinkage.csv"), row.names = FALSE, quote = FALSE)
out$shrinkage <- list(
  seed = seed, criterion = REMLcrit(m), ranef = unname(as.matrix(ranef(m)$group)), sigma = sigma(m),
  varcorr = unname(as.matrix(VarCorr(m)$group)[, ]), beta = unname(fixef(m)),
  no_pooling = unname(coef(lm(y ~ group * x, data = shrinks)))
)

# The text "Models": Y ~ C + ..., with factors A (15 levels) and B (25 levels).
set.seed(42)
A <- factor(sprintf("a%02d", sample(15, 300, TRUE))); B <- factor(sprintf("b%02d", sample(25, 300, TRUE)))
C <- round(rnorm(300), 6)
Y <- round(2 + C + rnorm(15)[A] + 0.7 * rnorm(15)[A] * C + 0.8 * rnorm(25)[B] + rnorm(300), 6)
abc <- data.frame(A, B, C, Y)
write.csv(abc, file.path(here, "models.csv"), row.names = FALSE, quote = FALSE)
texts <- c("Y ~ C + (1|B)", "Y ~ C + A + (1|B)", "Y ~ C + (1|A) + (0+C|A)", "Y ~ C + (1|A) + (1|B)", "Y ~ C + (1 + C | A)", "Y ~ C + (C | A)")
out$models <- lapply(texts, function(text) {
  m <- tight_lmer(as.formula(text), abc)
  list(formula = text, criterion = REMLcrit(m), theta = I(unname(getME(m, "theta"))), p = length(fixef(m)), q = ncol(getME(m, "Z")),
       effects = lapply(unname(m@cnms), I), groups = I(names(m@cnms)), sigma = sigma(m), beta = I(unname(fixef(m))))
})

# Tests that the texts name beside the numbers they print: of the exercises' models of the sleep study, and of the bats.
tested <- function(model, smaller) {
  kr <- KRmodcomp(model, smaller)$test["Ftest", ]
  list(lrt = anova(model, smaller)[2, "Chisq"], kr = I(as.numeric(kr[c("stat", "ndf", "ddf", "p.value")])))
}
levels_only <- tight_lmer(Reaction ~ Days + (1 | Subject), sleepstudy)
bats <- read.csv(file.path(data_folder, "batMass.csv"), stringsAsFactors = TRUE)
bats_model <- tight_lmer(mass ~ forest * species + (1 | sites), bats)
slopes_of <- matrix(c(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, -1, 1), 3, byrow = TRUE)
out$tests <- list(
  sleep = tested(levels_only, tight_lmer(Reaction ~ 1 + (1 | Subject), sleepstudy)),
  sleep_rlrt = unname(exactRLRT(levels_only, nsim = 100)$statistic),
  sites = tested(mm2, tight_lmer(y ~ 1 + (x | site), data = dat)),
  bats = tested(bats_model, tight_lmer(mass ~ forest + species + (1 | sites), bats)),
  bats_glht = I(as.numeric(summary(glht(bats_model, slopes_of), test = adjusted("none"))$test$pvalues))
)

writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, matrix = "rowmajor", pretty = 1), file.path(here, "reference.json"))
