# The simulated tables of models.json -> tables/*.csv.gz
#
#   Rscript tests/reference/glmmtmb/make_tables.R

arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))

store <- function(frame, name) {
  numbers <- vapply(frame, is.double, NA)
  frame[numbers] <- lapply(frame[numbers], signif, digits = 8)
  con <- gzcon(file(file.path(here, "tables", paste0(name, ".csv.gz")), "wb"))
  write.csv(frame, con, row.names = FALSE, quote = FALSE)
  close(con)
}

# A draw by inversion from a mass function known up to a constant.
inverted <- function(log_mass) { p <- exp(log_mass - max(log_mass)); sample(seq_along(p) - 1L, 1L, prob = p) }

design <- function(seed) {
  set.seed(seed)
  d <- expand.grid(row = 1:10, plot = sprintf("p%d", 1:4), block = sprintf("B%d", 1:6), KEEP.OUT.ATTRS = FALSE)
  d$g <- factor(paste0("g", sprintf("%02d", as.integer(d$block) * 4L - 4L + as.integer(d$plot))))
  d$h <- factor(sample(sprintf("h%02d", 1:12), nrow(d), TRUE))
  d$f <- factor(sample(c("a", "b", "c"), nrow(d), TRUE))
  d$x <- rnorm(nrow(d)); d$z <- runif(nrow(d), -1, 1)
  d$e <- round(runif(nrow(d), 0.5, 4), 2); d$w <- sample(1:3, nrow(d), TRUE)
  d$row <- NULL
  d
}

counts <- function() {
  d <- design(20260101); n <- nrow(d)
  g <- as.integer(d$g); h <- as.integer(d$h)
  b <- rnorm(24, 0, 0.6); s <- rnorm(24, 0, 0.3); c <- rnorm(12, 0, 0.4); u <- rnorm(24, 0, 0.8); v <- rnorm(24, 0, 0.5)
  eta <- 0.7 + 0.4 * d$x - 0.3 * (d$f == "b") + 0.2 * (d$f == "c") + b[g] + s[g] * d$x + c[h]
  mu <- exp(eta); pi <- plogis(-1 + 0.8 * d$z + u[g]); phi <- exp(0.5 + 0.6 * d$z + v[g])
  zero <- rbinom(n, 1, pi) == 1
  positive <- function(draw) vapply(seq_len(n), function(i) { repeat { y <- draw(i); if (y > 0) return(y) } }, 0)
  d$poisson <- rpois(n, mu)
  d$overdispersed <- rnbinom(n, size = 1.5, mu = mu)
  d$linear <- rnbinom(n, size = mu / phi, mu = mu)
  d$spread <- rnbinom(n, size = phi, mu = mu)
  d$zip <- ifelse(zero, 0, rpois(n, mu))
  d$zinb <- ifelse(zero, 0, rnbinom(n, size = 2, mu = 2 * mu))
  d$hurdle <- ifelse(zero, 0, positive(function(i) rpois(1, mu[i])))
  d$hurdle_nb <- ifelse(zero, 0, positive(function(i) rnbinom(1, size = 2, mu = 1.5 * mu[i])))
  k <- 0:80
  mild <- pmin(exp(0.4 + 0.5 * (eta - 0.7)), 12)
  d$under <- vapply(mild, function(m) inverted(k * 2 * log(m + 0.25) - 2 * lfactorial(k)), 0L)
  d$genpois <- vapply(mild, function(m) {
    t <- m / sqrt(2); l <- 1 - 1 / sqrt(2); inverted((k - 1) * log(t + l * k) - l * k - lfactorial(k)) }, 0L)
  d$lonely <- rpois(n, exp(0.5 + 0.3 * d$x))
  d$n <- sample(4:15, n, TRUE)
  p <- plogis(-0.3 + 0.6 * d$x + b[g])
  d$wins <- rbinom(n, d$n, p)
  d$shared <- rbinom(n, d$n, rbeta(n, 4 * p, 4 * (1 - p)))
  d$zeroed <- ifelse(zero, 0, d$shared)
  d$binary <- rbinom(n, 1, p)
  store(d, "counts")
}

measures <- function() {
  d <- design(20260102); n <- nrow(d)
  g <- as.integer(d$g); h <- as.integer(d$h)
  b <- rnorm(24, 0, 0.5); s <- rnorm(24, 0, 0.3); c <- rnorm(12, 0, 0.3); u <- rnorm(24, 0, 0.7); v <- rnorm(24, 0, 0.5)
  eta <- 0.3 + 0.4 * d$x - 0.3 * (d$f == "b") + 0.2 * (d$f == "c") + b[g] + s[g] * d$x + c[h]
  mu <- exp(eta); p <- plogis(eta); pi <- plogis(-1.2 + 0.8 * d$z + u[g]); phi <- exp(0.3 + 0.6 * d$z)
  zero <- rbinom(n, 1, pi) == 1
  d$normal <- eta + rnorm(n, 0, exp(0.4 * d$z - 0.3 + 0 * v[g]))
  d$gamma <- rgamma(n, 3, 3 / mu)
  d$spread <- rgamma(n, 2 * phi, 2 * phi / mu)
  d$zero_gamma <- ifelse(zero, 0, rgamma(n, 3, 3 / mu))
  d$share <- pmin(pmax(rbeta(n, 6 * p, 6 * (1 - p)), 1e-4), 1 - 1e-4)
  d$share_spread <- pmin(pmax(rbeta(n, 5 * phi * p, 5 * phi * (1 - p)), 1e-4), 1 - 1e-4)
  d$zero_share <- ifelse(zero, 0, d$share)
  d$edges <- ifelse(d$share < 0.2, 0, ifelse(d$share > 0.9, 1, d$share))
  events <- rpois(n, mu^0.5 / 0.5)
  d$rain <- vapply(seq_len(n), function(i) if (events[i] > 0) rgamma(1, events[i], 1 / (0.5 * mu[i]^0.5)) else 0, 0)
  d$heavy <- eta + 0.5 * rt(n, 4)
  d$inverse <- rgamma(n, 5, 5 * (1.5 + 0.2 * d$z + 0.1 * b[g]))
  d$lonely <- 1 + 0.5 * d$x + rnorm(n)
  store(d, "measures")
}

# 640 counts of 40 levels, less spread than Poisson's: what a Conway-Maxwell-Poisson fit is timed on.
dispersed <- function() {
  set.seed(20260103)
  d <- data.frame(g = factor(rep(sprintf("g%02d", 1:40), each = 16)), x = rnorm(640), z = runif(640, -1, 1))
  mean <- exp(1 + 0.3 * d$x + rnorm(40, 0, 0.4)[as.integer(d$g)])
  k <- 0:80
  d$count <- vapply(mean, function(m) inverted(k * 1.6 * log(m + 0.2) - 1.6 * lfactorial(k)), 0L)
  store(d, "dispersed")
}

counts()
measures()
dispersed()
