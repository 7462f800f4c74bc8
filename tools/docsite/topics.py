"""Topics of the verbs of a fitted model, in the order in which a reader comes to them."""

from __future__ import annotations

# Topic -> subpackages whose verbs it has. The longest name that fits a module decides.
TOPICS: dict[str, tuple[str, ...]] = {
    "Summaries, estimates and new fits": ("fitted", "summary", "model", "interop.getme"),
    "Tests of terms, and comparisons of models": ("inference", "inference.comparison", "inference.anova"),
    "Means, contrasts and hypotheses": ("inference.emmeans", "inference.glht"),
    "Intervals": ("inference.intervals", "inference.profile", "inference.bootstrap"),
    "Robust covariances": ("inference.robust",),
    "Predictions": ("predict",),
    "Effects of predictors": ("effects",),
    "Checks of the model": ("diagnose",),
    "Influence of rows and groups": ("diagnose.influence",),
    "Figures of merit": ("diagnose.quality",),
    "Simulation, power and many responses": ("simulate", "power", "many"),
    "Pictures, the report and files": ("model.pictures", "model.reporting", "model.saving"),
    "Names of statsmodels": ("interop.statsmodels",),
    "What the package marginaleffects asks": ("interop.marginaleffects",),
}
FURTHER = "Further verbs"


def topic(module: str) -> str:
    """The topic of the verbs that `module`, such as "mixedmodels.inference.emmeans.verbs", defines."""
    below = f"{module.removeprefix('mixedmodels.')}."
    fits = [(len(name), heading) for heading, names in TOPICS.items() for name in names if below.startswith(f"{name}.")]
    return max(fits)[1] if fits else FURTHER


def place(heading: str) -> int:
    """Where a topic stands on the page."""
    order = [*TOPICS, FURTHER]
    return order.index(heading)
