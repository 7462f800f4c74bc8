# glmmTMB's fits of models.json, brought to their optimum -> reference.json.gz
#
#   Rscript tests/reference/glmmtmb/make_glmmtmb.R              # all models, and pack
#   Rscript tests/reference/glmmtmb/make_glmmtmb.R name ...     # these, each into its own file of $PARTS (default /tmp/glmmtmb-parts)
#   Rscript tests/reference/glmmtmb/make_glmmtmb.R --pack       # the files of $PARTS into reference.json.gz
#
# nlminb may stop short. Every fit is polished by Newton's steps on TMB's own gradient and fitted again from there; `plain` keeps what
# glmmTMB gives by itself. README.md tells the layout.

Sys.setenv(OMP_NUM_THREADS = "1", OPENBLAS_NUM_THREADS = "1")
suppressMessages({library(glmmTMB); library(jsonlite)})
options(width = 80, digits = 7)
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
parts <- Sys.getenv("PARTS", "/tmp/glmmtmb-parts")
dir.create(parts, showWarnings = FALSE)
FIRST <- 8L  # rows and levels that are kept
models <- fromJSON(file.path(here, "models.json"), simplifyVector = FALSE)
names(models) <- vapply(models, function(m) m$name, "")

simulated <- function(name) read.csv(file.path(here, "tables", paste0(name, ".csv.gz")), stringsAsFactors = TRUE)
quietly_or_null <- function(code) tryCatch(suppressWarnings(suppressMessages(code)), error = function(e) NULL)

table_of <- function(name) switch(name,
  salamanders = glmmTMB::Salamanders, owls = glmmTMB::Owls, epil2 = glmmTMB::epil2,
  cbpp = lme4::cbpp, grouseticks = lme4::grouseticks,
  sites = read.csv(file.path(here, "..", "..", "seeds", "sites.csv"), stringsAsFactors = TRUE),
  presentDat = read.csv(file.path(here, "..", "..", "..", "..", "shared", "data", "presentDat.csv"), stringsAsFactors = TRUE),
  simulated(name))

factors <- function(maps) lapply(maps, function(v) factor(vapply(v, function(e) if (is.null(e)) NA_real_ else as.numeric(e), 0)))

call_of <- function(m) {
  family <- if (is.null(m$link)) m$family else sprintf("%s(link = \"%s\")", m$family, m$link)
  call <- list(quote(glmmTMB), formula = str2lang(m$formula), data = as.name(m$data), family = str2lang(family))
  if (!is.null(m$ziformula)) call$ziformula <- str2lang(m$ziformula)
  if (!is.null(m$dispformula)) call$dispformula <- str2lang(m$dispformula)
  if (!is.null(m$weights)) call$weights <- as.name(m$weights)
  if (!is.null(m$offset)) call$offset <- as.name(m$offset)
  if (isTRUE(m$REML)) call$REML <- TRUE
  if (!is.null(m$map)) call$map <- factors(m$map)
  if (!is.null(m$start)) call$start <- lapply(m$start, unlist)
  as.call(call)
}

warned <- function(code) {
  texts <- character()
  value <- withCallingHandlers(code,
    warning = function(w) { texts <<- c(texts, conditionMessage(w)); invokeRestart("muffleWarning") },
    message = function(w) invokeRestart("muffleMessage"))
  list(value = value, warnings = texts)
}

# The parameters that are neither fixed nor random, after Newton's steps as long as they lower the criterion.
polished <- function(fit) {
  fn <- function(p) suppressWarnings(fit$obj$fn(p)); gr <- function(p) suppressWarnings(c(fit$obj$gr(p)))
  at <- fit$fit$par; value <- fn(at)
  for (step in 1:4) {
    slope <- gr(at)
    hessian <- quietly_or_null(optimHess(at, fn, gr))
    if (is.null(hessian) || any(!is.finite(hessian)) || min(eigen(hessian, TRUE, TRUE)$values) <= 0) break
    move <- solve(hessian, slope)
    new <- at - move
    reached <- fn(new)
    if (!is.finite(reached) || reached > value + 1e-9) break
    at <- new; value <- reached
    if (sqrt(sum(slope * move)) < 1e-7) break
  }
  at
}

start_at <- function(fit, at) {
  fn <- fit$obj$fn(at)
  full <- fit$obj$env$last.par
  list <- fit$obj$env$parList(at, full)
  lapply(list[names(list) %in% c("beta", "betazi", "betad", "theta", "thetazi", "psi")], as.numeric)
}

matrix_rows <- function(m) lapply(seq_len(nrow(m)), function(i) I(unname(m[i, ])))

