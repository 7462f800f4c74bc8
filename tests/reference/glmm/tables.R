# The tables of the reference models, from fixed seeds or from R's packages (see README.md); writes tables/<name>.csv.gz.
#
#   Rscript tests/reference/glmm/tables.R

here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
dir.create(file.path(here, "tables"), showWarnings = FALSE)
RNGversion("4.2.0")

keep <- function(frame, name) {
  target <- gzfile(file.path(here, "tables", paste0(name, ".csv.gz")), "w", compression = 9)
  write.csv(frame, target, row.names = FALSE, quote = FALSE)
  close(target)
}
level <- function(prefix, i) sprintf("%s%03d", prefix, as.integer(i))
pick <- function(levels, n) sample(levels, n, TRUE, prob = seq_len(levels)^0.7)  # unbalanced
draw <- function(levels, sd) rnorm(levels, 0, sd)
effect <- function(v) v - mean(v)

# Counts: plots within sites, crossed with observers.
set.seed(101)
n <- 600
site <- pick(30, n); plot <- (site - 1) * 3 + sample(3, n, TRUE); observer <- sample(8, n, TRUE)
x <- round(rnorm(n), 3); z <- round(runif(n, -1, 1), 3); f <- sample(3, n, TRUE); effort <- round(runif(n, 0.5, 4), 2)
b0 <- draw(30, 0.6); b1 <- 0.5 * b0 + draw(30, 0.3); p0 <- draw(90, 0.4); o0 <- draw(8, 0.35); o1 <- draw(8, 0.25)
eta <- 0.7 + 0.3 * x - 0.2 * z + c(0, 0.3, -0.4)[f] + b0[site] + b1[site] * x + p0[plot] + o0[observer] + o1[observer] * z
keep(data.frame(
  site = level("s", site), plot = level("p", plot), observer = level("o", observer), f = level("f", f), x, z, effort,
  cases = sample(3, n, TRUE), expo = round(log(effort), 4),
  count = rpois(n, exp(eta)), rate = rpois(n, effort * exp(eta - 0.5)), nb = rnbinom(n, size = 1.8, mu = exp(eta)),
  root = rpois(n, (3 + 0.3 * x + 0.7 * b0[site] + 0.4 * b1[site] * x + 0.7 * p0[plot] + o0[observer])^2),
  nbroot = rnbinom(n, size = 4, mu = (3.5 + 0.3 * x + 0.8 * b0[site] + 0.5 * p0[plot])^2),
  linear = rpois(n, 9 + 0.6 * x + 1.5 * z + 2.5 * b0[site]), flat = rpois(n, exp(0.8 + 0.3 * x + p0[plot]))
), "counts")

# Successes of trials: subjects crossed with items.
set.seed(202)
n <- 800
id <- pick(100, n); item <- sample(20, n, TRUE); x <- round(rnorm(n), 3); f <- sample(2, n, TRUE); trials <- sample(1:12, n, TRUE)
b0 <- draw(100, 0.8); b1 <- -0.3 * b0 + draw(100, 0.4); i0 <- draw(20, 0.5); i1 <- draw(20, 0.3)
eta <- -0.2 + 0.5 * x + 0.4 * (f == 2) + b0[id] + b1[id] * x + i0[item] + i1[item] * x
success <- function(p) rbinom(n, trials, p)
keep(data.frame(
  id = level("i", id), item = level("t", item), x, f = level("f", f), trials,
  y = rbinom(n, 1, plogis(eta)), logit = success(plogis(eta)), probit = success(pnorm(eta)),
  cloglog = success(1 - exp(-exp(eta - 0.3))), loglog = success(exp(-exp(-eta))), cauchit = success(pcauchy(eta)),
  log = success(pmin(exp(-2.2 + 0.35 * x / 2 + 0.35 * b0[id] + 0.2 * i0[item]), 0.95)),
  none = success(plogis(0.3 + 0.4 * x + i0[item]))
), "trials")

