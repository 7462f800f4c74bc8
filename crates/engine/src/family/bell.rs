//! Bell counts.

use rand::RngCore;

use crate::family::composed::composed;
use crate::family::counts::{self, counted, log_factorial};
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::poisson;
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link};

pub(crate) static ABOUT: About = About {
    name: "bell",
    links: &["log", "sqrt", "identity"],
    shapes: &[],
    support: Support::Counts,
    weights: WeightRole::Cases,
    density: "Counts with more variance than the Poisson distribution and no further parameter.

P(y = k) = theta^k exp(1 - exp(theta)) B_k / k!, with B_k the Bell numbers and theta exp(theta) = mu: mean mu and
variance mu (1 + theta). A prior weight multiplies the log-likelihood of its row. Source: Castellares, Ferrari and
Lemonte (2018), Applied Mathematical Modelling 56, 172-185.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 1>(Bell, link::by_name(link)?, fixed, parts)
}

struct Bell;

/// theta of theta exp(theta) = exp(log_mu).
fn theta(log_mu: f64) -> f64 {
    // Newton on t + log t = log mu in u = log t, from above where it is convex.
    let mut u = if log_mu > 1.0 { log_mu.ln() } else { log_mu.min(0.0) };
    for _ in 0..60 {
        let t = u.exp();
        let step = (t + u - log_mu) / (t + 1.0);
        u -= step;
        if step.abs() <= 1e-16 * (1.0 + u.abs()) {
            break;
        }
    }
    u.exp()
}

/// log of the Bell number B_y, by Dobinski's sum from its largest term outwards.
fn log_bell(y: f64) -> f64 {
    if y == 0.0 {
        return 0.0;
    }
    let term = |k: f64| y * k.ln() - log_factorial(k);
    let mode = (y / theta(y.ln())).round().max(1.0);
    let top = term(mode);
    let side = |start: f64, step: f64| {
        let (mut sum, mut k) = (0.0, start);
        while k >= 1.0 {
            let part = (term(k) - top).exp();
            sum += part;
            if part < 1e-18 {
                break;
            }
            k += step;
        }
        sum
    };
    top + (side(mode, -1.0) + side(mode + 1.0, 1.0)).ln() - 1.0
}

impl Law for Bell {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, _psi: &[Jet<K>]) -> Jet<K> {
        let log_mu = mean.log();
        let t = theta(log_mu.value);
        let r = 1.0 / (1.0 + t);
        let by_log_mu = [t, t * r, t * r * r * r, t * (1.0 - 2.0 * t) * r * r * r * r * r];
        let theta = log_mu.through(by_log_mu);
        // log theta is log mu - theta, and exp(theta) - 1 is 1 less than mu / theta.
        counted(y, log_mu - theta) - theta.exp_m1() + (log_bell(y) - log_factorial(y))
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, _psi: &[f64]) -> Moments {
        let (mu, t) = (mean.value().value, theta(mean.log().value));
        Moments { mean: mu, variance: mu * (1.0 + t), zero: (-t.exp_m1()).exp() }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, _psi: &[f64]) -> f64 {
        // A Poisson number of Poisson counts that are not zero: of exp(theta) - 1 and theta.
        let t = theta(mean.log().value);
        let groups = poisson::draw(rng, t.exp_m1()) as u64;
        (0..groups).map(|_| poisson::draw_positive(rng, t)).sum()
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        counts::start_mean(y)
    }

    fn start_shapes(&self, _rows: Response, _mu: &[f64]) -> Vec<f64> {
        Vec::new()
    }
}
