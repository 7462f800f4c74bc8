# Robust covariance matrices as clubSandwich 0.5.8 and sandwich compute them, with everything that the tests compare.
#
#     Rscript make_reference.R        writes reference.json.gz beside itself (R 4.2, lme4, nlme, clubSandwich, sandwich)
#
# Mixed models are taken at lme4's tightened optimum (../lmm/tighten.R), generalised linear models after many more steps of
# scoring than glm() takes: the covariance matrices are compared to 1e-6. Precision weights, which clubSandwich refuses of
# lmer, are those of lme.

suppressMessages({library(lme4); library(nlme); library(clubSandwich); library(sandwich); library(jsonlite); library(MASS)})
source("../lmm/tighten.R")

set.seed(20)
schools <- expand.grid(pupil = 1:9, class = 1:3, school = 1:11)
schools <- schools[sample(nrow(schools), 190), ]
schools <- transform(schools[order(schools$school, schools$class), ], class = factor(paste0(school, "_", class)),
                     school = factor(school))
schools <- transform(schools, size = round(rnorm(11), 2)[school], sex = factor(sample(c("f", "m"), 190, TRUE)),
                     age = round(runif(190, 6, 9), 1), w = sample(c(0.5, 1, 2, 3.5), 190, TRUE))
schools$score <- with(schools, round(20 + 2 * age + size + (sex == "m") + rnorm(11)[school] * 2 + rnorm(33)[class] +
                      rnorm(190) * (1 + (school %in% 1:4)), 3))
uneven <- sleepstudy[-c(1, 4, 5, 23:30, 44, 90:97, 120), ]
uneven$half <- factor(ifelse(as.integer(uneven$Subject) <= 9, "a", "b"))
tiny <- data.frame(y = c(3.1, 4.2, 2.8, 5.9, 6.1, 7.3, 4.4, 5.2), x = c(1, 2, 0, 3, 1, 2, 2, 1), g = factor(c(1, 1, 2, 2, 2, 3, 4, 4)))
oats <- transform(as.data.frame(Oats), Block = factor(Block, ordered = FALSE), Plot = factor(paste(Block, Variety)))
ortho <- transform(as.data.frame(Orthodont), Subject = factor(as.character(Subject)))
machines <- transform(as.data.frame(Machines), Worker = factor(as.character(Worker)))
chicks <- subset(transform(as.data.frame(ChickWeight), Chick = factor(as.character(Chick))), Time <= 12)
chicks <- data.frame(weight = chicks$weight, Time = chicks$Time, Chick = chicks$Chick, Diet = chicks$Diet)
cars <- data.frame(mpg = mtcars$mpg, wt = mtcars$wt, hp = mtcars$hp, am = mtcars$am, carb = mtcars$carb, gear = factor(mtcars$gear),
                   w = rep(c(1, 2, 0.5, 3), 8), g = factor(rep(1:7, c(2, 5, 6, 3, 8, 1, 7))))
epil2 <- data.frame(y = epil$y, lbase = epil$lbase, trt = epil$trt, V4 = epil$V4, subject = factor(epil$subject))
bact <- data.frame(yes = as.integer(bacteria$y == "y"), trt = bacteria$trt, week = bacteria$week, ID = bacteria$ID)
herds <- transform(cbpp[c("herd", "incidence", "size", "period")], share = incidence / size)
pastes <- Pastes[c("strength", "batch", "cask", "sample")]
cakes <- transform(cake[c("replicate", "recipe", "temp", "angle")], batch = factor(paste0(recipe, replicate)))
tables <- list(schools = schools, uneven = uneven, tiny = tiny, oats = oats, ortho = ortho, machines = machines, chicks = chicks,
               cars = cars, epil = epil2, bact = bact, herds = herds, pastes = pastes, cakes = cakes, sleep = sleepstudy,
               dye2 = Dyestuff2)

