# glmmTMB's fits of the families that lme4 does not have, with and without random effects -> rows.csv, reference.json
#
#   Rscript tests/reference/more_families/make_reference.R
#
# glmmTMB 1.1.5 has no nbinom12, bell, lognormal and skewnormal, and takes minutes for 
# truncated_compois; its ordbeta ends with NaN at the start. One table serves all families of one kind of response:
# what is compared is the likelihood, not whether the family is the right one.

suppressMessages({library(glmmTMB); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))

set.seed(20)
n <- 240
d <- data.frame(g = sprintf("g%02d", rep(1:16, each = 15)), x = round(rnorm(n), 2))
b <- rnorm(16, sd = 0.5)[rep(1:16, each = 15)]
eta <- 0.5 + 0.4 * d$x + b
d$count <- rnbinom(n, mu = exp(eta), size = 2.5)
d$some <- d$count + 1
d$trials <- 4 + rpois(n, 5)
share <- rbeta(n, 6 * plogis(eta - 0.5), 6 * plogis(0.5 - eta))
d$hits <- rbinom(n, d$trials, share)
d$share <- round(pmin(pmax(share, 0.01), 0.99), 3)
d$slider <- ifelse(eta + rlogis(n) < -1.2, 0, ifelse(eta + rlogis(n) > 2.5, 1, d$share))
jumps <- rpois(n, exp(eta) * 0.8)
d$amount <- round(sapply(jumps, function(k) sum(rgamma(k, 1.5, 1.2))), 3)
d$long <- round(eta + 0.6 * rt(n, 4), 3)
write.csv(d, file.path(here, "rows.csv"), row.names = FALSE, quote = FALSE)

control <- glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-15, x.tol = 1e-12))
cases <- list(
  nbinom1 = list("count", nbinom1()),
  genpois = list("count", genpois()),
  truncated_poisson = list("some", truncated_poisson()), truncated_nbinom1 = list("some", truncated_nbinom1()),
  truncated_nbinom2 = list("some", truncated_nbinom2()), truncated_genpois = list("some", truncated_genpois()),
  beta = list("share", beta_family()), beta_probit = list("share", beta_family("probit")),
  betabinomial = list("cbind(hits, trials - hits)", betabinomial()),
  tweedie = list("amount", tweedie()), t = list("long", t_family()), compois = list("count", compois())
)
one <- function(case, right) {
  formula <- as.formula(paste(case[[1]], right))
  fit <- glmmTMB(formula, d, case[[2]], control = control)
  vc <- VarCorr(fit)$cond
  list(
    response = case[[1]], family = fit$modelInfo$family$family, link = fit$modelInfo$family$link,
    twice = -2 * as.numeric(logLik(fit)), beta = unname(fixef(fit)$cond),
    se = unname(sqrt(diag(vcov(fit)$cond))), sd = if (length(vc)) unname(attr(vc[[1]], "stddev")) else NULL,
    sigma = sigma(fit), psi = unname(fit$fit$par[names(fit$fit$par) %in% c("psi", "thetaf")]),
    params = as.list(family_params(fit)), gradient = max(abs(fit$obj$gr(fit$fit$par))),
    means = unname(head(predict(fit, type = "response"), 5)), pearson = tryCatch(
      unname(head(residuals(fit, "pearson"), 5)), error = function(e) NULL)
  )
}
out <- list()
for (name in names(cases)) {
  message(name)
  out <- c(out, list(list(
    name = name, mixed = one(cases[[name]], "~ x + (1 | g)"), fixed = one(cases[[name]], "~ x"))))
  write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE, null = "null"), file.path(here, "reference.json"))
}
