# Fit every model of models.json with lme4, as tightly as its own optimisers go, and write what came out.
#
#   Rscript tests/reference/lmm/fit.R [name ...]        -> values/<name>.json, one file a model
#   python tests/reference/lmm/pack.py                  -> values.json.gz and summaries.txt.gz, which are committed
#
# How tightly is said in tighten.R.

suppressMessages({library(lme4); library(jsonlite); library(splines)})

arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
source(file.path(here, "tighten.R"))
wanted <- commandArgs(TRUE)
dir.create(file.path(here, "values"), showWarnings = FALSE)

read_table <- function(name) {
  path <- file.path(here, "tables", paste0(name, ".csv.gz"))
  if (!file.exists(path)) {
    found <- data(list = name, package = c("lme4", "mlmRev"), envir = environment())
    return(get(found[1], envir = environment()))
  }
  frame <- read.csv(path, colClasses = NA, check.names = FALSE, na.strings = "")
  levels <- fromJSON(file.path(here, "tables", "levels.json"))[[name]]
  for (column in names(levels))
    frame[[column]] <- factor(frame[[column]], levels[[column]]$levels, ordered = levels[[column]]$ordered)
  logical <- vapply(frame, function(v) is.character(v) && all(v %in% c("True", "False")), NA)
  frame[logical] <- lapply(frame[logical], function(v) v == "True")
  frame
}

matrices <- function(x) lapply(seq_len(dim(x)[3]), function(i) x[, , i, drop = TRUE])

fit <- function(m) {
  frame <- read_table(m$data)
  formula <- as.formula(m$formula)
  shown <- list(quote(lmer), formula = formula, data = as.name(m$data))
  if (!m$REML) shown$REML <- FALSE
  if (!is.null(m$weights)) shown$weights <- as.name(m$weights)
  if (!is.null(m$offset)) shown$offset <- as.name(m$offset)
  arguments <- list(formula, frame, m$REML, as.call(shown), isTRUE(m$large), isTRUE(m$flat), c(m$starts, 0)[1])
  if (!is.null(m$weights)) arguments$weights <- frame[[m$weights]]
  if (!is.null(m$offset)) arguments$offset <- frame[[m$offset]]
  started <- proc.time()[["elapsed"]]
  model <- do.call(tight_lmer, arguments, quote = TRUE)
  out <- list(
    name = m$name, criterion = if (m$REML) REMLcrit(model) else deviance(model),
    theta = I(unname(getME(model, "theta"))), terms = lapply(unname(model@cnms), I),
    levels = as.list(vapply(model@flist, nlevels, 0L)), groups = I(names(model@cnms)),
    coefficients = I(names(fixef(model))), beta = I(unname(fixef(model))), vcov = unname(as.matrix(vcov(model))),
    aliased = I(setdiff(names(fixef(model, add.dropped = TRUE)), names(fixef(model)))),
    sigma = sigma(model), nobs = nobs(model), loglik = as.numeric(logLik(model)), npar = attr(logLik(model), "df"),
    aic = AIC(model), bic = BIC(model), df_resid = df.residual(model), singular = isSingular(model),
    varcorr = lapply(seq_along(VarCorr(model)), function(i) unclass(unname(as.matrix(VarCorr(model)[[i]])))),
    seconds = proc.time()[["elapsed"]] - started
  )
  out$fitted <- unname(head(fitted(model), 5))
  out$residuals <- unname(head(resid(model), 5))
  out$scaled <- unname(quantile(residuals(model, "pearson", scaled = TRUE)))
  if (identical(m$keep, "modes")) {
    re <- ranef(model, condVar = TRUE)
    out$modes <- lapply(re, function(t) list(levels = I(rownames(t)), effects = I(names(t)), values = unname(as.matrix(t))))
    out$condvar <- lapply(re, function(t) {
      v <- attr(t, "postVar")
      if (is.list(v)) lapply(v, matrices) else list(matrices(v))
    })
  }
  text <- capture.output(print(summary(model)))
  list(values = out, text = text)
}

for (m in fromJSON(file.path(here, "models.json"), simplifyVector = FALSE)) {
  if (length(wanted) && !(m$name %in% wanted)) next
  target <- file.path(here, "values", paste0(m$name, ".json"))
  if (!length(wanted) && file.exists(target)) next
  got <- try(fit(m))
  if (inherits(got, "try-error")) { message(m$name, " FAILED"); next }
  writeLines(toJSON(got$values, auto_unbox = TRUE, digits = NA, matrix = "rowmajor", null = "null"), target)
  writeLines(got$text, file.path(here, "values", paste0(m$name, ".txt")))
  v <- got$values
  cat(sprintf("%-26s %20.9f %s %6.1fs  %s\n", m$name, v$criterion, if (v$singular) "singular" else "        ", v$seconds,
              paste(signif(v$theta, 4), collapse = " ")))
}
