# Estimated marginal means, trends, contrasts and joint tests as R's emmeans 1.8.4 gives them.
#
#     Rscript make_reference.R        writes reference.json.gz beside itself (R 4.2, lme4, pbkrtest, lmerTest, glmmTMB)
#
# Every result is kept twice: its numbers in full (`frame`) and the lines that R prints (`text`). Mixed models are
# refitted with tolerances far below lme4's defaults; the generalised one is glmmTMB's, whose standard errors come from
# exact derivatives.

suppressMessages({library(emmeans); library(lme4); library(lmerTest); library(glmmTMB); library(MASS); library(splines)
                  library(jsonlite)})
options(digits = 7, width = 80, useFancyQuotes = FALSE)

tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e5), calc.derivs = FALSE)
set.seed(11)

# -- tables ---------------------------------------------------------------------------------------------------------
warp <- warpbreaks
uneven <- warpbreaks[-c(1:4, 12, 30:33, 50), ]
uneven$w <- rep(c(1, 2, 0.5, 3), 11)
holes <- subset(warpbreaks, !(wool == "B" & tension == "M"))
cars <- transform(mtcars[c("mpg", "cyl", "hp", "wt", "am", "gear")], fast = mtcars$qsec < 17.5)
rownames(cars) <- NULL
teeth <- ToothGrowth
claims <- transform(Insurance, District = as.character(District), Group = as.character(Group), Age = as.character(Age))
cases <- data.frame(age = as.character(esoph$agegp), alc = as.character(esoph$alcgp), ncases = esoph$ncases,
                    ncontrols = esoph$ncontrols)
oats <- data.frame(Block = as.character(nlme::Oats$Block), Variety = as.character(nlme::Oats$Variety),
                   nitro = nlme::Oats$nitro, yield = nlme::Oats$yield)
oats2 <- oats[-c(2, 5, 17, 23, 38, 39, 55, 61, 62), ]
oats3 <- subset(oats, !(Variety == "Victory" & nitro == 0.4))
sleep <- transform(sleepstudy, Subject = as.character(Subject))
cakes <- transform(cake, recipe = as.character(recipe), replicate = as.character(replicate),
                   temperature = as.character(temperature))
herds <- transform(cbpp, herd = as.character(herd), period = as.character(period))
towns <- data.frame(state = rep(c("IA", "KY", "OH"), c(9, 6, 12)), city = rep(c("Ames", "Boone", "Clive", "Danville",
  "Erie", "Findlay", "Gahanna", "Huron", "Ironton"), each = 3), dose = rep(c("hi", "lo", "mid"), 9))
towns$y <- round(10 + 3 * (towns$state == "KY") + as.numeric(factor(towns$city)) / 2 + 2 * (towns$dose == "hi") +
                 rnorm(27), 2)
towns <- towns[-c(5, 20), ]
trial <- expand.grid(A = c("a1", "a2"), B = c("b1", "b2", "b3"), C = c("c1", "c2", "c3"), rep = 1:3,
                     stringsAsFactors = FALSE)
trial$x <- round(runif(nrow(trial), 1, 9), 2)
trial$z <- round(runif(nrow(trial), 0.5, 4), 2)
trial$y <- round(8 + 2 * (trial$A == "a2") * (trial$B == "b3") - (trial$C == "c2") + 0.4 * trial$x * (trial$C == "c3") +
                 sqrt(trial$z) + rnorm(nrow(trial)), 2)
trial$count <- rpois(nrow(trial), exp(0.2 * trial$y - 0.5))
trial$time <- round(5000 / trial$y)
trial <- trial[-c(3, 9, 10, 33, 41, 42), ]
fields <- expand.grid(plot = paste0("p", 1:12), year = c("y1", "y2"), k = 1:2, stringsAsFactors = FALSE)
fields$farm <- paste0("f", c(1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5))[match(fields$plot, paste0("p", 1:12))]
fields$region <- ifelse(fields$farm %in% c("f1", "f2"), "north", "south")
fields$yield <- round(20 + 2 * (fields$region == "north") + as.numeric(factor(fields$plot)) / 3 + rnorm(48), 2)
fields <- fields[-c(2, 17, 30), ]
tables <- list(fields = fields, warp = warp, uneven = uneven, holes = holes, cars = cars, teeth = teeth, claims = claims, cases = cases,
               oats = oats, oats2 = oats2, oats3 = oats3, sleep = sleep, cakes = cakes, herds = herds, towns = towns,
               trial = trial)
