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

/// eta = log(mu / (1 - mu)).
#[derive(Debug, Clone, Copy)]
pub struct Logit;

impl Link for Logit {
    fn name(&self) -> &'static str {
        "logit"
    }

    fn predictor(&self, mu: f64) -> f64 {
        mu.ln() - (-mu).ln_1p()
    }

    fn mean(&self, eta: f64) -> f64 {
        let e = (-eta.abs()).exp();
        if eta < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
    }

    fn derivatives(&self, eta: f64) -> [f64; 4] {
        let e = (-eta.abs()).exp();
        let d = 1.0 / (1.0 + e);
        let pq = e * d * d;
        let tilt = -eta.signum() * -(-eta.abs()).exp_m1() * d; // q - p
        [self.mean(eta), pq, pq * tilt, pq * (1.0 - 6.0 * pq)]
    }
}

/// eta = log mu.
#[derive(Debug, Clone, Copy)]
pub struct Log;

impl Link for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn predictor(&self, mu: f64) -> f64 {
        mu.ln()
    }

    fn mean(&self, eta: f64) -> f64 {
        eta.exp()
    }

    fn derivatives(&self, eta: f64) -> [f64; 4] {
        [eta.exp(); 4]
    }
}
