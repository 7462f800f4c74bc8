//! Binomial proportions: y is the share of successes, the weight the number of trials.

use rand::RngCore;
use rand_distr::{Binomial as Draws, Distribution};

use crate::family::link::{Link, Logit};
use crate::family::single::{Row, Single};
use crate::family::special::{HALF_LOG_TWO_PI, log1p_minus, stirling, times};
use crate::family::{About, Family, Support, WeightRole};

pub(crate) static ABOUT: About = About {
    name: "binomial",
    links: &["logit"],
    shapes: &[],
    support: Support::Proportion,
    weights: WeightRole::Trials,
    density: "Proportion of successes in m trials, each with probability mu.

P(m y = k) = choose(m, k) mu^k (1 - mu)^(m - k) with mean mu and variance mu (1 - mu) / m; the prior weight is the
number of trials m (McCullagh and Nelder 1989, chapter 4).",
};

pub(crate) fn make(link: &str, _fixed: &[f64]) -> Option<Box<dyn Family>> {
    match link {
        "logit" => Some(Box::new(Single(Logistic))),
        _ => None,
    }
}

/// Trials from which on the log-likelihood is measured from that of the saturated model: the sum of two terms of the
/// order of m would lose digits to the constant.
const MANY: f64 = 1e4;

/// log choose(m, m y), less the saturated log-likelihood where there are many trials.
fn constant(y: f64, m: f64) -> f64 {
    let (yes, no) = ((m * y).round(), (m - m * y).round());
    if yes <= 0.0 || no <= 0.0 {
        return 0.0;
    }
    let saturated = stirling(m) - stirling(yes) - stirling(no) + 0.5 * (m / (yes * no)).ln() - HALF_LOG_TWO_PI;
    if m > MANY { saturated } else { saturated - yes * y.ln() - no * (-y).ln_1p() }
}

/// Log-likelihood less the saturated one: -m times the divergence of mu from y; `p` and `q` are mu and 1 - mu.
fn beside_saturated(y: f64, m: f64, p: f64, q: f64) -> f64 {
    // y - p from the smaller of both, so that nothing is lost near 1.
    let gap = if p < 0.5 { p - y } else { (1.0 - y) - q };
    let one = |share: f64, gap: f64| if share > 0.0 { share * log1p_minus(gap / share) } else { -gap };
    m * (one(y, gap) + one(1.0 - y, -gap))
}

/// The canonical pair, in which everything comes from one exponential.
struct Logistic;

impl Row for Logistic {
    type Setting = ();
    const CANONICAL: bool = true;

    fn about(&self) -> &About {
        &ABOUT
    }

    fn link(&self) -> &dyn Link {
        &Logit
    }

    fn setting(&self, _psi: &[f64]) {}

    fn constant(&self, y: f64, weight: f64) -> f64 {
        constant(y, weight)
    }

    #[inline(always)]
    fn row(&self, (): &(), y: f64, m: f64, eta: f64) -> [f64; 4] {
        let e = (-eta.abs()).exp();
        let large = 1.0 / (1.0 + e);
        let small = e * large;
        let (p, q) = if eta < 0.0 { (small, large) } else { (large, small) };
        // Shares of successes and failures, each times its own tail: exact where y - p would cancel.
        let g = m * (y * q - (1.0 - y) * p);
        let w = m * (large * small);
        let l = if m > MANY {
            beside_saturated(y, m, p, q)
        } else {
            -m * (y * (-eta).max(0.0) + (1.0 - y) * eta.max(0.0) + e.ln_1p())
        };
        [l, g, w, w * (q - p)]
    }

    fn variance(&self, (): &(), mu: f64) -> f64 {
        mu * (1.0 - mu)
    }

    fn unit_deviance(&self, (): &(), y: f64, mu: f64) -> f64 {
        deviance(y, mu)
    }

    fn draw(&self, (): &(), rng: &mut dyn RngCore, mu: f64, weight: f64) -> f64 {
        draw(rng, mu, weight)
    }

    fn start_mean(&self, y: f64, weight: f64) -> f64 {
        start_mean(y, weight)
    }
}

fn deviance(y: f64, mu: f64) -> f64 {
    2.0 * (times(y, (y / mu).ln()) + times(1.0 - y, ((1.0 - y) / (1.0 - mu)).ln()))
}

/// Successes in `weight` trials, as a proportion.
fn draw(rng: &mut dyn RngCore, mu: f64, weight: f64) -> f64 {
    let trials = weight.round();
    match Draws::new(trials as u64, mu) {
        Ok(law) if trials > 0.0 => law.sample(rng) as f64 / trials,
        _ => f64::NAN,
    }
}

fn start_mean(y: f64, weight: f64) -> f64 {
    (weight * y + 0.5) / (weight + 1.0)
}
