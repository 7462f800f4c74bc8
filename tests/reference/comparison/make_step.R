# step() of lmerTest -> step.json, and its printed text -> *.txt
#
#   Rscript tests/reference/comparison/make_step.R
#
# Data: cake, sleepstudy, Pastes and Dyestuff2 of lme4. Models are as lmer leaves them.

suppressMessages({library(lmerTest); library(jsonlite)})
options(width = 80)
arguments <- commandArgs(FALSE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", arguments, value = TRUE))))
for (name in c("cake", "sleepstudy", "Pastes", "Dyestuff2")) data(list = name, package = "lme4")
fine <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.01, rhoend = 1e-9, maxfun = 1e5))
rows <- function(table) list(names = I(rownames(table)), columns = lapply(as.list(table), function(x) I(unname(x))))
case <- function(name, steps) {
  writeLines(capture.output(print(steps)), file.path(here, paste0(name, ".txt")))
  list(random = rows(steps$random), fixed = rows(steps$fixed), formula = deparse1(formula(get_model(steps))))
}
whole <- lmer(angle ~ recipe * temperature + (1 | recipe:replicate) + (1 | replicate), cake, control = fine)
sloped <- lmer(angle ~ recipe * temp + (temp | replicate), transform(cake, temp = (temp - 200) / 10), control = fine)
days <- lmer(Reaction ~ Days + I(Days^2) + (Days | Subject), sleepstudy, control = fine)
casks <- lmer(strength ~ 1 + (1 | batch) + (1 | sample), Pastes, control = fine)
nothing <- lmer(Yield ~ 1 + (1 | Batch), Dyestuff2, control = fine)
lonely <- lmer(Reaction ~ Days + I(Days^2) + (1 | odd), transform(sleepstudy, odd = factor(rep(1:9, 20))), control = fine)
out <- list(
  cake = case("cake", step(whole)),
  cake_kr = case("cake_kr", step(whole, ddf = "Kenward-Roger", alpha.fixed = 0.3)),
  cake_keep = case("cake_keep", step(whole, keep = "recipe")),
  slopes = case("slopes", step(sloped)),
  slopes_random_kept = case("slopes_random_kept", step(sloped, reduce.random = FALSE)),
  slopes_fixed_kept = case("slopes_fixed_kept", step(sloped, reduce.fixed = FALSE)),
  days = case("days", step(days)),
  casks = case("casks", step(casks)),
  nothing = case("nothing", step(nothing)),
  lonely = case("lonely", step(lonely))
)
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), file.path(here, "step.json"))
