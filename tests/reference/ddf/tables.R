# Tables for the models of models.json that are neither in the package nor in ../lmm/tables.
#
#   Rscript tests/reference/ddf/tables.R      -> tables/*.csv and tables/levels.json
#
# oats and machines are the data of Yates (1935) and Milliken and Johnson (1992); the plots are simulated: an unbalanced field
# trial, so that the types of tests differ.

suppressMessages({library(nlme); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))

plain <- function(f) factor(as.character(f), sort(as.character(levels(f))))
oats <- with(as.data.frame(Oats), data.frame(Block = plain(Block), Variety = plain(Variety), nitro = nitro, yield = yield))
machines <- with(as.data.frame(Machines), data.frame(Worker = plain(Worker), Machine = plain(Machine), score = score))
machines_unbalanced <- machines[-c(2, 3, 6, 19, 20, 27, 33, 46, 47), ]

set.seed(20240611)
n <- 90
plots <- data.frame(
  a = factor(sample(c("low", "mid", "top"), n, TRUE, c(0.5, 0.3, 0.2)), c("low", "mid", "top")),
  b = factor(sample(c("u", "v"), n, TRUE, c(0.65, 0.35)), c("u", "v")),
  o = factor(sample(c("p", "q", "r", "s"), n, TRUE), c("p", "q", "r", "s"), ordered = TRUE),
  x = round(rnorm(n, 5, 2), 3), flag = sample(c(TRUE, FALSE), n, TRUE),
  block = factor(paste0("k", sprintf("%02d", sample(1:9, n, TRUE)))), field = factor(paste0("f", sample(1:6, n, TRUE))))
plots$y <- with(plots, round(10 + c(0, 1, 2.5)[a] + 0.8 * (b == "v") + 0.3 * x + c(0, 0.9, -0.4)[a] * (b == "v") +
  rnorm(9, 0, 1.2)[block] + rnorm(6, 0, 0.7)[field] + rnorm(n, 0, 1.5), 4))
plots_empty <- droplevels(plots[!(plots$a == "top" & plots$o == "q"), ])

levels <- list()
for (name in c("oats", "machines", "machines_unbalanced", "plots", "plots_empty")) {
  frame <- get(name)
  write.csv(frame, file.path(here, "tables", paste0(name, ".csv")), row.names = FALSE, quote = FALSE)
  factors <- Filter(is.factor, frame)
  levels[[name]] <- lapply(factors, function(f) list(levels = I(levels(f)), ordered = is.ordered(f)))
}
writeLines(toJSON(levels, auto_unbox = TRUE, pretty = FALSE), file.path(here, "tables", "levels.json"))