lmers <- list(
  list("sleep_slopes", "sleep", Reaction ~ Days + (Days | Subject), TRUE, NULL),
  list("sleep_intercept_ml", "sleep", Reaction ~ Days + (1 | Subject), FALSE, NULL),
  list("uneven_slopes", "uneven", Reaction ~ Days * half + (Days | Subject), TRUE, NULL),
  list("uneven_split", "uneven", Reaction ~ Days + (Days || Subject), FALSE, NULL),
  list("schools_nested", "schools", score ~ age + sex + size + (1 | school / class), TRUE, NULL),
  list("schools_slope", "schools", score ~ age * sex + (1 | class) + (age || school), TRUE, NULL),
  list("classes_by_school", "schools", score ~ age + sex + (1 | class), TRUE, "school"),
  list("oats", "oats", yield ~ nitro + Variety + (1 | Block / Variety), TRUE, NULL),
  list("oats_factor", "oats", yield ~ factor(nitro) * Variety + (1 | Block) + (1 | Plot), TRUE, NULL),
  list("ortho", "ortho", distance ~ age * Sex + (age | Subject), TRUE, NULL),
  list("machines", "machines", score ~ Machine + (Machine | Worker), TRUE, NULL),
  list("chicks", "chicks", weight ~ Time + Diet + (1 | Chick), TRUE, NULL),
  list("pastes", "pastes", strength ~ 1 + (1 | batch / cask), TRUE, NULL),
  list("cakes", "cakes", angle ~ recipe + temp + (1 | batch), FALSE, NULL),
  list("singular", "dye2", Yield ~ 1 + (1 | Batch), TRUE, NULL),
  list("singular_chicks", "tiny", y ~ x + (1 | g), FALSE, NULL))
lms <- list(
  list("lm_cars", quote(lm(mpg ~ wt + hp, cars)), "cars", "g"),
  list("lm_cars_factor", quote(lm(mpg ~ wt * gear, cars)), "cars", "g"),
  list("lm_weighted", quote(lm(mpg ~ wt + hp, cars, weights = w)), "cars", "g"),
  list("lm_schools", quote(lm(score ~ age + sex + size, schools)), "schools", "school"),
  list("lm_schools_weighted", quote(lm(score ~ age * sex, schools, weights = w)), "schools", "school"),
  list("lm_sleep", quote(lm(Reaction ~ Days, sleep)), "sleep", "Subject"),
  list("lm_within", quote(lm(weight ~ Time + Chick, chicks)), "chicks", "Chick"),
  list("glm_epil", quote(glm(y ~ lbase + trt + V4, poisson, epil, control = tight)), "epil", "subject"),
  list("glm_bact", quote(glm(yes ~ trt + week, binomial, bact, control = tight)), "bact", "ID"),
  list("glm_herds", quote(glm(cbind(incidence, size - incidence) ~ period, binomial, herds, control = tight)), "herds", "herd"),
  list("glm_gamma", quote(glm(weight ~ Time + Diet, Gamma(link = "log"), chicks, control = tight)), "chicks", "Chick"),
  list("glm_probit", quote(glm(am ~ wt, binomial(link = "probit"), cars, control = tight)), "cars", "g"),
  list("glm_gaussian", quote(glm(mpg ~ wt + hp, gaussian, cars, weights = w, control = tight)), "cars", "g"))
tight <- glm.control(epsilon = 1e-14, maxit = 100)
types <- c("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")  # CR1p needs more clusters than coefficients

# Whether a cluster alone determines a coefficient, so that what is left without it is singular.
alone <- function(fit, cluster) {
  x <- model.matrix(fit)
  cluster <- factor(cluster)
  any(vapply(levels(cluster), function(g) qr(x[cluster != g, , drop = FALSE])$rank < qr(x)$rank, NA))
}

