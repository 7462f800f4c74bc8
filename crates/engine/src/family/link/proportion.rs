//! Links of proportions: log p and log(1 - p) in eta, with derivatives that keep their digits in both tails.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::function::Link;
use super::power::Log;
use crate::family::special::{HALF_LOG_TWO_PI, log_normal, normal_quantile, softplus};

/// A link of a probability p.
pub(crate) trait Tails: Link {
    /// log p and its derivatives in eta.
    fn log_success(&self, eta: f64) -> [f64; 4];

    /// log(1 - p) and its derivatives in eta.
    fn log_failure(&self, eta: f64) -> [f64; 4];

    /// p and 1 - p, each to its own relative precision.
    fn shares(&self, eta: f64) -> (f64, f64) {
        (self.log_success(eta)[0].exp(), self.log_failure(eta)[0].exp())
    }
}

/// p and its derivatives by those of log p, or of log(1 - p) where p is large.
fn from_tails(link: &impl Tails, eta: f64) -> [f64; 4] {
    let (p, q) = link.shares(eta);
    let (sign, share, [_, a, b, c]) =
        if p <= q { (1.0, p, link.log_success(eta)) } else { (-1.0, q, link.log_failure(eta)) };
    [p, sign * share * a, sign * share * (b + a * a), sign * share * (c + 3.0 * a * b + a * a * a)]
}

/// The derivatives of f(-eta).
fn mirrored([value, first, second, third]: [f64; 4]) -> [f64; 4] {
    [value, -first, second, -third]
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
        let large = 1.0 / (1.0 + e);
        let pq = e * large * large;
        let tilt = eta.signum() * (-eta.abs()).exp_m1() * large; // 1 - 2 p
        [self.mean(eta), pq, pq * tilt, pq * (1.0 - 6.0 * pq)]
    }

    fn log_mean(&self, eta: f64) -> [f64; 4] {
        let [_, pq, bend, _] = self.derivatives(eta);
        [-softplus(-eta), self.mean(-eta), -pq, -bend]
    }

    fn log_rest(&self, eta: f64) -> [f64; 4] {
        mirrored(self.log_mean(-eta))
    }
}

/// eta = Phi^-1(mu), the normal quantile.
#[derive(Debug, Clone, Copy)]
pub struct Probit;

impl Link for Probit {
    fn name(&self) -> &'static str {
        "probit"
    }

    fn predictor(&self, mu: f64) -> f64 {
        normal_quantile(mu)
    }

    fn mean(&self, eta: f64) -> f64 {
        0.5 * libm::erfc(-eta * FRAC_1_SQRT_2)
    }

    fn derivatives(&self, eta: f64) -> [f64; 4] {
        let f = (-0.5 * eta * eta - HALF_LOG_TWO_PI).exp();
        if f == 0.0 {
            return [self.mean(eta), 0.0, 0.0, 0.0];
        }
        [self.mean(eta), f, -eta * f, (eta * eta - 1.0) * f]
    }

    fn log_mean(&self, eta: f64) -> [f64; 4] {
        self.log_success(eta)
    }

    fn log_rest(&self, eta: f64) -> [f64; 4] {
        self.log_failure(eta)
    }
}

impl Tails for Probit {
    fn log_success(&self, eta: f64) -> [f64; 4] {
        log_normal(eta)
    }

    fn log_failure(&self, eta: f64) -> [f64; 4] {
        mirrored(self.log_success(-eta))
    }

    fn shares(&self, eta: f64) -> (f64, f64) {
        (self.mean(eta), self.mean(-eta))
    }
}

/// mu = 1/2 + atan(eta) / pi.
#[derive(Debug, Clone, Copy)]
pub struct Cauchit;

impl Link for Cauchit {
    fn name(&self) -> &'static str {
        "cauchit"
    }

    fn predictor(&self, mu: f64) -> f64 {
        if mu < 0.25 { -1.0 / (PI * mu).tan() } else { (PI * (mu - 0.5)).tan() }
    }

    fn mean(&self, eta: f64) -> f64 {
        f64::atan2(1.0, -eta) / PI
    }

    fn derivatives(&self, eta: f64) -> [f64; 4] {
        let s = 1.0 / (1.0 + eta * eta);
        let f = s / PI;
        if f == 0.0 {
            return [self.mean(eta), 0.0, 0.0, 0.0];
        }
        [self.mean(eta), f, -2.0 * eta * s * f, (6.0 * eta * eta - 2.0) * s * s * f]
    }

    fn log_mean(&self, eta: f64) -> [f64; 4] {
        self.log_success(eta)
    }

    fn log_rest(&self, eta: f64) -> [f64; 4] {
        self.log_failure(eta)
    }
}