deviation <- function(fit) {
  components <- VarCorr(fit)
  lapply(Filter(Negate(is.null), unclass(components)[c("cond", "zi")]), function(terms) lapply(names(terms), function(group) {
    term <- terms[[group]]
    list(group = group, names = I(rownames(term)), sd = I(unname(attr(term, "stddev"))),
         correlation = matrix_rows(unname(attr(term, "correlation"))))
  }))
}

effects <- function(fit) {
  frame <- quietly_or_null(as.data.frame(ranef(fit, condVar = TRUE)))
  if (is.null(frame) || nrow(frame) == 0) return(list())
  pieces <- split(frame, paste(frame$component, frame$grpvar, frame$term), drop = TRUE)
  unname(lapply(pieces, function(p) { p <- head(p, FIRST); list(component = as.character(p$component[1]), group = as.character(p$grpvar[1]),
    term = as.character(p$term[1]), level = I(as.character(p$grp)), value = I(p$condval), sd = I(p$condsd)) }))
}

predictions <- function(fit, m) {
  out <- list()
  for (type in c("link", "response", "conditional", "zprob", "zlink", "disp")) {
    p <- quietly_or_null(predict(fit, type = type))
    if (!is.null(p)) out[[type]] <- unname(head(as.numeric(p), FIRST))
  }
  for (type in c("link", "response")) {
    p <- quietly_or_null(predict(fit, type = type, se.fit = TRUE))
    if (!is.null(p)) out[[paste0(type, "_se")]] <- unname(head(as.numeric(p$se.fit), FIRST))
  }
  for (type in c("link", "response")) {
    p <- if (isTRUE(m$slow)) NULL else quietly_or_null(predict(fit, type = type, re.form = NA, se.fit = TRUE))
    if (!is.null(p)) { out[[paste0("population_", type)]] <- unname(head(as.numeric(p$fit), FIRST))
      out[[paste0("population_", type, "_se")]] <- unname(head(as.numeric(p$se.fit), FIRST)) }
  }
  out
}

residuals_of <- function(fit) {
  out <- list()
  for (type in c("response", "pearson")) {
    r <- quietly_or_null(residuals(fit, type = type))
    if (!is.null(r)) out[[type]] <- unname(head(as.numeric(r), FIRST))
  }
  out
}

text <- function(code) paste(capture.output(code), collapse = "\n")

texts_of <- function(fit) list(
  print = text(print(fit)), summary = text(print(summary(fit))), fixef = text(print(fixef(fit))), VarCorr = text(print(VarCorr(fit))),
  ranef = text(print(ranef(fit))), confint = text(print(confint(fit))), confint_full = text(print(confint(fit, full = TRUE))),
  vcov = text(print(vcov(fit))), nobs_sigma = text(print(c(nobs = nobs(fit), sigma = sigma(fit)))))

parameters <- function(fit) {
  covariance <- quietly_or_null(vcov(fit, full = TRUE))
  all <- fit$obj$env$last.par.best
  values <- all[!names(all) %in% c("b", "bzi", "bd")]
  out <- list(blocks = I(unname(names(values))), estimates = I(unname(values)))
  if (!is.null(covariance) && length(values) == nrow(covariance)) {
    out$names <- I(rownames(covariance))
    out$se <- I(unname(sqrt(diag(covariance))))
    out$covariance <- matrix_rows(unname(covariance))
  }
  out
}

# The criterion away from the optimum, where no optimiser has a say.
elsewhere <- function(fit) {
  at <- 0.9 * fit$fit$par + 0.05
  list(blocks = I(unname(names(at))), parameters = I(unname(at)), criterion = 2 * as.numeric(suppressWarnings(fit$obj$fn(at))))
}

at_bound <- function(fit) {
  p <- fit$obj$env$last.par.best; notes <- character()
  sds <- unlist(lapply(deviation(fit), function(c) lapply(c, function(t) t$sd)))
  if (length(sds) && min(sds) < 1e-3) notes <- c(notes, "a standard deviation near 0")
  corr <- unlist(lapply(deviation(fit), function(c) lapply(c, function(t) { r <- do.call(rbind, lapply(t$correlation, unclass)); r[row(r) > col(r)] })))
  if (length(corr) && max(abs(corr)) > 0.999) notes <- c(notes, "a correlation near 1")
  if (any(abs(p[names(p) == "betad"]) > 9)) notes <- c(notes, "a dispersion near 0 or infinite")
  if (any(abs(p[names(p) == "betazi"]) > 9)) notes <- c(notes, "a zero probability near 0 or 1")
  if (any(abs(p[names(p) == "psi"]) > 6)) notes <- c(notes, "a shape near its limit")
  notes
}

