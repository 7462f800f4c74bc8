# Predictions of the texts' models by ggeffects (1.2.0) -> effects.json
#   Rscript tests/seeds/make_effects.R <folder with batMass.csv>
suppressMessages({library(lme4); library(ggeffects); library(emmeans); library(jsonlite)})
data_folder <- commandArgs(TRUE)[1]
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(here, "..", "reference", "lmm", "tighten.R"))
values <- function(g) {
  g <- as.data.frame(g)
  list(x = I(g$x), group = I(as.character(g$group)), predicted = I(g$predicted), std_error = I(g$std.error), conf_low = I(g$conf.low), conf_high = I(g$conf.high))
}

bats <- read.csv(file.path(data_folder, "batMass.csv"), stringsAsFactors = TRUE)
random <- tight_lmer(mass ~ forest * species + (1 | sites), data = bats)
fixed <- lm(mass ~ forest * species + sites, data = bats)
terms <- c("forest [0, 25, 50, 100]", "species")
sites <- read.csv(file.path(here, "sites.csv"), stringsAsFactors = TRUE)
slopes <- tight_lmer(y ~ x + (x | site), data = sites)
out <- list(
  bats_random = values(ggpredict(random, terms)), bats_fixed = values(ggpredict(fixed, terms)),
  bats_fixed_mean = values(ggemmeans(fixed, terms)), sites = values(ggpredict(slopes, "x")),
  sites_by_site = values(ggpredict(slopes, c("x [-10, 0, 10]", "site"), type = "random")),
  sites_residuals = I(residualize_over_grid(ggpredict(slopes, "x"), slopes)$predicted)
)
writeLines(toJSON(out, auto_unbox = TRUE, digits = 12), file.path(here, "effects.json"))