impl Tails for Cauchit {
    fn log_success(&self, eta: f64) -> [f64; 4] {
        let p = self.mean(eta);
        // p p' = f and f' = k f; all in 1 / eta where eta^2 would overflow.
        let (f, k, dk) = if eta.abs() > 1e8 {
            let r = 1.0 / eta;
            (r * r / PI, -2.0 * r, 2.0 * r * r)
        } else {
            let s = 1.0 / (1.0 + eta * eta);
            (s / PI, -2.0 * eta * s, 2.0 * (eta * eta - 1.0) * s * s)
        };
        // Far out p is 1 / (pi |eta|), so that the ratio is 1 / |eta|.
        let h = if eta < -1e8 { -1.0 / eta } else { f / p };
        let log_p = if p > 0.5 { (-self.mean(-eta)).ln_1p() } else { p.ln() };
        [log_p, h, h * (k - h), h * ((k - h) * (k - 2.0 * h) + dk)]
    }

    fn log_failure(&self, eta: f64) -> [f64; 4] {
        mirrored(self.log_success(-eta))
    }

    fn shares(&self, eta: f64) -> (f64, f64) {
        (self.mean(eta), self.mean(-eta))
    }
}

/// mu = 1 - exp(-exp(eta)).
#[derive(Debug, Clone, Copy)]
pub struct CompLogLog;

impl Link for CompLogLog {
    fn name(&self) -> &'static str {
        "cloglog"
    }

    fn predictor(&self, mu: f64) -> f64 {
        (-(-mu).ln_1p()).ln()
    }

    fn mean(&self, eta: f64) -> f64 {
        -(-eta.exp()).exp_m1()
    }

    fn derivatives(&self, eta: f64) -> [f64; 4] {
        from_tails(self, eta)
    }

    fn log_mean(&self, eta: f64) -> [f64; 4] {
        self.log_success(eta)
    }

    fn log_rest(&self, eta: f64) -> [f64; 4] {
        self.log_failure(eta)
    }
}

impl Tails for CompLogLog {
    fn log_success(&self, eta: f64) -> [f64; 4] {
        // Beyond 100 everything has underflown; kept in reach so that no infinity meets a zero.
        let z = eta.min(100.0).exp();
        let log_p = if z < 1.0 { (-(-z).exp_m1()).ln() } else { (-(-z).exp()).ln_1p() };
        let log_p = if z < f64::MIN_POSITIVE { eta } else { log_p };
        let (h, e) = if z < 0.5 { bernoulli(z) } else { (z / z.exp_m1(), 1.0 - z - z / z.exp_m1()) };
        [log_p, h, h * e, h * (e * e - z - h * e)]
    }

    fn log_failure(&self, eta: f64) -> [f64; 4] {
        [-eta.exp(); 4]
    }

    fn shares(&self, eta: f64) -> (f64, f64) {
        (self.mean(eta), (-eta.exp()).exp())
    }
}

/// h = z / (e^z - 1) and 1 - z - h, by the series of h.
fn bernoulli(z: f64) -> (f64, f64) {
    // B_2k / (2 k)!
    const C: [f64; 8] = [
        8.333_333_333_333_333e-2,
        -1.388_888_888_888_889e-3,
        3.306_878_306_878_307e-5,
        -8.267_195_767_195_768e-7,
        2.087_675_698_786_81e-8,
        -5.284_190_138_687_493e-10,
        1.338_253_653_068_467_9e-11,
        -3.389_680_296_322_583e-13,
    ];
    let z2 = z * z;
    let even = C.iter().rev().fold(0.0, |sum, c| (sum + c) * z2);
    (1.0 - 0.5 * z + even, -0.5 * z - even)
}

/// mu = exp(-exp(-eta)).
#[derive(Debug, Clone, Copy)]
pub struct LogLog;

impl Link for LogLog {
    fn name(&self) -> &'static str {
        "loglog"
    }

    fn predictor(&self, mu: f64) -> f64 {
        -(-mu.ln()).ln()
    }

    fn mean(&self, eta: f64) -> f64 {
        (-(-eta).exp()).exp()
    }

    fn derivatives(&self, eta: f64) -> [f64; 4] {
        from_tails(self, eta)
    }

    fn log_mean(&self, eta: f64) -> [f64; 4] {
        self.log_success(eta)
    }

    fn log_rest(&self, eta: f64) -> [f64; 4] {
        self.log_failure(eta)
    }
}

impl Tails for LogLog {
    fn log_success(&self, eta: f64) -> [f64; 4] {
        mirrored(CompLogLog.log_failure(-eta))
    }

    fn log_failure(&self, eta: f64) -> [f64; 4] {
        mirrored(CompLogLog.log_success(-eta))
    }

    fn shares(&self, eta: f64) -> (f64, f64) {
        let (q, p) = CompLogLog.shares(-eta);
        (p, q)
    }
}

impl Tails for Log {
    fn log_success(&self, eta: f64) -> [f64; 4] {
        [if eta <= 0.0 { eta } else { f64::NAN }, 1.0, 0.0, 0.0]
    }

    fn log_failure(&self, eta: f64) -> [f64; 4] {
        let odds = 1.0 / (-eta).exp_m1();
        let log_q = if eta < -1.0 { (-eta.exp()).ln_1p() } else { (-eta.exp_m1()).ln() };
        [log_q, -odds, -odds * (1.0 + odds), -odds * (1.0 + odds) * (1.0 + 2.0 * odds)]
    }

    fn shares(&self, eta: f64) -> (f64, f64) {
        (eta.exp(), -eta.exp_m1())
    }
}
