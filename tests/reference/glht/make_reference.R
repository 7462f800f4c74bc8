# Reference values of multiple comparisons: multcomp, multcompView, p.adjust, ptukey and mvtnorm.
# Run in this directory: Rscript make_reference.R; it writes reference.json.gz and text.json.
suppressMessages({library(lme4); library(multcomp); library(multcompView); library(mvtnorm); library(jsonlite); library(car)})
source("../lmm/tighten.R")
set.seed(20)
options(digits = 17)

# multcomp's own multivariate t is Monte Carlo: here with far more points than its default.
exact <- GenzBretz(maxpts = 1.5e5, abseps = 1e-6, releps = 0)

data(cake, package = "lme4"); data(cbpp, package = "lme4"); data(Penicillin, package = "lme4")
cake <- subset(as.data.frame(cake), TRUE); cake$temperature <- factor(as.character(cake$temperature))
uneven <- cake[-c(1:7, 20, 33, 50:58, 100, 200:211), ]
three <- droplevels(subset(uneven, temperature %in% c("175", "195", "225")))
pois <- uneven; pois$count <- round(pois$angle / 5)
five <- droplevels(subset(uneven, temperature != "225"))

tests <- c("none", "single-step", "bonferroni", "holm", "Westfall", "Shaffer", "free", "BH")
models <- list()
add <- function(name, fit, call, spec, linfct, alternative = NULL, tests_ = tests) {
  args <- list(fit, linfct = linfct)
  if (!is.null(alternative)) args$alternative <- alternative
  g <- suppressWarnings(do.call(glht, args))
  sm <- summary(g, test = univariate())$test
  adj <- lapply(setNames(tests_, tests_), function(t)
    if (t == "none") as.numeric(sm$pvalues) else if (t %in% c("single-step", "Westfall", "free"))
      as.numeric(summary(g, test = adjusted(t, algorithm = exact))$test$pvalues) else as.numeric(summary(g, test = adjusted(t))$test$pvalues))
  chi <- summary(g, test = Chisqtest())$test
  ci <- confint(g, calpha = univariate_calpha())$confint
  models[[length(models) + 1]] <<- list(name = name, call = call, spec = spec, rows = names(coef(g)), alternative = g$alternative,
    rhs = g$rhs, estimate = as.numeric(coef(g)), se = as.numeric(sm$sigma), t = as.numeric(sm$tstat), df = g$df, p = adj,
    chisq = as.numeric(chi$SSH), chisq_df = chi$df[1], limits = unname(ci[, 2:3, drop = FALSE]))
}
lm1 <- lm(angle ~ recipe + temperature, uneven)
lm2 <- lm(angle ~ temperature, three)
lm3 <- lm(angle ~ recipe, uneven, weights = as.numeric(uneven$temperature))
lm4 <- lm(angle ~ recipe + temp, uneven, contrasts = list(recipe = "contr.sum"))
lm5 <- lm(angle ~ recipe - 1, uneven)
lm6 <- lm(angle ~ temperature, five)
glm1 <- glm(count ~ recipe + temp, poisson, pois, control = glm.control(epsilon = 1e-14))
glm2 <- glm(cbind(incidence, size - incidence) ~ period, binomial, cbpp, control = glm.control(epsilon = 1e-14))
mer1 <- tight_lmer(angle ~ recipe + temp + (1 | replicate), uneven)
mer2 <- tight_lmer(angle ~ temperature + (1 | replicate:recipe), three)
mer3 <- tight_lmer(diameter ~ sample + (1 | plate), droplevels(subset(Penicillin, sample %in% c("A", "B", "C", "D"))))
mer4 <- tight_lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
gm1 <- glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial,
             control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))
J <- function(...) list(...)
add("lm both Tukey", lm1, J(f = "lm", formula = "angle ~ recipe + temperature", data = "uneven"), J(mcp = J(recipe = "Tukey")), mcp(recipe = "Tukey"))
add("lm two factors", lm1, J(f = "lm", formula = "angle ~ recipe + temperature", data = "uneven"), J(mcp = J(recipe = "Tukey", temperature = "Dunnett")), mcp(recipe = "Tukey", temperature = "Dunnett"), tests_ = c("none", "single-step", "bonferroni"))
add("lm three Tukey", lm2, J(f = "lm", formula = "angle ~ temperature", data = "three"), J(mcp = J(temperature = "Tukey")), mcp(temperature = "Tukey"))
add("lm Dunnett less", lm1, J(f = "lm", formula = "angle ~ recipe + temperature", data = "uneven"), J(mcp = J(temperature = "Dunnett")), mcp(temperature = "Dunnett"), "less", tests_ = c("none", "single-step", "free"))
add("lm Dunnett greater", lm1, J(f = "lm", formula = "angle ~ recipe + temperature", data = "uneven"), J(mcp = J(temperature = "Dunnett")), mcp(temperature = "Dunnett"), "greater", tests_ = c("none", "single-step", "holm"))
for (k in c("Sequen", "AVE", "Changepoint", "Williams", "GrandMean"))
  add(paste("lm", k), lm2, J(f = "lm", formula = "angle ~ temperature", data = "three"), J(mcp = J(temperature = k)), do.call(mcp, list(temperature = k)), tests_ = c("none", "single-step", "bonferroni"))
