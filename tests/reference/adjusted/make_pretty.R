# Values that ggeffects' pretty_range() and values_at() choose for numbers of many kinds -> pretty.json.gz
#
#   Rscript tests/reference/adjusted/make_pretty.R

suppressMessages({library(ggeffects); library(jsonlite)})
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
set.seed(1)
kinds <- list(
  function(k) signif(rnorm(k, runif(1, -50, 50), 10^runif(1, -2, 3)), 5), function(k) round(runif(k, 0, 10)),
  function(k) signif(rexp(k) * 10^runif(1, -3, 4), 5), function(k) sample(20, k, TRUE) - 5.0, function(k) seq(0, 1, length.out = k) / 8
)
out <- list()
for (i in 1:120) {
  x <- kinds[[i %% 5 + 1]](c(3, 8, 15, 40, 70, 150)[i %% 6 + 1])
  if (length(unique(x)) < 2) next
  how <- c("meansd", "minmax", "zeromax", "quart", "quart2", "terciles", "terciles2", "fivenum")
  chosen <- lapply(setNames(how, how), function(h) I(suppressMessages(values_at(x, h))))
  out[[length(out) + 1]] <- c(list(x = I(x), pretty = I(pretty_range(x)), five = I(pretty_range(x, n = 5))), chosen)
}
connection <- gzfile(file.path(here, "pretty.json.gz"), "w")
writeLines(toJSON(out, digits = 15, auto_unbox = TRUE), connection)
close(connection)
