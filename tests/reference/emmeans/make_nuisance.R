# Nuisance factors and adjustments among groups of emmeans -> nuisance.json
#
#   Rscript tests/reference/emmeans/make_nuisance.R
#
# Data: cbpp and cake of lme4, with made-up factors that their rows' numbers give.

suppressMessages({library(lme4); library(emmeans); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
frame <- function(x) {
  table <- as.data.frame(if (is(x, "emmGrid")) summary(x) else x)
  lapply(as.list(table), function(v) I(unname(if (is.factor(v)) as.character(v) else v)))
}
n <- seq_len(nrow(cake)) - 1
d <- transform(cake, day = factor(n %% 4), oven = factor(n %% 7 %/% 3), tester = factor(n %% 5))
m <- lmer(angle ~ recipe * temp + day + oven + tester + (1 | replicate), d)
e <- function(...) emmeans(m, ..., lmer.df = "asymptotic")
pairs_by <- pairs(e(~ recipe | temp, at = list(temp = c(175, 200, 225)), nuisance = c("day", "oven")))
out <- list(
  equal = frame(e("recipe", nuisance = c("day", "oven", "tester"))),
  proportional = frame(e("recipe", nuisance = c("day", "oven", "tester"), wt.nuis = "proportional")),
  others = frame(e("recipe", non.nuisance = c("recipe", "temp", "day"))),
  plain = frame(pairs_by)
)
for (method in c("bonferroni", "holm", "sidak", "BH")) out[[method]] <- frame(summary(pairs_by, cross.adjust = method))
writeLines(capture.output(print(e("recipe", nuisance = c("day", "oven")))), file.path(here, "nuisance.txt"))
writeLines(capture.output(print(summary(pairs_by, cross.adjust = "holm"))), file.path(here, "cross_adjust.txt"))
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), file.path(here, "nuisance.json"))
