# Writes summaries.json (what R prints) and verbs.json (what R's functions return) for the tests of the rooms model,
# summary and interop.  Needs lme4 1.1-31 and jsonlite:  Rscript make.R
# Derived columns are functions of the row number, so that the tests make the same ones.
suppressMessages({library(lme4); library(jsonlite)})
options(digits = 7, width = 80, useFancyQuotes = FALSE)
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
source(file.path(here, "..", "lmm", "tighten.R"))  # lme4's default optimiser stops visibly before the optimum

# lmer(...) at its optimum; the call is the one given.
tight <- function(call) {
  first <- suppressMessages(eval(call, globalenv()))
  parsed <- call; parsed[[1]] <- quote(lFormula)
  parsed <- suppressMessages(eval(parsed, globalenv()))
  devfun <- do.call(mkLmerDevfun, parsed)
  lower <- environment(devfun)$lower
  best <- polish(devfun, minimise(devfun, environment(devfun)$pp$theta, lower), lower)
  opt <- list(par = best$par, fval = devfun(best$par), feval = 0, conv = 0, message = NULL)
  attr(opt, "optimizer") <- "nloptwrap"
  level <- list(gradient = 0 * best$par, Hessian = diag(length(best$par)))
  checked <- lme4:::checkConv(level, best$par, lmerControl()$checkConv, lbound = lower)
  mkMerMod(environment(devfun), opt, parsed$reTrms, fr = parsed$fr, mc = first@call, lme4conv = checked)
}

i <- 0:179
sleep <- sleepstudy
sleep$f <- factor(c("a", "b", "c")[i %% 3 + 1])
sleep$w <- 0.5 + (i %% 7) / 4
sleep$o <- (i %% 5) * 3
sleep$D2 <- 2 * sleep$Days
gaps <- sleep
gaps$Reaction[c(3, 7)] <- NA
gaps$Days[50] <- NA
tiny <- sleep[1:6, ]
pen <- Penicillin
dye <- Dyestuff
dye2 <- Dyestuff2
paste_data <- Pastes
cakes <- cake

mixed <- list(
  list("Reaction ~ Days + (Days | Subject)", "sleep"),
  list("Reaction ~ Days + (Days | Subject)", "sleep", REML = FALSE),
  list("Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)", "sleep"),
  list("Reaction ~ Days + (1 | Subject)", "sleep", weights = "w", offset = "o", subset = "Days > 1"),
  list("Reaction ~ Days + D2 + (1 | Subject)", "sleep"),
  list("Reaction ~ poly(Days, 2) * f + (1 | Subject)", "sleep"),
  list("Reaction ~ 0 + (1 | Subject)", "sleep"),
  list("Reaction ~ 1 + (1 | Subject)", "sleep", REML = FALSE),
  list("log(Reaction) ~ Days + I(Days^2) + f + (Days + I(Days^2) | Subject)", "sleep"),
  list("diameter ~ 1 + (1 | plate) + (1 | sample)", "pen"),
  list("Yield ~ 1 + (1 | Batch)", "dye"),
  list("Yield ~ 1 + (1 | Batch)", "dye2"),
  list("strength ~ 1 + (1 | batch/cask)", "paste_data"),
  list("angle ~ recipe + temperature + (1 | recipe:replicate)", "cakes"),
  list("angle ~ recipe * temperature + (1 | recipe:replicate)", "cakes"))
linear <- list(
  list("Reaction ~ Days", "sleep"),
  list("Reaction ~ Days + Subject", "sleep", subset = "Days > 0"),  # with ten days a coefficient is a tie in its last digit
  list("Reaction ~ Days + D2 + f", "sleep"),
  list("Reaction ~ Days", "sleep", weights = "w"),
  list("Reaction ~ Days + f", "sleep", weights = "w", offset = "o", subset = "Days > 1"),
  list("Reaction ~ Days", "gaps"),
  list("Reaction ~ 1", "sleep"),
  list("Reaction ~ 0 + Days", "sleep"),
  list("Reaction ~ 0", "sleep"),
  list("Reaction ~ Days", "tiny"),
  list("Reaction ~ factor(Days)", "tiny"),
  list("angle ~ recipe * temperature", "cakes"),
  list("log(Reaction) ~ Days * f + I(Days^2)", "sleep"))

build <- function(fun, m) {
  arguments <- list(as.formula(m[[1]], env = globalenv()), as.name(m[[2]]))
  names(arguments)[1:2] <- c("formula", "data")
  for (a in c("weights", "offset", "subset")) if (!is.null(m[[a]])) arguments[[a]] <- str2lang(m[[a]])
  if (!is.null(m$REML)) arguments$REML <- m$REML
  call <- as.call(c(as.name(fun), arguments))
  if (fun == "lmer") tight(call) else eval(call, globalenv())
}
describe <- function(m) { names(m)[1:2] <- c("formula", "data"); m }
texts <- list(
  mixed = lapply(mixed, function(m) {
    fit <- build("lmer", m)
    c(describe(m), list(summary = capture.output(suppressMessages(print(summary(fit)))),
                        short = capture.output(suppressMessages(print(fit))), varcorr = capture.output(print(VarCorr(fit))),
                        pca = capture.output(print(rePCA(fit))), importance = capture.output(print(summary(rePCA(fit)))),
                        fixef = capture.output(print(fixef(fit)))))
  }),
  linear = lapply(linear, function(m) {
    fit <- build("lm", m)
    c(describe(m), list(summary = capture.output(print(summary(fit))), short = capture.output(print(fit))))
  }))
