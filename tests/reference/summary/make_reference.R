# Writes summaries.json.gz: for each model what lme4 prints and the numbers that it prints, so that the layout can be
# compared apart from the optimum.  Needs lme4 1.1-31, mlmRev and jsonlite:  Rscript make_reference.R
# Derived columns are functions of the row number; tests/support/glmm_tables.py makes the same ones.
suppressMessages({library(lme4); library(jsonlite)})
options(digits = 7, width = 80, useFancyQuotes = FALSE)
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))

data(Contraception, package = "mlmRev")
women <- Contraception
ticks <- grouseticks
ticks$o <- 0.25 * (seq_len(nrow(ticks)) %% 3)
herds <- cbpp
herds$gap <- ifelse(seq_len(nrow(herds)) %% 10 == 0, NA, herds$size)
herds$twice <- 2 * (herds$period == "2")
dat2 <- read.csv(file.path(here, "..", "..", "seeds", "sites.csv"), stringsAsFactors = TRUE)
sleep <- sleepstudy
sleep$aboveAve <- as.numeric(sleep$Reaction > mean(sleep$Reaction))
i <- 0:99
pbDat <- data.frame(x1 = round(1.2 * sin(1.7 * i), 3), x2 = round(1.1 * cos(2.3 * i), 3), g1 = factor(i %% 12 + 1))
luck <- (i * 0.6180339887) %% 1
pbDat$bin <- as.integer(luck < plogis(0.2 + 0.5 * pbDat$x1 - 1.5 * pbDat$x2 + 2 * sin(5 * (i %% 12 + 1))))
verbs <- VerbAgg

models <- list(
  list("cbind(incidence, size - incidence) ~ period + (1 | herd)", "herds", family = "binomial"),
  list("cbind(incidence, size - incidence) ~ period + (1 | herd)", "herds", family = "binomial", nAGQ = 9),
  list("cbind(incidence, size - incidence) ~ period + (1 | herd)", "herds", family = "binomial", nAGQ = 0),
  list("incidence/size ~ period + (1 | herd)", "herds", family = "binomial(\"probit\")", weights = "size"),
  list("incidence/gap ~ period + twice + (1 | herd)", "herds", family = "binomial(\"cloglog\")", weights = "gap"),
  list("bin ~ x1 + x2 + (1 | g1)", "pbDat", family = "binomial"),
  list("aboveAve ~ Days + (Days | Subject)", "sleep", family = "binomial"),
  list("use ~ age + I(age^2) + urban + livch + (urban | district)", "women", family = "binomial"),
  list("r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)", "verbs", family = "binomial", nAGQ = 0),
  list("TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)", "ticks", family = "poisson"),
  list("TICKS ~ YEAR * LOCATION + (1 | BROOD)", "ticks", family = "poisson", nAGQ = 0, subset = "HEIGHT < 450"),
  list("TICKS ~ cHEIGHT + (cHEIGHT | YEAR)", "ticks", family = "poisson", offset = "o"),
  list("TICKS ~ 0 + (1 | BROOD)", "ticks", family = "poisson"),
  list("Reaction ~ Days + (1 | Subject)", "sleep", family = "Gamma(\"log\")"),
  list("Reaction ~ Days + (1 | Subject)", "sleep", family = "gaussian(\"log\")"),
  list("y2 ~ x + (x | site)", "dat2", family = "nb"),
  list("TICKS ~ cHEIGHT + (1 | BROOD)", "ticks", family = "nb"))

fit_of <- function(m) {
  given <- list(as.formula(m[[1]], env = globalenv()), as.name(m[[2]]))
  names(given) <- c("formula", "data")
  if (m$family != "nb") given$family <- str2lang(m$family)
  for (a in c("weights", "offset", "subset")) if (!is.null(m[[a]])) given[[a]] <- str2lang(m[[a]])
  if (!is.null(m$nAGQ)) given$nAGQ <- m$nAGQ
  suppressWarnings(suppressMessages(eval(as.call(c(as.name(if (m$family == "nb") "glmer.nb" else "glmer"), given)), globalenv())))
}
first <- function(x) unname(head(x, 60))
out <- lapply(models, function(m) {
  fit <- fit_of(m)
  family <- family(fit)
  nb <- grepl("Negative", family$family)
  spread <- if (isTRUE(getME(fit, "devcomp")$dims[["useSc"]] == 1)) sigma(fit) else 1
  types <- c("deviance", "pearson", "working", "response")
  names(m)[1:2] <- c("formula", "data")
  c(m, list(
    summary = capture.output(suppressMessages(print(summary(fit)))), short = capture.output(suppressMessages(print(fit))),
    varcorr = capture.output(print(VarCorr(fit))),
    theta = unname(getME(fit, "theta")) * spread, beta = unname(fixef(fit)), vcov = as.vector(as.matrix(vcov(fit))),
    loglik = as.numeric(logLik(fit)), sigma = spread, shape = if (nb) getME(fit, "glmer.nb.theta") else NULL,
    singular = isSingular(fit), deviance = deviance(fit), df = attr(logLik(fit), "df"),
    eta = signif(unname(predict(fit)), 10), mu = first(fitted(fit)), b = signif(as.vector(getME(fit, "b")), 10),
    residuals = sapply(types, function(t) list(first(residuals(fit, type = t))))))
})
packed <- gzfile(file.path(here, "summaries.json.gz"), "w")
write(toJSON(out, auto_unbox = TRUE, digits = 15), packed)
close(packed)
