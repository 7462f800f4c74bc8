# glmmTMB's fits by REML: the rows, and of every model -2 log restricted likelihood, estimates and their covariance.
#
#   Rscript tests/reference/restricted/restricted.R     -> rows.csv, models.json
#
# Quirks of 1.1.5: betad of a gaussian is log sigma^2, so that there half of it is ours; theta are log standard deviations
# and, of a slope, the scaled element below the diagonal. vcov(full = TRUE) is in these, in the order beta, betazi, betad, theta.

suppressMessages({library(glmmTMB); library(jsonlite)})

here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
set.seed(20)
groups <- 12; each <- 12; n <- groups * each
d <- data.frame(g = rep(seq_len(groups), each = each), x = round(rnorm(n), 3))
b <- 0.6 * rnorm(groups); s <- 0.3 * rnorm(groups)
eta <- 0.7 + 0.4 * d$x + b[d$g] + s[d$g] * d$x
p <- plogis(eta - 0.7)
d$count <- rnbinom(n, mu = exp(eta), size = 1.7)
d$zeros <- ifelse(runif(n) < plogis(-1 + 0.5 * d$x), 0L, rpois(n, exp(eta)))
d$share <- round(pmin(pmax(rbeta(n, 6 * p, 6 * (1 - p)), 0.001), 0.999), 6)
d$real <- round(eta + exp(-0.2 + 0.3 * d$x) * rnorm(n), 5)
write.csv(d, file.path(here, "rows.csv"), row.names = FALSE)

models <- list(
  list(name = "nbinom2", family = "nbinom2", formula = count ~ x + (1 | g)),
  list(name = "nbinom2, slopes", family = "nbinom2", formula = count ~ x + (1 + x | g)),
  list(name = "nbinom1, dispersion", family = "nbinom1", formula = count ~ x + (1 | g), disp = ~x),
  list(name = "poisson, zeros", family = "poisson", formula = zeros ~ x + (1 | g), zi = ~x),
  list(name = "poisson, zeros by group", family = "poisson", formula = zeros ~ x + (1 | g), zi = ~ 1 + (1 | g)),
  list(name = "beta", family = "beta_family", formula = share ~ x + (1 | g)),
  list(name = "beta, dispersion", family = "beta_family", formula = share ~ x + (1 | g), disp = ~x),
  list(name = "gaussian, dispersion", family = "gaussian", formula = real ~ x + (1 + x | g), disp = ~x)
)
d$g <- factor(d$g)
fitted <- lapply(models, function(m) {
  zi <- if (is.null(m$zi)) ~0 else m$zi
  disp <- if (is.null(m$disp)) ~1 else m$disp
  link <- c(gaussian = "identity", beta_family = "logit")[m$family]
  family <- get(m$family)(link = if (is.na(link)) "log" else link)
  control <- glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-14, x.tol = 1e-12))
  fit <- glmmTMB(m$formula, d, family, ziformula = zi, dispformula = disp, REML = TRUE, control = control)
  par <- fit$obj$env$last.par.best
  list(name = m$name, formula = deparse(m$formula), family = sub("_family", "", m$family), zi = deparse(zi),
       disp = deparse(disp), criterion = -2 * as.numeric(logLik(fit)), beta = unname(fixef(fit)$cond),
       betazi = unname(fixef(fit)$zi), betad = unname(fixef(fit)$disp), theta = unname(par[names(par) == "theta"]),
       thetazi = unname(par[names(par) == "thetazi"]), vcov = unname(as.matrix(vcov(fit)$cond)),
       vcovzi = if (length(fixef(fit)$zi)) unname(as.matrix(vcov(fit)$zi)))
})
write_json(fitted, file.path(here, "models.json"), digits = 15, auto_unbox = TRUE, pretty = TRUE, null = "null")
