# predict() of lme4 with newparams and random.only -> newparams.json
#
#   Rscript tests/reference/predict/make_newparams.R
#

suppressMessages({library(lme4); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
first <- function(x) I(unname(as.numeric(x))[1:12])
sleep <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
herds <- glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial)
new <- list(beta = c(250, 10), theta = c(2, 0.1, 0.5), sigma = 30)
odds <- list(beta = c(-1, -0.5, -0.5, -1), theta = 1)
out <- list(
  sleep_all = first(predict(sleep, newparams = new)),
  sleep_population = first(predict(sleep, newparams = new, re.form = NA)),
  sleep_random = first(predict(sleep, random.only = TRUE)),
  sleep_intercepts = first(predict(sleep, random.only = TRUE, re.form = ~ (1 | Subject))),
  herds_all = first(predict(herds, newparams = odds, type = "response")),
  herds_population = first(predict(herds, newparams = odds, re.form = NA)),
  herds_random = first(predict(herds, random.only = TRUE))
)
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), file.path(here, "newparams.json"))
