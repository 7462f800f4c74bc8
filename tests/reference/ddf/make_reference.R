# Degrees of freedom, tests and tables of lmerTest, pbkrtest and car for the models of models.json -> reference.json.gz
#
#   Rscript tests/reference/ddf/make_reference.R [name ...]
#
# Every model is brought to its tightened optimum first (../lmm/tighten.R). pbkrtest leaves weights out of the residual covariance;
# for weighted models its own functions are given the right one.

suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(car); library(jsonlite)})
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
source(file.path(here, "..", "lmm", "tighten.R"))
wanted <- commandArgs(TRUE)

read_table <- function(name) {
  for (folder in c(file.path(here, "tables"), file.path(here, "..", "lmm", "tables"))) for (end in c(".csv", ".csv.gz")) {
    path <- file.path(folder, paste0(name, end))
    if (!file.exists(path)) next
    frame <- read.csv(path, check.names = FALSE, na.strings = "")
    levels <- fromJSON(file.path(folder, "levels.json"))[[name]]
    for (column in names(levels))
      frame[[column]] <- factor(frame[[column]], levels[[column]]$levels, ordered = levels[[column]]$ordered)
    logical <- vapply(frame, function(v) is.character(v) && all(v %in% c("True", "False")), NA)
    frame[logical] <- lapply(frame[logical], function(v) v == "True")
    return(frame)
  }
  found <- data(list = name, package = "lme4", envir = environment())
  get(found[1], envir = environment())
}

tight <- function(m, frame, REML) {
  formula <- as.formula(m$formula)
  shown <- list(quote(lmer), formula = formula, data = as.name(m$data))
  if (!REML) shown$REML <- FALSE
  if (!is.null(m$weights)) shown$weights <- as.name(m$weights)
  arguments <- list(formula, frame, REML, as.call(shown))
  if (!is.null(m$weights)) arguments$weights <- frame[[m$weights]]
  do.call(tight_lmer, arguments, quote = TRUE)
}

deviance_function <- function(m, frame, REML) {
  call <- list(quote(lFormula), as.formula(m$formula), data = quote(frame), REML = REML)
  if (!is.null(m$weights)) { frame$.w <- frame[[m$weights]]; call$weights <- quote(.w) }
  do.call(mkLmerDevfun, suppressMessages(eval(as.call(call))))
}

# Kenward and Roger's adjustment with the residual covariance that the weights ask for.
adjusted <- function(model, weights) {
  sigmas <- pbkrtest:::get_SigmaG(model)
  if (!is.null(weights)) {
    last <- sigmas$n.ggamma
    right <- Diagonal(x = 1 / weights)
    sigmas$Sigma <- sigmas$Sigma + sigma(model)^2 * (right - sigmas$G[[last]])
    sigmas$G[[last]] <- as(right, "generalMatrix")
  }
  pbkrtest:::vcovAdj_internal(vcov(model), sigmas, getME(model, "X"))
}

kr_test <- function(model, adjusted, L) {
  s <- lapply(pbkrtest:::.KR_adjust(adjusted, vcov(model), L, fixef(model), 0), c)
  c(F = s$Fstat, ndf = s$ndf, ddf = s$ddf, scale = s$F.scaling, p = s$p.value)
}

columns <- function(table) { table <- as.data.frame(table); c(list(row = I(rownames(table))), lapply(table, function(v) I(as.numeric(v)))) }

one <- function(m) {
  frame <- read_table(m$data)
  for (f in names(m$contrasts)) contrasts(frame[[f]]) <- paste0("contr.", m$contrasts[[f]])
  model <- tight(m, frame, m$REML)
  lt <- suppressMessages(lmerTest:::as_lmerModLT(model, deviance_function(m, frame, m$REML)))
  p <- length(fixef(model))
  out <- list(name = m$name, coefficients = I(names(fixef(model))), singular = isSingular(model), criterion = -2 * as.numeric(logLik(model)))
  s <- coef(summary(lt))
  out$satterthwaite <- list(df = I(unname(s[, "df"])), t = I(unname(s[, "t value"])), p = I(unname(s[, "Pr(>|t|)"])))
  everything <- contestMD(lt, diag(p))
  out$satterthwaite$joint <- c(F = everything$`F value`, ddf = everything$DenDF, p = everything$`Pr(>F)`)
  restricted <- if (m$REML) model else tight(m, frame, TRUE)
  kr <- adjusted(restricted, if (is.null(m$weights)) NULL else frame[[m$weights]])
  by_row <- vapply(seq_len(p), function(i) kr_test(restricted, kr, diag(p)[i, , drop = FALSE]), numeric(5))
  out$kr <- list(vcov = unname(as.matrix(kr)), df = I(by_row["ddf", ]), p = I(by_row["p", ]), joint = kr_test(restricted, kr, diag(p)))
  for (type in 1:3) out[[paste0("anova", type)]] <- columns(suppressMessages(anova(lt, type = type)))
  if (m$REML && is.null(m$weights)) out$anova_kr <- columns(suppressMessages(anova(lt, ddf = "Kenward-Roger")))
  out$anova_lme4 <- columns(anova(model))
  out$drop1 <- columns(drop1(lt))
  terms <- length(attr(terms(model), "term.labels")) > 0
  if (terms) out$car2 <- columns(Anova(model, type = 2))
  aliased <- length(fixef(model, add.dropped = TRUE)) > p
  out$car3 <- columns(Anova(model, type = 3, singular.ok = TRUE))
  if (m$REML && is.null(m$weights)) {
    if (terms) out$car2_f <- columns(Anova(model, type = 2, test.statistic = "F"))
    out$car3_f <- columns(Anova(model, type = 3, test.statistic = "F", singular.ok = TRUE))
  }
  if (isTRUE(m$print)) {
    shown <- function(x) I(capture.output(print(x)))
    out$printed <- list(
      satterthwaite = shown(summary(lt)), kr = shown(summary(lt, ddf = "Kenward-Roger")),
      anova = shown(anova(lt)), anova1 = shown(anova(lt, type = 1)), anova_kr = shown(anova(lt, ddf = "Kenward-Roger")),
      anova_lme4 = shown(anova(model)), drop1 = shown(drop1(lt)), car2 = shown(Anova(model)), car3_f = shown(Anova(model, type = 3, test.statistic = "F")))
  }
  out
}

results <- list()
path <- file.path(here, "reference.json.gz")
if (length(wanted) && file.exists(path)) results <- fromJSON(gzfile(path), simplifyVector = FALSE)
for (m in fromJSON(file.path(here, "models.json"), simplifyVector = FALSE)) {
  if (length(wanted) && !(m$name %in% wanted)) next
  began <- proc.time()[["elapsed"]]
  got <- try(one(m))
  if (inherits(got, "try-error")) { message(m$name, " FAILED"); next }
  results[[m$name]] <- got
  cat(sprintf("%-26s %5.1f s  %s\n", m$name, proc.time()[["elapsed"]] - began, paste(signif(got$satterthwaite$df, 6), collapse = " ")))
}
out <- gzfile(path, "w")
writeLines(toJSON(results, auto_unbox = TRUE, digits = NA, matrix = "rowmajor", null = "null", na = "null"), out)
close(out)
