# Bootstrap intervals of R's boot, tests of pbkrtest from given reference distributions, and lme4 fitted to many responses
# one after the other.
#
#     Rscript make_reference.R        writes reference.json.gz beside itself (R 4.2, boot, pbkrtest, lme4, lmerTest)
#
# lme4 is taken at its tightened optimum (../lmm/tighten.R); numbers that are given to R and to the tests are rounded first.

suppressMessages({library(lme4); library(boot); library(pbkrtest); library(lmerTest); library(jsonlite)})
source("../lmm/tighten.R")
lmer <- lme4::lmer
set.seed(4)
short <- function(x, digits = 6) signif(x, digits)

# -- intervals ---------------------------------------------------------------------------------------------------------------

fit <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
stats <- function(m) c(fixef(m), sigma(m), sqrt(VarCorr(m)$Subject[1, 1]), exp(fixef(m)[["Days"]] / 10))
drawn <- suppressMessages(bootMer(fit, stats, nsim = 199, seed = 2))
mats <- list(
  sleep = list(t0 = short(unname(stats(fit))), t = unname(short(drawn$t)), L = short(matrix(rexp(18 * 5) - 1, 18))),
  skew = list(t0 = c(1.1, 0.7), t = short(cbind(rexp(999), rgamma(999, 2) / 2)), L = short(cbind(rexp(40) - 1, rnorm(40)))),
  gaps = list(t0 = 0.1, t = short(matrix(ifelse(runif(60) < 0.1, NA, rt(60, 3)), 60)), L = short(matrix(rnorm(9), 9))),
  few = list(t0 = 2, t = short(matrix(rnorm(12, 2), 12)), L = short(matrix(rnorm(7), 7))))
ends <- function(ci, type) {
  found <- if (type == "normal") ci$normal[2:3] else ci[[type]][4:5]
  as.numeric(found)
}
intervals <- lapply(mats, function(m) {
  made <- list(t0 = m$t0, t = m$t, R = nrow(m$t), data = data.frame(x = 1), seed = 1, statistic = NULL, sim = "parametric",
               call = quote(boot()), strata = 1, weights = 1)
  class(made) <- "boot"
  found <- list()
  for (level in c(0.8, 0.95, 0.99)) for (j in seq_along(m$t0)) {
    ci <- suppressWarnings(boot.ci(made, conf = level, type = c("perc", "basic", "norm", "bca"), index = j, L = m$L[, j]))
    found <- c(found, list(list(level = level, column = j - 1, perc = ends(ci, "percent"), basic = ends(ci, "basic"),
                                norm = ends(ci, "normal"), bca = ends(ci, "bca"))))
  }
  c(m, list(found = found))
})

# -- tests -------------------------------------------------------------------------------------------------------------------

large <- lmer(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
small <- lmer(Reaction ~ 1 + (Days | Subject), sleepstudy, REML = FALSE)
refs <- list(
  chisq = list(stat = 4.2, df = 1, ref = short(rchisq(200, 1) * 1.2)),
  boundary = list(stat = 2.3, df = 1, ref = short(ifelse(runif(150) < 0.4, -1e-7, rchisq(150, 1)))),
  several = list(stat = 9.7, df = 3, ref = short(rchisq(300, 3) * 1.1 + 0.05)),
  heavy = list(stat = 21.5, df = 2, ref = short(rf(120, 2, 6) * 2)))
tests <- lapply(refs, function(r) {
  r$summary <- pbkrtest:::.summarizePB(c(r$stat, r$df), r$ref)$test
  found <- pbkrtest:::.finalizePB(c(r$stat, r$df), r$ref)
  r$test <- found$test
  r$samples <- unname(found$samples)
  r$extreme <- found$n.extreme
  r
})
ref <- short(rchisq(99, 1) * 1.1)
whole <- PBmodcomp(large, small, ref = ref)
printed <- list(ref = ref, print = capture.output(print(whole)), summary = capture.output(print(summary(whole))),
                test = whole$test)

# -- many responses ----------------------------------------------------------------------------------------------------------

noise <- function(m, sds) {
  b <- as.vector(crossprod(getME(m, "Lambdat"), rnorm(getME(m, "q")))) * sds
  short(as.vector(getME(m, "X") %*% fixef(m) + getME(m, "Z") %*% b * sigma(m) + rnorm(nobs(m)) * sigma(m)))
}
designs <- list(
  slopes = list(data = "sleepstudy", formula = Reaction ~ Days + (Days | Subject), scales = c(1, 1, 0.6, 0)),
  apart = list(data = "sleepstudy", formula = Reaction ~ Days + (Days || Subject), scales = c(1, 0, 0.3)),
  batches = list(data = "Dyestuff", formula = Yield ~ 1 + (1 | Batch), scales = c(1, 0, 0, 2)),
  crossed = list(data = "Penicillin", formula = diameter ~ 1 + (1 | plate) + (1 | sample), scales = c(1, 0.2, 0)),
  nested = list(data = "Pastes", formula = strength ~ 1 + (1 | batch / cask), scales = c(1, 0.5, 0)),
  cakes = list(data = "cake", formula = angle ~ recipe + temp + (1 | recipe:replicate), scales = c(1, 0)),
  weighted = list(data = "sleepstudy", formula = Reaction ~ Days + (1 | Subject), scales = c(1, 0),
                  weights = rep(c(1, 2, 0.5), 60)))
many <- lapply(designs, function(d) {
  data <- get(d$data)
  data$.w <- if (is.null(d$weights)) 1 else d$weights
  environment(d$formula) <- environment()
  base <- suppressMessages(lmer(d$formula, data, weights = .w))
  y <- sapply(d$scales, function(s) noise(base, s))
  whole <- data
  found <- lapply(seq_len(ncol(y)), function(j) {
    data <- whole
    data[[as.character(d$formula[[2]])]] <- y[, j]
    m <- if (is.null(d$weights)) tight_lmer(d$formula, data) else tight_lmer(d$formula, data, weights = d$weights)
    vc <- as.data.frame(VarCorr(m))
    parsed <- suppressMessages(lFormula(d$formula, data, weights = .w))
    df <- numeric(0)
    if (!isSingular(m)) {
      lt <- suppressMessages(lmerTest:::as_lmerModLT(m, do.call(mkLmerDevfun, parsed)))
      df <- unname(coef(summary(lt))[, "df"])
    }
    list(beta = unname(fixef(m)), se = unname(sqrt(diag(as.matrix(vcov(m))))), criterion = REMLcrit(m),
         sdcor = vc$sdcor, singular = isSingular(m), df = I(df))
  })
  list(data = d$data, formula = deparse1(d$formula), weights = d$weights, y = y, found = found)
})

out <- gzfile("reference.json.gz", "w")
writeLines(toJSON(list(intervals = intervals, tests = tests, printed = printed, many = many), digits = NA, auto_unbox = TRUE,
                  na = "null", null = "null"), out)
close(out)