made <- function(m) {
  frame <- table_of(m$data)
  if (!is.null(m$subset)) frame <- droplevels(subset(frame, eval(str2lang(m$subset), frame)))
  assign(m$data, frame, envir = globalenv())
  call <- call_of(m)
  seconds <- system.time(first <- warned(eval(call, globalenv())))[["elapsed"]]
  plain <- first$value
  fit <- plain
  again <- quietly_or_null({ s <- start_at(plain, polished(plain)); call$start <- s; eval(call, globalenv()) })
  if (!is.null(again) && is.finite(again$fit$objective) && again$fit$objective <= plain$fit$objective + 1e-10) fit <- again
  # A later prediction must not see the last evaluation but the best.
  suppressWarnings(fit$obj$fn(fit$fit$par))
  hessian <- quietly_or_null(optimHess(fit$fit$par, fit$obj$fn, fit$obj$gr))
  suppressWarnings(fit$obj$fn(fit$fit$par))
  slope <- c(fit$obj$gr(fit$fit$par))
  reach <- quietly_or_null(sqrt(sum(slope * solve(hessian, slope))))
  out <- c(m[setdiff(names(m), "texts")], list(
    criterion = 2 * fit$fit$objective,
    minus_two_log_lik = -2 * as.numeric(logLik(fit)), df = attr(logLik(fit), "df"),
    AIC = AIC(fit), BIC = BIC(fit), nobs = nobs(fit), df_residual = df.residual(fit),
    plain = list(criterion = 2 * plain$fit$objective, convergence = plain$fit$convergence, message = plain$fit$message,
                 pdHess = isTRUE(plain$sdr$pdHess), warnings = as.list(first$warnings), seconds = seconds),
    pdHess = isTRUE(fit$sdr$pdHess), convergence = fit$fit$convergence, distance = reach, limits = as.list(at_bound(fit)),
    parameters = parameters(fit), elsewhere = elsewhere(fit)))
  suppressWarnings(fit$obj$fn(fit$fit$par))
  fixed <- fixef(fit)
  out$fixef <- lapply(Filter(length, unclass(fixed)[c("cond", "zi", "disp")]), as.list)
  out$VarCorr <- deviation(fit)
  out$sigma <- sigma(fit)
  out$family_params <- as.list(family_params(fit))
  out$ranef <- effects(fit)
  out$predict <- predictions(fit, m)
  out$residuals <- residuals_of(fit)
  full <- quietly_or_null(confint(fit, full = TRUE))
  if (!is.null(full)) out$confint <- list(rows = I(rownames(full)), columns = colnames(full), values = matrix_rows(unname(full)))
  if (isTRUE(m$texts)) out$texts <- texts_of(fit)
  if (!is.null(m$compare)) {
    other <- eval(call_of(models[[m$compare]]), globalenv())
    first_model <- other; second_model <- fit
    table <- anova(first_model, second_model)
    out$anova <- list(against = m$compare, text = text(print(table)), chisq = table$Chisq[2], df = table$`Chi Df`[2], p = table$`Pr(>Chisq)`[2])
  }
  out
}

write_part <- function(m) {
  value <- tryCatch(made(m), error = function(e) c(m, list(error = conditionMessage(e))))
  write(toJSON(value, auto_unbox = TRUE, digits = I(15), null = "null", na = "null"), file.path(parts, paste0(m$name, ".json")))
  cat(m$name, if (is.null(value$error)) format(value$criterion, digits = 12) else value$error, if (!isTRUE(value$pdHess)) "no pdHess",
      unlist(value$limits), format(value$distance, digits = 2), value$plain$criterion - value$criterion, "\n")
}

pack <- function() {
  made <- lapply(names(models), function(name) {
    path <- file.path(parts, paste0(name, ".json"))
    if (file.exists(path)) fromJSON(path, simplifyVector = FALSE) else { cat("absent:", name, "\n"); NULL } })
  names(made) <- names(models)
  made <- Filter(function(m) !is.null(m) && is.null(m$error), made)
  whole <- list(glmmTMB = as.character(packageVersion("glmmTMB")), TMB = as.character(packageVersion("TMB")),
                R = paste(R.version$major, R.version$minor, sep = "."), models = made)
  con <- gzfile(file.path(here, "reference.json.gz"), "wb")
  write(toJSON(whole, auto_unbox = TRUE, digits = I(15), null = "null", na = "null"), con)
  close(con)
}

wanted <- commandArgs(TRUE)
if (!identical(wanted, "--pack")) for (m in if (length(wanted)) models[wanted] else models) write_part(m)
if (!length(wanted) || identical(wanted, "--pack")) pack()