ordered_cases <- transform(cases, age = factor(age, ordered = TRUE), alc = factor(alc, ordered = TRUE))

# -- models ---------------------------------------------------------------------------------------------------------
models <- list(
  warp = lm(breaks ~ wool * tension, warp),
  warp_log = lm(log(breaks) ~ wool * tension, warp),
  uneven = lm(breaks ~ wool * tension, uneven),
  uneven_weights = lm(breaks ~ wool + tension, uneven, weights = w),
  holes = lm(breaks ~ wool * tension, holes),
  cars = lm(mpg ~ factor(cyl) * hp + am, cars),
  cars_poly = lm(mpg ~ poly(hp, 2) * fast + log(wt), cars),
  cars_spline = lm(sqrt(mpg) ~ ns(hp, 3) + am, cars),
  teeth = lm(len ~ supp * dose, teeth),
  teeth_factor = lm(len ~ supp * ordered(dose), teeth),
  claims = glm(Claims ~ District + Group + Age + offset(log(Holders)), poisson, claims, epsilon = 1e-14, maxit = 100),
  claims_argument = glm(Claims ~ District + Age, poisson, claims, offset = log(Holders), epsilon = 1e-14, maxit = 100),
  cases = glm(cbind(ncases, ncontrols) ~ age + alc, binomial, ordered_cases, epsilon = 1e-14, maxit = 100),
  probit = glm(cbind(ncases, ncontrols) ~ alc, binomial("probit"), ordered_cases, epsilon = 1e-14, maxit = 100),
  gamma = glm(time ~ A * B + x, Gamma("inverse"), trial, epsilon = 1e-14, maxit = 100),
  towns = lm(y ~ state / city + dose, towns),
  towns_cells = lm(y ~ city + state + dose, towns),
  trial = lm(y ~ A * B * C, trial),
  trial_slopes = lm(y ~ A + C * x + sqrt(z), trial),
  trial_shift = lm(log(count + 1) ~ A * C, trial),
  fields = lm(yield ~ region / farm / plot + year, fields),
  fields_two = lm(yield ~ region + farm %in% region + year * region, fields),
  cell_means = lm(y ~ 0 + A:B, trial),
  no_intercept = lm(y ~ 0 + A + B + x, trial),
  log10 = lm(log10(time) ~ B + A, trial),
  twice = lm(2 * sqrt(count + 0.5) ~ B, trial),
  log2_offset = lm(log2(time) ~ B + offset(z) + x, trial),
  counts = glm(count ~ A * B + offset(z / 10), poisson, trial, epsilon = 1e-14, maxit = 100),
  loglink = glm(time ~ C + x, gaussian("log"), trial, epsilon = 1e-14, maxit = 100),
  seven = lm(breaks ~ f, transform(warp, f = factor(rep(letters[1:7], length.out = 54)))),
  oats_ml = lmer(yield ~ Variety + nitro + (1 | Block / Variety), oats, REML = FALSE, control = tight),
  oats = lmer(yield ~ Variety + factor(nitro) + (1 | Block / Variety), oats, control = tight),
  oats2 = lmer(yield ~ Variety * factor(nitro) + (1 | Block / Variety), oats2, control = tight),
  oats3 = lmer(yield ~ Variety * factor(nitro) + (1 | Block / Variety), oats3, control = tight),
  sleep = lmer(Reaction ~ Days + (Days | Subject), sleep, control = tight),
  cakes = lmer(log(angle) ~ recipe * temperature + (1 | recipe:replicate), cakes, control = tight),
  herds = glmmTMB(cbind(incidence, size - incidence) ~ period + (1 | herd), herds, family = binomial,
                  control = glmmTMBControl(optCtrl = list(rel.tol = 1e-14, x.tol = 1e-12)))
)

