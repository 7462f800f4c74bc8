# glmmTMB's seconds for models with zero inflation, dispersion and families of its own, as JSON on the standard output
#
#   Rscript bench/glmmtmb_peers.R                    # every model, 5 runs
#   Rscript bench/glmmtmb_peers.R -n 3 tweedie beta  # these, 3 runs
#
# A time is the wall time of one whole call with standard errors, on one thread; the median of the runs after a first call that is not
# counted. `formulas` and `data` say what to fit beside it: the tables are glmmTMB's and lme4's own data sets, or those under
# tests/reference/glmmtmb/tables.

Sys.setenv(OMP_NUM_THREADS = "1", OPENBLAS_NUM_THREADS = "1")
suppressMessages({library(glmmTMB); library(jsonlite)})
file <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
tables <- file.path(dirname(dirname(normalizePath(file))), "tests", "reference", "glmmtmb", "tables")
simulated <- function(name) read.csv(file.path(tables, paste0(name, ".csv.gz")), stringsAsFactors = TRUE)

salamanders <- glmmTMB::Salamanders
owls <- glmmTMB::Owls
cbpp <- lme4::cbpp
counts <- simulated("counts"); measures <- simulated("measures"); dispersed <- simulated("dispersed")

problem <- function(data, formula, family, ...) list(data = data, formula = formula, family = family, ...)
begging <- "SiblingNegotiation ~ FoodTreatment * SexParent + offset(log(BroodSize)) + (1 | Nest)"
problems <- list(
  salamander_zinb = problem("salamanders", "count ~ spp + mined + (1 | site)", "nbinom2", ziformula = "~spp + mined"),
  salamander_zinb_disp = problem("salamanders", "count ~ spp + mined + (1 | site)", "nbinom2", ziformula = "~spp + mined", dispformula = "~DOY"),
  salamander_hurdle = problem("salamanders", "count ~ spp + mined + (1 | site)", "truncated_nbinom2", ziformula = "~spp + mined"),
  owls_zi_random = problem("owls", begging, "nbinom1", ziformula = "~1 + (1 | Nest)"),
  betabinomial_cbpp = problem("cbpp", "cbind(incidence, size - incidence) ~ period + (1 | herd)", "betabinomial"),
  betabinomial = problem("counts", "cbind(shared, n - shared) ~ x + f + (1 | g)", "betabinomial"),
  beta_disp = problem("measures", "share_spread ~ x + f + (1 | g)", "beta_family", dispformula = "~z"),
  tweedie = problem("measures", "rain ~ x + f + (1 | g)", "tweedie"),
  compois = problem("dispersed", "count ~ x + (1 | g)", "compois"))

call_of <- function(p) {
  call <- list(quote(glmmTMB), formula = str2lang(p$formula), data = as.name(p$data), family = as.name(p$family))
  for (part in intersect(c("ziformula", "dispformula"), names(p))) call[[part]] <- str2lang(p[[part]])
  as.call(call)
}

timed <- function(name, runs) {
  call <- call_of(problems[[name]])
  one <- function() suppressWarnings(suppressMessages(eval(call, globalenv())))
  fit <- one()
  seconds <- vapply(seq_len(runs), function(i) system.time(one())[["elapsed"]], 0)
  c(problems[[name]], list(rows = nobs(fit), median = median(seconds), seconds = I(seconds), criterion = 2 * fit$fit$objective))
}

wanted <- commandArgs(TRUE)
runs <- 5L
if ("-n" %in% wanted) { at <- match("-n", wanted); runs <- as.integer(wanted[at + 1L]); wanted <- wanted[-c(at, at + 1L)] }
if (!length(wanted)) wanted <- names(problems)
unknown <- setdiff(wanted, names(problems))
if (length(unknown)) stop("no such problem: ", paste(unknown, collapse = ", "), ". There are ", paste(names(problems), collapse = ", "))
result <- lapply(wanted, timed, runs = runs)
names(result) <- wanted
cat(toJSON(list(glmmTMB = as.character(packageVersion("glmmTMB")), R = paste(R.version$major, R.version$minor, sep = "."), problems = result),
           auto_unbox = TRUE, pretty = TRUE, digits = I(15)), "\n")