write(toJSON(texts, auto_unbox = TRUE, pretty = 1), "summaries.json")

plain <- function(x) unname(as.list(x))
weighted <- build("lmer", mixed[[4]])
slopes <- build("lmer", mixed[[1]])
twice <- build("lmer", mixed[[3]])
three <- build("lmer", mixed[[9]])
nested <- build("lmer", mixed[[13]])
ml <- build("lmer", mixed[[2]])
new_rows <- data.frame(Days = c(0, 4, 12), Subject = c("308", "370", "999"))
known <- new_rows[1:2, ]
post <- function(r) attr(r, "postVar")
frame_of <- function(d) lapply(as.list(d), function(x) if (is.factor(x)) as.character(x) else x)
excluded <- lmer(Reaction ~ Days + (1 | Subject), gaps, na.action = na.exclude)
get <- function(m, what) as.vector(as.matrix(getME(m, what)))
numbers <- function(m) list(loglik = as.numeric(logLik(m)), df = attr(logLik(m), "df"), aic = AIC(m), bic = BIC(m),
  sigma = sigma(m), nobs = nobs(m), df_resid = df.residual(m), reml = devcomp(m), fixef = plain(fixef(m)),
  vcov = as.vector(as.matrix(vcov(m))), theta = unname(getME(m, "theta")), varcorr = frame_of(as.data.frame(VarCorr(m))),
  varcorr_lower = frame_of(as.data.frame(VarCorr(m), order = "lower.tri")), Lind = getME(m, "Lind"), Gp = unname(getME(m, "Gp")),
  theta_names = names(getME(m, "theta")), u = getME(m, "u"), b = get(m, "b"), RX = get(m, "RX"), lower = as.character(getME(m, "lower")),
  Lambdat = get(m, "Lambdat"), X = get(m, "X"), Zt = get(m, "Zt"))
devcomp <- function(m) list(cmp = as.list(getME(m, "devcomp")$cmp), dims = as.list(getME(m, "devcomp")$dims))
verbs <- list(
  residuals = c(lapply(c(response = "response", pearson = "pearson", working = "working", deviance = "deviance"),
                function(t) unname(residuals(weighted, type = t))), list(scaled = unname(residuals(weighted, scaled = TRUE)),
                fitted = unname(fitted(weighted)))),
  slopes = numbers(slopes), twice = numbers(twice), three = numbers(three), nested = numbers(nested), weighted = numbers(weighted), ml = numbers(ml),
  ml_deviance = deviance(ml), reml_deviance = deviance(slopes, REML = FALSE), ml_remlcrit = as.numeric(-2 * logLik(ml, REML = TRUE)),
  predict = list(conditional = unname(predict(slopes, known)), population = unname(predict(slopes, new_rows, re.form = NA)),
    new_levels = unname(predict(slopes, new_rows, allow.new.levels = TRUE)), intercepts = unname(predict(slopes, known, re.form = ~ (1 | Subject))),
    slopes = unname(predict(slopes, known, re.form = ~ (0 + Days | Subject)))),
  ranef = list(twice = as.matrix(ranef(twice)$Subject), post = aperm(attr(ranef(slopes)$Subject, "postVar"), c(3, 1, 2)),
    long = frame_of(as.data.frame(ranef(slopes)))),
  coef = list(slopes = as.matrix(coef(slopes)$Subject), names = colnames(coef(lmer(Reaction ~ 1 + (Days | Subject), sleep))$Subject)),
  excluded = list(fitted = unname(fitted(excluded)), residuals = unname(residuals(excluded))),
  lm = lapply(list(plain = linear[[1]], weighted = linear[[5]], aliased = linear[[3]]), function(m) {
    fit <- build("lm", m); s <- summary(fit)
    list(coef = plain(coef(fit)), vcov = as.vector(vcov(s)), sigma = sigma(fit), loglik = as.numeric(logLik(fit)), aic = AIC(fit), bic = BIC(fit),
      deviance = deviance(fit), r2 = s$r.squared, adj = s$adj.r.squared, f = unname(s$fstatistic), residuals = unname(residuals(fit)),
      pearson = unname(residuals(fit, "pearson")), confint = as.vector(confint(fit)[!is.na(coef(fit)), ]))
  }))
write(toJSON(verbs, auto_unbox = TRUE, digits = NA, na = "null"), "verbs.json")