add("lm Tukey greater", lm3, J(f = "lm", formula = "angle ~ recipe", data = "uneven", weights = "w"), J(mcp = J(recipe = "Tukey")), mcp(recipe = "Tukey"), "greater", tests_ = c("none", "single-step", "free", "Westfall"))
add("lm sum contrasts", lm4, J(f = "lm", formula = "angle ~ recipe + temp", data = "uneven", contrasts = J(recipe = "sum")), J(mcp = J(recipe = "Tukey")), mcp(recipe = "Tukey"))
add("lm no intercept", lm5, J(f = "lm", formula = "angle ~ recipe - 1", data = "uneven"), J(mcp = J(recipe = "Tukey")), mcp(recipe = "Tukey"))
add("lm five Tukey", lm6, J(f = "lm", formula = "angle ~ temperature", data = "five"), J(mcp = J(temperature = "Tukey")), mcp(temperature = "Tukey"),
    tests_ = c("none", "single-step", "Shaffer"))
add("lm levels by symbol", lm1, J(f = "lm", formula = "angle ~ recipe + temperature", data = "uneven"), J(mcp = J(recipe = c("C - A = 0", "2 * B - A - C = 1"))), mcp(recipe = c("C - A = 0", "2 * B - A - C = 1")), tests_ = c("none", "single-step"))
add("lm symbols", lm1, J(f = "lm", formula = "angle ~ recipe + temperature", data = "uneven"), J(text = c("recipeB - recipeC = 0", "temperature225 + 2 * temperature185 = 3")), c("recipeB - recipeC = 0", "temperature225 + 2 * temperature185 = 3"))
add("lm symbols less", lm1, J(f = "lm", formula = "angle ~ recipe + temperature", data = "uneven"), J(text = c("recipeB >= 1", "recipeC >= 0.5")), c("recipeB >= 1", "recipeC >= 0.5"), tests_ = c("none", "single-step"))
add("glm poisson", glm1, J(f = "glm", formula = "count ~ recipe + temp", data = "pois", family = "poisson"), J(mcp = J(recipe = "Tukey")), mcp(recipe = "Tukey"))
add("glm binomial", glm2, J(f = "glm", formula = "cbind(incidence, size - incidence) ~ period", data = "cbpp", family = "binomial"), J(mcp = J(period = "Tukey")), mcp(period = "Tukey"))
add("lmer Tukey", mer1, J(f = "lmer", formula = "angle ~ recipe + temp + (1 | replicate)", data = "uneven"), J(mcp = J(recipe = "Tukey")), mcp(recipe = "Tukey"))
add("lmer three", mer2, J(f = "lmer", formula = "angle ~ temperature + (1 | replicate:recipe)", data = "three"), J(mcp = J(temperature = "Tukey")), mcp(temperature = "Tukey"))
add("lmer balanced", mer3, J(f = "lmer", formula = "diameter ~ sample + (1 | plate)", data = "penicillin"), J(mcp = J(sample = "Tukey")), mcp(sample = "Tukey"), tests_ = c("none", "bonferroni", "Shaffer"))
add("lmer symbol", mer4, J(f = "lmer", formula = "Reaction ~ Days + (Days | Subject)", data = "sleepstudy"), J(text = c("Days = 8", "(Intercept) + 9 * Days = 300")), c("Days = 8", "(Intercept) + 9 * Days = 300"))
add("glmer Tukey", gm1, J(f = "glmer", formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)", data = "cbpp", family = "binomial"), J(mcp = J(period = "Dunnett")), mcp(period = "Dunnett"), tests_ = c("none", "single-step"))

lh <- list()
car1 <- function(fit, call, text, test) { a <- linearHypothesis(fit, text, test = test); lh[[length(lh) + 1]] <<- list(call = call, text = I(text), test = test, statistic = a[[if (test == "F") "F" else "Chisq"]][2], p = a[[ncol(a)]][2]) }
car1(lm1, J(f = "lm", formula = "angle ~ recipe + temperature", data = "uneven"), c("recipeB = 0", "recipeC = 1"), "F")
car1(lm1, J(f = "lm", formula = "angle ~ recipe + temperature", data = "uneven"), c("recipeB = recipeC"), "Chisq")
car1(mer4, J(f = "lmer", formula = "Reaction ~ Days + (Days | Subject)", data = "sleepstudy"), "Days = 8", "Chisq")
car1(glm1, J(f = "glm", formula = "count ~ recipe + temp", data = "pois", family = "poisson"), c("recipeB - recipeC = 0", "temp = 0.001"), "Chisq")

ps <- list(c(.01, .02, .03, .04, .05), c(.5, .001, NA, .03, .03), runif(12)^3, c(1, 1, .2), c(.04), c(1e-12, .9, .9, 1e-5, .2, .2, .07), rev(1:20 / 400))
adjust <- lapply(ps, function(p) list(p = p, adjusted = lapply(setNames(p.adjust.methods, p.adjust.methods), function(m) p.adjust(p, m)), larger = p.adjust(p, "hommel", n = length(p) + 3), holm = p.adjust(p, "holm", n = length(p) + 3)))

grid <- expand.grid(q = c(.2, 1, 2.5, 3.5, 5), k = c(2, 3, 5, 12), df = c(10, 24.5, 120, 1e30)); grid$df[grid$df > 1e20] <- Inf
tukey <- cbind(q = grid$q, k = grid$k, df = ifelse(is.infinite(grid$df), -1, grid$df), p = ptukey(grid$q, grid$k, grid$df, lower.tail = FALSE))

mvt <- list()
for (m in 3:5) for (df in c(0, 9)) { A <- crossprod(matrix(rnorm(m * (m + 2)), m + 2)); K <- unclass(contrMat(rep(1, m), "Tukey")); C <- cov2cor(K %*% A %*% t(K)); D <- cov2cor(A)
  for (two in c(TRUE, FALSE)) for (R in list(C, D)) { n <- nrow(R); if (n > 6 && df > 0) next
    r <- pmvt(if (two) rep(-2.2, n) else rep(-Inf, n), rep(2.2, n), df = df, corr = R, algorithm = GenzBretz(maxpts = 3e5, abseps = 1e-6, releps = 0))
    mvt[[length(mvt) + 1]] <- list(corr = R, df = df, two = two, c = 2.2, tail = 1 - as.numeric(r), error = attr(r, "error")) } }
miwa <- list()
for (m in 3:4) { D <- cov2cor(crossprod(matrix(rnorm(m * (m + 2)), m + 2))); for (b in c(-.5, .8, 2, 3.5)) miwa[[length(miwa) + 1]] <- list(corr = D, c = b,
  one = 1 - as.numeric(pmvnorm(rep(-Inf, m), rep(b, m), corr = D, algorithm = Miwa(steps = 512))), two = if (b > 0) 1 - as.numeric(pmvnorm(rep(-b, m), rep(b, m), corr = D, algorithm = Miwa(steps = 512))) else 1) }

letters_ <- list()
for (i in 1:60) { n <- sample(3:9, 1); nm <- LETTERS[1:n]; pr <- t(combn(n, 2)); mu <- sort(rnorm(n)) * runif(1, .5, 3); p <- if (i %% 3 == 0) runif(nrow(pr))^2 else 2 * pnorm(-abs(mu[pr[, 1]] - mu[pr[, 2]]) * runif(nrow(pr), 1, 2)); if (i == 1) p[] <- 0; if (i == 2) p[] <- 1
  names(p) <- paste(nm[pr[, 1]], nm[pr[, 2]], sep = "-")
  swept <- multcomp:::insert_absorb(p < .05, comps = cbind(nm[pr[, 1]], nm[pr[, 2]]), lvl_order = nm, levels.x = nm)$Letters[nm]
  letters_[[i]] <- list(n = n, p = unname(p), swept = unname(swept), letters = unname(multcompLetters(p, threshold = .05, compare = "<")$Letters[nm])) }

con <- gzfile("reference.json.gz", "w"); writeLines(toJSON(list(models = models, linear_hypothesis = lh, adjust = adjust, tukey = tukey, mvt = mvt, miwa = miwa, letters = letters_), digits = 14, auto_unbox = TRUE, na = "null"), con); close(con)

options(digits = 7, width = 80)
show <- function(e) { x <- capture.output(print(e)); gsub("[\u2018\u2019]", "'", x) }
w <- uneven; m <- lmer(angle ~ recipe + temp + (1 | replicate), w)
l <- lm(angle ~ temperature, three)
text <- list(
  list(name = "plain", lines = show(glht(l, mcp(temperature = "Tukey")))),
  list(name = "summary", lines = show(summary(glht(l, mcp(temperature = "Tukey")), test = adjusted("holm")))),
  list(name = "univariate", lines = show(summary(glht(m, mcp(recipe = "Tukey")), test = univariate()))),
  list(name = "less", lines = show(summary(glht(m, c("recipeB >= 1", "recipeC >= 0.5")), test = adjusted("bonferroni")))),
  list(name = "confint", lines = show(confint(glht(l, mcp(temperature = "Tukey")), calpha = univariate_calpha()))),
  list(name = "greater", lines = show(confint(glht(l, mcp(temperature = "Dunnett"), alternative = "greater"), calpha = univariate_calpha()))))
writeLines(toJSON(text, auto_unbox = TRUE, pretty = TRUE), "text.json")
for (n in c("uneven", "three", "five", "pois")) write.csv(get(n), gzfile(file.path("tables", paste0(n, ".csv.gz"))), row.names = FALSE)
