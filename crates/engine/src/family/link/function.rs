//! What a link is.

pub trait Link: Send + Sync {
    /// As R calls it: "logit", "log", "1/mu^2", ...
    fn name(&self) -> &'static str;

    /// eta of mu.
    fn predictor(&self, mu: f64) -> f64;

    /// mu of eta; NaN outside the domain.
    fn mean(&self, eta: f64) -> f64;

    /// mu and its first three derivatives at eta.
    fn derivatives(&self, eta: f64) -> [f64; 4];

    /// Whether a unit of eta means the same in any units of the response: a logarithm, a transformed probability.
    fn unitless(&self) -> bool {
        true
    }
}

impl<L: Link + ?Sized> Link for Box<L> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn predictor(&self, mu: f64) -> f64 {
        (**self).predictor(mu)
    }

    fn mean(&self, eta: f64) -> f64 {
        (**self).mean(eta)
    }

    fn derivatives(&self, eta: f64) -> [f64; 4] {
        (**self).derivatives(eta)
    }

    fn unitless(&self) -> bool {
        (**self).unitless()
    }
}
