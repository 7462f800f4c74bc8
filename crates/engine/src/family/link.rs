//! Links between a mean and its linear predictor, with derivatives to third order.

pub trait Link: Send + Sync {
    /// As R calls it: "logit", "log", "1/mu^2", ...
    fn name(&self) -> &'static str;

    /// eta of mu.
    fn predictor(&self, mu: f64) -> f64;

    /// mu of eta; NaN outside the domain.
    fn mean(&self, eta: f64) -> f64;

    /// mu and its first three derivatives at eta.
    fn derivatives(&self, eta: f64) -> [f64; 4];
}