# -- questions ------------------------------------------------------------------------------------------------------
questions <- alist(
  warp_cells = emmeans(m$warp, ~ tension | wool),
  warp_pairs = pairs(emmeans(m$warp, ~ tension | wool)),
  warp_tension = emmeans(m$warp, "tension"),
  warp_both = emmeans(m$warp, ~ tension * wool),
  warp_both_pairs = pairs(emmeans(m$warp, ~ wool * tension)),
  warp_eff = contrast(emmeans(m$warp, "tension"), "eff"),
  warp_deleff = contrast(emmeans(m$warp, "tension"), "del.eff"),
  warp_poly = contrast(emmeans(m$warp, "tension"), "poly"),
  warp_ctrl = contrast(emmeans(m$warp, ~ tension | wool), "trt.vs.ctrl", ref = 2),
  warp_ctrlk = contrast(emmeans(m$warp, "tension"), "trt.vs.ctrlk", adjust = "none"),
  warp_consec = contrast(emmeans(m$warp, "tension"), "consec", adjust = "bonferroni"),
  warp_change = contrast(emmeans(m$warp, "tension"), "mean_chg", adjust = "holm"),
  warp_identity = contrast(emmeans(m$warp, "tension"), "identity"),
  warp_custom = contrast(emmeans(m$warp, "tension"), list(LvMH = c(1, -.5, -.5), MvH = c(0, 1, -1)), adjust = "sidak"),
  warp_interaction = contrast(emmeans(m$warp, ~ wool * tension), interaction = c("pairwise", "poly")),
  warp_interaction2 = contrast(emmeans(m$warp, ~ tension * wool), interaction = "consec"),
  warp_revpairs = confint(contrast(emmeans(m$warp, ~ tension | wool), "revpairwise")),
  warp_test = test(emmeans(m$warp, "tension"), null = 25),
  warp_left = test(pairs(emmeans(m$warp, "tension")), side = "<", adjust = "none"),
  warp_left_tukey = test(pairs(emmeans(m$warp, "tension")), side = "<"),
  warp_equivalence = test(pairs(emmeans(m$warp, "tension")), delta = 12, adjust = "none"),
  warp_bonferroni = confint(emmeans(m$warp, "tension"), level = 0.9, adjust = "bonferroni"),
  warp_one_sided = confint(emmeans(m$warp, "tension"), side = ">"),
  warp_scheffe = contrast(emmeans(m$warp, "tension"), "pairwise", adjust = "scheffe"),
  warp_joint = joint_tests(m$warp),
  warp_joint_by = joint_tests(m$warp, by = "wool"),
  warp_log_link = emmeans(m$warp_log, ~ tension | wool),
  warp_log_response = emmeans(m$warp_log, ~ tension | wool, type = "response"),
  warp_log_ratio = pairs(emmeans(m$warp_log, ~ tension | wool, type = "response")),
  warp_log_ratio_confint = confint(pairs(emmeans(m$warp_log, ~ wool, type = "response"))),
  warp_log_bias = emmeans(m$warp_log, "tension", type = "response", bias.adjust = TRUE, sigma = 0.4),
  warp_log_regrid = emmeans(regrid(ref_grid(m$warp_log)), "tension"),
  warp_log_regrid_pairs = pairs(regrid(emmeans(m$warp_log, "tension"))),
  uneven_equal = emmeans(m$uneven, "tension"),
  uneven_proportional = emmeans(m$uneven, "tension", weights = "proportional"),
  uneven_cells = emmeans(m$uneven, "tension", weights = "cells"),
  uneven_flat = emmeans(m$uneven, "tension", weights = "flat"),
  uneven_own = emmeans(m$uneven, "tension", weights = c(1, 3)),
  uneven_overall = emmeans(m$uneven, ~ 1),
  uneven_weights = emmeans(m$uneven_weights, "wool", weights = "proportional"),
  holes_cells = emmeans(m$holes, ~ wool * tension),
  holes_tension = emmeans(m$holes, "tension"),
  holes_flat = emmeans(m$holes, "wool", weights = "flat"),
  holes_pairs = pairs(emmeans(m$holes, ~ tension | wool)),
  holes_joint = joint_tests(m$holes),
  cars_cyl = emmeans(m$cars, "cyl"),
  cars_cyl_pairs = pairs(emmeans(m$cars, "cyl")),
  cars_at = emmeans(m$cars, ~ hp | cyl, at = list(hp = c(100, 200), cyl = c(4, 8))),
  cars_am = emmeans(m$cars, "am"),
  cars_median = emmeans(m$cars, "cyl", cov.reduce = median),
  cars_trends = emtrends(m$cars, ~ cyl, var = "hp"),
  cars_trend_pairs = pairs(emtrends(m$cars, ~ cyl, var = "hp")),
  cars_joint = joint_tests(m$cars),
  poly_fast = emmeans(m$cars_poly, ~ fast | hp, at = list(hp = c(90, 150))),
  poly_trends = emtrends(m$cars_poly, ~ fast, var = "hp"),
  poly_trends_at = emtrends(m$cars_poly, ~ fast | hp, var = "hp", at = list(hp = c(90, 150))),
  poly_trends_2 = emtrends(m$cars_poly, ~ fast, var = "hp", max.degree = 2),
  poly_trends_wt = emtrends(m$cars_poly, ~ 1, var = "wt"),
  poly_trends_log = emtrends(m$cars_poly, ~ 1, var = "log(wt)"),
  spline_response = emmeans(m$cars_spline, ~ hp, at = list(hp = c(80, 160, 240)), type = "response"),
  spline_pairs = pairs(emmeans(m$cars_spline, ~ hp, at = list(hp = c(80, 160, 240)), type = "response")),
  teeth_means = emmeans(m$teeth, "supp"),
  teeth_trends = emtrends(m$teeth, pairwise ~ supp, var = "dose")$contrasts,
  teeth_kept = emmeans(m$teeth, ~ dose * supp, cov.keep = "dose"),
  teeth_factor = emmeans(m$teeth_factor, ~ dose | supp),
  teeth_factor_poly = contrast(emmeans(m$teeth_factor, ~ dose | supp), "poly"),
  # The offset() at the mean of Holders, as emmeans has it again from 1.8.7 on; 1.8.4 takes the mean of the logarithms.
  claims_age = emmeans(m$claims, "Age", offset = log(mean(MASS::Insurance$Holders))),
  claims_rate = emmeans(m$claims, "Age", type = "response", offset = log(mean(MASS::Insurance$Holders))),
  claims_offset = emmeans(m$claims, "District", offset = log(1000), type = "response"),
  claims_ratio = pairs(emmeans(m$claims, "Age", type = "response")),
  claims_outer = emmeans(m$claims, "Age", weights = "outer", offset = log(mean(MASS::Insurance$Holders))),
  claims_argument = emmeans(m$claims_argument, "Age", type = "response"),
  cases_prob = emmeans(m$cases, "alc", type = "response"),
  cases_test = test(emmeans(m$cases, "alc", type = "response")),
  cases_odds = contrast(emmeans(m$cases, "alc", type = "response"), "consec", adjust = "none"),
  cases_poly = contrast(emmeans(m$cases, "age"), "poly"),
  cases_joint = joint_tests(m$cases),
  probit_prob = emmeans(m$probit, "alc", type = "response"),
  probit_pairs = pairs(emmeans(m$probit, "alc", type = "response"), adjust = "none"),
  gamma_means = emmeans(m$gamma, ~ B | A, type = "response"),
  gamma_pairs = pairs(emmeans(m$gamma, ~ B, type = "response")),
  towns_city = emmeans(m$towns, "city"),
  towns_state = emmeans(m$towns, "state"),
  towns_dose = emmeans(m$towns, "dose"),
  towns_city_pairs = pairs(emmeans(m$towns, "city")),
  towns_state_pairs = pairs(emmeans(m$towns, "state")),
  towns_joint = joint_tests(m$towns),
  towns_cells_city = emmeans(m$towns_cells, "city"),
  trial_each = contrast(emmeans(m$trial, ~ A * B * C), "consec", simple = "B", adjust = "none"),
  trial_three = contrast(emmeans(m$trial, ~ A * B * C), interaction = c("pairwise", "consec", "eff")),
  trial_by_two = pairs(emmeans(m$trial, ~ B | A + C)),
  trial_joint = joint_tests(m$trial),
  trial_joint_by = joint_tests(m$trial, by = c("A")),
  slopes_means = emmeans(m$trial_slopes, "C"),
  slopes_trends = emtrends(m$trial_slopes, ~ C, var = "x"),
  slopes_curve = emtrends(m$trial_slopes, ~ z, var = "z", at = list(z = c(1, 2, 3))),
  slopes_reduce = emmeans(m$trial_slopes, ~ x, cov.reduce = range),
  shift_response = emmeans(m$trial_shift, "C", type = "response"),
  shift_ratio = pairs(emmeans(m$trial_shift, "C", type = "response")),
  oats_variety = emmeans(m$oats, "Variety"),
  oats_nitro = emmeans(m$oats, "nitro"),
  oats_pairs = pairs(emmeans(m$oats, "Variety")),
  oats_nitro_poly = contrast(emmeans(m$oats, "nitro"), "poly"),
  oats_asymptotic = pairs(emmeans(m$oats, "Variety", lmer.df = "asymptotic")),
  oats_satterthwaite = pairs(emmeans(m$oats, "Variety", lmer.df = "satterthwaite")),
  oats2_cells = emmeans(m$oats2, ~ nitro | Variety),
  oats2_pairs = pairs(emmeans(m$oats2, ~ Variety | nitro)),
  oats2_joint = joint_tests(m$oats2),
  oats2_joint_asymptotic = joint_tests(m$oats2, lmer.df = "asymptotic"),
  oats3_cells = emmeans(m$oats3, ~ nitro | Variety, lmer.df = "asymptotic"),
  oats3_variety = emmeans(m$oats3, "Variety", lmer.df = "asymptotic"),
  sleep_days = emmeans(m$sleep, ~ Days, at = list(Days = c(0, 5, 9))),
  sleep_days_pairs = pairs(emmeans(m$sleep, ~ Days, at = list(Days = c(0, 5, 9)))),
  sleep_trend = emtrends(m$sleep, ~ 1, var = "Days"),
  cakes_response = emmeans(m$cakes, ~ recipe, type = "response"),
  cakes_ratio = pairs(emmeans(m$cakes, ~ recipe, type = "response")),
  cakes_interaction = contrast(emmeans(m$cakes, ~ recipe * temperature), interaction = c("pairwise", "consec"),
                               lmer.df = "satterthwaite"),
  fields_farm = emmeans(m$fields, "farm"),
  fields_region = emmeans(m$fields, "region"),
  fields_plot = emmeans(m$fields, "plot"),
  fields_year = emmeans(m$fields, "year", weights = "proportional"),
  fields_farm_pairs = pairs(emmeans(m$fields, ~ farm | region)),
  fields_plot_consec = contrast(emmeans(m$fields, ~ plot | farm), "consec", adjust = "none"),
  fields_joint = joint_tests(m$fields),
  fields_two_region = emmeans(m$fields_two, ~ region | year, weights = "cells"),
  fields_two_farm = emmeans(m$fields_two, ~ farm * year),
  fields_two_joint = joint_tests(m$fields_two),
  towns_by_state = pairs(emmeans(m$towns, ~ city | state), adjust = "holm"),
  towns_by_tukey = pairs(emmeans(m$towns, ~ city | state)),
  towns_eff = contrast(emmeans(m$towns, ~ city | state), "eff"),
  towns_cells_state = emmeans(m$towns, "state", weights = "cells"),
  towns_both = emmeans(m$towns, ~ city * dose),
  cell_means = emmeans(m$cell_means, ~ A * B),
  cell_means_A = emmeans(m$cell_means, "A"),
  cell_means_joint = joint_tests(m$cell_means),
  no_intercept = emmeans(m$no_intercept, "A"),
  no_intercept_pairs = pairs(emmeans(m$no_intercept, "B")),
  log10_response = emmeans(m$log10, "B", type = "response"),
  log10_ratio = pairs(emmeans(m$log10, "B", type = "response")),
  twice_link = emmeans(m$twice, "B"),
  twice_response = emmeans(m$twice, "B", type = "response"),
  log2_response = emmeans(m$log2_offset, "B", type = "response"),
  log2_ratio = confint(pairs(emmeans(m$log2_offset, "B", type = "response"))),
  counts_rate = emmeans(m$counts, ~ A | B, type = "response"),
  counts_regrid = pairs(regrid(emmeans(m$counts, ~ A | B))),
  uneven_joint_means = test(emmeans(m$uneven, ~ wool | tension), joint = TRUE, null = 30),
  loglink = emmeans(m$loglink, "C", type = "response"),
  loglink_trend = emtrends(m$loglink, "C", var = "x"),
  seven_poly = contrast(emmeans(m$seven, "f"), "poly"),
  seven_hommel = contrast(emmeans(m$seven, "f"), "pairwise", adjust = "hommel"),
  seven_hochberg = contrast(emmeans(m$seven, "f"), "eff", adjust = "hochberg"),
  seven_by = contrast(emmeans(m$seven, "f"), "trt.vs.ctrl", adjust = "BY"),
  seven_refs = contrast(emmeans(m$seven, "f"), "trt.vs.ctrl", ref = c(1, 3)),
  seven_dunnett = confint(contrast(emmeans(m$seven, "f"), "trt.vs.ctrl1")),
  seven_tukey_means = confint(emmeans(m$seven, "f"), adjust = "tukey"),
  seven_scheffe_means = confint(emmeans(m$seven, "f"), adjust = "scheffe"),
  seven_side = confint(pairs(emmeans(m$seven, "f")), side = "<", adjust = "bonferroni"),
  warp_joint_test = test(pairs(emmeans(m$warp, ~ tension | wool)), joint = TRUE),
  warp_by_null = contrast(emmeans(m$warp, ~ tension | wool), "consec", by = NULL, adjust = "none"),
  warp_at = emmeans(m$warp, "tension", at = list(wool = "B")),
  warp_noninferiority = test(pairs(emmeans(m$warp, ~ tension | wool)), delta = 2, side = "noninferiority"),
  warp_null_ratio = test(pairs(emmeans(m$warp_log, "tension", type = "response")), null = log(1.1)),
  poly_at_fast = emmeans(m$cars_poly, ~ hp, at = list(fast = TRUE, hp = c(90, 120))),
  cars_reduce_list = emmeans(m$cars, ~ cyl, cov.reduce = list(hp = max), cov.keep = character(0)),
  slopes_all = emmeans(m$trial_slopes, ~ A, cov.reduce = list(x = median, z = min)),
  trial_spec_by = emmeans(m$trial, c("C", "B"), by = "A"),
  trial_trend_pairs = pairs(emtrends(m$trial_slopes, ~ C | A, var = "x")),
  trial_interaction_by = contrast(emmeans(m$trial, ~ B * C | A), interaction = "pairwise"),
  trial_bonferroni = confint(pairs(emmeans(m$trial, ~ C)), adjust = "bonferroni"),
  oats_ml_variety = emmeans(m$oats_ml, "Variety", lmer.df = "asymptotic"),
  oats_ml_trend = emtrends(m$oats_ml, "Variety", var = "nitro", lmer.df = "asymptotic"),
  oats2_satterthwaite = emmeans(m$oats2, ~ Variety, lmer.df = "satterthwaite"),
  oats2_dunnett = contrast(emmeans(m$oats2, ~ Variety | nitro), "trt.vs.ctrl1"),
  oats3_joint = joint_tests(m$oats3, lmer.df = "asymptotic"),
  oats3_pairs = pairs(emmeans(m$oats3, ~ nitro | Variety, lmer.df = "asymptotic")),
  herds_prob = emmeans(m$herds, "period", type = "response", df = Inf),
  herds_odds = pairs(emmeans(m$herds, "period", type = "response", df = Inf))
)

keep <- function(s) {
  d <- as.data.frame(s)
  if (!is.null(attr(s, "adjust"))) attr(s, "adjust") <- NULL
  lapply(d, function(x) if (is.numeric(x)) x else as.character(x))
}

answer <- function(call) {
  notes <- character()
  value <- withCallingHandlers(eval(call, list(m = models)), message = function(x) {
    notes <<- c(notes, sub("\n$", "", conditionMessage(x))); invokeRestart("muffleMessage") })
  s <- if (inherits(value, "summary_emm")) value else summary(value)
  list(frame = keep(s), text = I(capture.output(print(s))), notes = I(notes), by = I(as.character(attr(s, "by.vars"))))
}

answers <- lapply(names(questions), function(n) tryCatch(answer(questions[[n]]), error = function(e) {
  message(n, ": ", conditionMessage(e)); NULL }))
names(answers) <- names(questions)
answers <- answers[!vapply(answers, is.null, TRUE)]
plain <- lapply(tables, function(d) lapply(d, function(x) if (is.factor(x)) as.character(x) else x))
con <- gzfile("reference.json.gz", "w")
writeLines(toJSON(list(tables = plain, answers = answers), digits = I(15), na = "string", auto_unbox = TRUE), con)
close(con)