clustered <- function(fit, cluster, types) {
  p <- sum(!is.na(if (inherits(fit, "lmerMod")) fixef(fit) else if (inherits(fit, "lme")) fixef(fit) else coef(fit)))
  joint <- diag(p)[if (p > 1) 2:p else 1, , drop = FALSE]
  if (nrow(joint) > 5) joint <- joint[1:3, , drop = FALSE]
  lapply(setNames(types, types), function(type) {
    if (type == "CR1p" && nlevels(droplevels(factor(cluster))) <= p) return(NULL)
    if (type == "CR3" && !inherits(fit, "lme") && alone(fit, cluster)) return(NULL)
    v <- try(vcovCR(fit, cluster = cluster, type = type), TRUE)
    if (inherits(v, "try-error")) return(NULL)
    t <- coef_test(fit, v, test = "Satterthwaite")
    if (rcond(joint %*% v %*% t(joint)) < 1e-12) return(list(vcov = as.matrix(v), df = t$df_Satt, p = t$p_Satt, rows = nrow(joint)))
    f <- try(Wald_test(fit, joint, v, test = "HTZ"), TRUE)
    f <- if (inherits(f, "try-error")) NULL else c(f$Fstat, f$df_num, f$df_denom, f$p_val, f$delta)
    list(vcov = as.matrix(v), df = t$df_Satt, p = t$p_Satt, rows = nrow(joint), joint = f)
  })
}
heteroscedastic <- function(fit) {
  types <- c("HC0", "HC1", "HC2", "HC3", "HC4", "HC4m", "HC5")
  lapply(setNames(types, types), function(type) try(vcovHC(fit, type), TRUE))
}

out <- list()
for (m in lmers) {
  fit <- tight_lmer(m[[3]], tables[[m[[2]]]], REML = m[[4]])
  cluster <- if (is.null(m[[5]])) clubSandwich:::get_outer_group(fit) else tables[[m[[2]]]][[m[[5]]]]
  out[[m[[1]]]] <- list(kind = "lmer", data = m[[2]], formula = deparse1(m[[3]]), REML = m[[4]], cluster = m[[5]],
                        theta = getME(fit, "theta"), beta = fixef(fit), types = clustered(fit, cluster, types))
  cat(m[[1]], "\n")
}
tables$schools$v <- 1 / schools$w
weighted <- lme(score ~ age + sex + size, tables$schools, ~ 1 | school, weights = varFixed(~ v), method = "ML",
                control = lmeControl(tolerance = 1e-12, msTol = 1e-14, msMaxIter = 500, returnObject = TRUE))
out$lme_weighted <- list(kind = "lmer", data = "schools", formula = "score ~ age + sex + size + (1 | school)", REML = FALSE,
                         weights = "w", beta = fixef(weighted), types = clustered(weighted, schools$school, types))
for (m in lms) {
  fit <- suppressWarnings(eval(m[[2]], c(tables, list(tight = tight))))
  # glm() stops where the deviance is flat to rounding, which leaves eight digits: each restart goes one step on.
  if (inherits(fit, "glm")) for (step in 1:40) {
    again <- as.call(c(as.list(m[[2]]), list(start = quote(begin))))
    fit <- suppressWarnings(eval(again, c(tables, list(tight = tight, begin = coef(fit)))))
  }
  call <- as.list(m[[2]])
  out[[m[[1]]]] <- list(kind = if (inherits(fit, "glm")) "glm" else "lm", data = m[[3]], formula = deparse1(formula(fit)),
                        cluster = m[[4]], weights = if (is.null(call$weights)) NULL else as.character(call$weights),
                        family = if (inherits(fit, "glm")) c(family(fit)$family, family(fit)$link) else NULL,
                        beta = coef(fit), types = clustered(fit, tables[[m[[3]]]][[m[[4]]]], types), hc = heteroscedastic(fit))
  cat(m[[1]], "\n")
}
factors <- lapply(tables, function(t) Filter(Negate(is.null), lapply(t, function(x) if (is.factor(x)) levels(x))))
text <- toJSON(list(tables = lapply(tables, as.list), levels = factors, models = out), digits = I(12), auto_unbox = TRUE, null = "null", na = "null")
con <- gzfile("reference.json.gz", "w"); writeLines(text, con); close(con)
