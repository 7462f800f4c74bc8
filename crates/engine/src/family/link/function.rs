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

    /// log mu and its derivatives in eta; NaN where mu is not positive.
    fn log_mean(&self, eta: f64) -> [f64; 4] {
        through_log(self.derivatives(eta))
    }

    /// log(1 - mu) and its derivatives in eta; NaN where mu is not below 1.
    fn log_rest(&self, eta: f64) -> [f64; 4] {
        let [mu, first, second, third] = self.derivatives(eta);
        let [_, a, b, c] = through_log([1.0 - mu, -first, -second, -third]);
        [(-mu).ln_1p(), a, b, c]
    }

    /// Whether a unit of eta means the same in any units of the response: a logarithm, a transformed probability.
    fn unitless(&self) -> bool {
        true
    }
}

/// log of a function by its value and derivatives.
fn through_log([value, first, second, third]: [f64; 4]) -> [f64; 4] {
    let (a, b, c) = (first / value, second / value, third / value);
    [value.ln(), a, b - a * a, c - 3.0 * a * b + 2.0 * a * a * a]
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

    fn log_mean(&self, eta: f64) -> [f64; 4] {
        (**self).log_mean(eta)
    }

    fn log_rest(&self, eta: f64) -> [f64; 4] {
        (**self).log_rest(eta)
    }

    fn unitless(&self) -> bool {
        (**self).unitless()
    }
}