# Positive responses: cells crossed with batches.
set.seed(303)
n <- 500
g <- pick(25, n); h <- sample(10, n, TRUE); x <- round(rnorm(n), 3); f <- sample(2, n, TRUE); w <- sample(c(0.5, 1, 2, 4), n, TRUE)
a0 <- draw(25, 0.5); a1 <- 0.4 * a0 + draw(25, 0.2); c0 <- draw(10, 0.3)
eta <- 1 + 0.3 * x - 0.3 * (f == 2) + a0[g] + a1[g] * x + c0[h]
rinvgauss <- function(mu, lambda) {
  s <- rnorm(n)^2; m <- mu + mu^2 * s / (2 * lambda) - mu / (2 * lambda) * sqrt(4 * mu * lambda * s + mu^2 * s^2)
  ifelse(runif(n) <= mu / (mu + m), m, mu^2 / m)
}
gamma <- function(mu, shape) rgamma(n, shape, scale = mu / shape)
r <- function(v) signif(v, 5)
inverse <- 2 + 0.15 * x + 0.5 * a0[g] + 0.3 * c0[h]
straight <- 6 + 0.4 * x + 1.6 * a0[g] + c0[h]
keep(data.frame(
  g = level("g", g), h = level("h", h), x, f = level("f", f), w,
  gamma = r(gamma(exp(eta), 2.5)), gammaw = r(gamma(exp(eta), 2.5 * w)), gammainv = r(gamma(1 / inverse, 6)),
  gammaid = r(gamma(straight, 8)), flat = r(gamma(exp(1 + 0.3 * x + c0[h]), 3)),
  ig = r(rinvgauss(exp(eta), 6)), igw = r(rinvgauss(exp(eta), 6 * w)), igsquare = r(rinvgauss(1 / sqrt(inverse), 5)),
  iginv = r(rinvgauss(1 / inverse, 3)),
  normal = r(exp(eta) + rnorm(n, 0, 0.7)), normalw = r(exp(eta) + rnorm(n, 0, 0.7 / sqrt(w))),
  normalinv = r(1 / inverse + rnorm(n, 0, 0.05))
), "positive")

# A trial of 294 patients seen seven times; patients differ by far more than anything else.
set.seed(404)
patient <- rep(1:294, each = 7); visit <- rep(c(0, 1, 2, 3, 6, 9, 12), 294); treated <- rep(rbinom(294, 1, 0.5), each = 7)
eta <- -1.6 - 0.16 * treated - 0.39 * visit - 0.14 * treated * visit + rep(draw(294, 4), each = 7)
seen <- runif(length(eta)) > 0.07
keep(data.frame(patient = level("p", patient), visit, treated, severe = rbinom(length(eta), 1, plogis(eta)))[seen, ], "visits")

# Two groups, and two hundred of three rows each.
set.seed(505)
x <- round(rnorm(60), 3); side <- rep(1:2, each = 30)
keep(data.frame(side = level("s", side), x, count = rpois(60, exp(1 + 0.3 * x + c(-0.5, 0.5)[side]))), "sides")
litter <- rep(1:200, each = 3); x <- round(rnorm(600), 3); dose <- rep(0:3, each = 150)
b <- draw(200, 0.7)
keep(data.frame(litter = level("l", litter), x, dose,
  alive = rbinom(600, 1, plogis(0.4 - 0.2 * dose + 0.3 * x + b[litter])),
  count = rpois(600, exp(0.2 + 0.1 * dose + 0.3 * x + b[litter]))), "litters")

# From R's packages.
e <- MASS::epil
keep(data.frame(y = e$y, trt = e$trt, lbase = e$lbase, lage = e$lage, V4 = e$V4, subject = level("s", e$subject), period = e$period), "epil")
e <- MASS::bacteria
keep(data.frame(y = as.integer(e$y == "y"), week = e$week, ID = e$ID, trt = e$trt), "bacteria")
data(guImmun, package = "mlmRev")
e <- guImmun
keep(data.frame(immun = as.integer(e$immun == "Y"), mom = level("m", as.integer(e$mom)), comm = level("c", as.integer(e$comm)), kid2p = e$kid2p,
  mom25p = e$mom25p, ethn = e$ethn, rural = e$rural, pcInd81 = round(e$pcInd81, 6)), "guImmun")
