# What the texts' pictures of effects show, and the bats with their sites as random and as fixed effects.
#   Rscript tests/seeds/make_effects_reference.R <folder with batMass.csv>; writes effects_reference.json beside itself.
suppressMessages({library(lme4); library(jsonlite); library(ggeffects)})
data_folder <- commandArgs(TRUE)[1]
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(here, "..", "reference", "lmm", "tighten.R"))
shown <- function(table) list(x = I(table$x), group = I(as.character(table$group)), predicted = I(table$predicted),
                              std_error = I(table$std.error), conf_low = I(table$conf.low), conf_high = I(table$conf.high))

sites <- read.csv(file.path(here, "sites.csv"), stringsAsFactors = TRUE)
mm1 <- tight_lmer(y ~ x + (1 | site), data = sites)
mm2 <- tight_lmer(y ~ x + (x | site), data = sites)
bats <- read.csv(file.path(data_folder, "batMass.csv"), stringsAsFactors = TRUE)
random <- tight_lmer(mass ~ forest * species + (1 | sites), bats)
fixed <- lm(mass ~ forest * species + sites, bats)

values <- list(
  intercepts = shown(ggpredict(mm1, "x [-10, -5, 0, 5, 10]")),
  slopes = shown(ggpredict(mm2, "x [-10, -5, 0, 5, 10]")),
  bats = shown(ggpredict(random, c("forest [0, 50, 100]", "species"))),
  bats_random = list(beta = I(unname(fixef(random))), se = I(unname(sqrt(diag(as.matrix(vcov(random))))))),
  bats_fixed = list(beta = I(unname(coef(fixed))), se = I(unname(sqrt(diag(vcov(fixed))))), names = I(names(coef(fixed))),
                    f = I(anova(fixed)[["F value"]][1:4]))
)
writeLines(toJSON(values, auto_unbox = TRUE, digits = NA, pretty = 1), file.path(here, "effects_reference.json"))
