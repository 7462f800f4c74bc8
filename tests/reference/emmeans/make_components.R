# Marginal means of the components of glmmTMB models, and predictions of all components on a grid, for
# tests/model/test_components.py: Rscript make_components.R. (glmmTMB 1.1.5's emmeans(component = "response") fails.)
suppressMessages({library(glmmTMB); library(emmeans); library(jsonlite)})
data(Salamanders, package = "glmmTMB")
m <- glmmTMB(count ~ mined + spp + (1 | site), Salamanders, family = nbinom2, ziformula = ~ mined, dispformula = ~ DOY)
hurdle <- glmmTMB(count ~ mined + DOY + (1 | site), Salamanders, family = truncated_poisson, ziformula = ~ mined + cover)
both <- function(x) { s <- summary(x); list(estimate = s$emmean, std_error = s$SE) }
at <- function(m, rows, type) {
  p <- predict(m, rows, type = type, re.form = NA, se.fit = TRUE)
  list(estimate = as.numeric(p$fit), std_error = as.numeric(p$se.fit))
}
rows <- data.frame(mined = c("yes", "no"), spp = c("GP", "DF"), DOY = c(-1, 0.5), cover = c(0.5, -1), site = NA)
rows$mined <- factor(rows$mined, levels(Salamanders$mined))
rows$spp <- factor(rows$spp, levels(Salamanders$spp))
trend <- summary(emtrends(hurdle, ~ 1, "cover", component = "zi"))
types <- c("response", "conditional", "zprob")
out <- list(
  zi = both(emmeans(hurdle, ~ mined, component = "zi")),
  trend = list(estimate = trend$cover.trend, std_error = trend$SE),
  mixture = sapply(types, function(type) at(m, rows, type), simplify = FALSE),
  hurdle = sapply(types, function(type) at(hurdle, rows, type), simplify = FALSE)
)
write_json(out, "components.json", digits = 10, pretty = TRUE)
