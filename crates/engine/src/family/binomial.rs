//! Binomial proportions: y is the share of successes, the weight the number of trials.

use rand::RngCore;
use rand_distr::{Binomial as Draws, Distribution};

use crate::family::composed::composed;
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::link::proportion::{Cauchit, CompLogLog, LogLog, Logit, Probit, Tails};
use crate::family::link::{Link, Log};
use crate::family::row::Row;
use crate::family::single::Single;
use crate::family::special::{HALF_LOG_TWO_PI, log_minus, logistic, stirling, times};
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole};

pub(crate) static ABOUT: About = About {
    name: "binomial",
    links: &["logit", "probit", "cloglog", "loglog", "cauchit", "log"],
    shapes: &[],
    support: Support::Proportion,
    weights: WeightRole::Trials,
    density: "Share y of successes in m trials, each of which succeeds with probability mu.

P(m y = k) = choose(m, k) mu^k (1 - mu)^(m - k), with mean mu and variance mu (1 - mu) / m; the prior weight is the
number of trials m. Source: McCullagh and Nelder (1989), Generalized Linear Models, chapter 4.",
};

pub(crate) fn make(link: &str, _fixed: &[f64]) -> Option<Box<dyn Family>> {
    Some(match link {
        "logit" => Box::new(Single(Logistic)),
        "probit" => Box::new(Single(Binomial(Probit))),
        "cloglog" => Box::new(Single(Binomial(CompLogLog))),
        "loglog" => Box::new(Single(Binomial(LogLog))),
        "cauchit" => Box::new(Single(Binomial(Cauchit))),
        "log" => Box::new(Single(Binomial(Log))),
        _ => return None,
    })
}

/// Trials from which on the log-likelihood is measured from that of the saturated model: the sum of two terms of the
/// order of m would lose digits to the constant.
const MANY: f64 = 1e4;

/// Successes and failures.
pub(crate) fn outcomes(y: f64, m: f64) -> (f64, f64) {
    ((m * y).round(), (m - m * y).round())
}

/// log choose(m, m y), less the saturated log-likelihood where there are many trials.
fn constant(y: f64, m: f64) -> f64 {
    if m > MANY { saturated(y, m) } else { log_choose(y, m) }
}

/// log choose(m, m y).
pub(crate) fn log_choose(y: f64, m: f64) -> f64 {
    let (yes, no) = outcomes(y, m);
    if yes <= 0.0 || no <= 0.0 { 0.0 } else { saturated(y, m) - yes * y.ln() - no * (-y).ln_1p() }
}

/// The log-likelihood where every share is fitted.
fn saturated(y: f64, m: f64) -> f64 {
    let (yes, no) = outcomes(y, m);
    if yes <= 0.0 || no <= 0.0 {
        return 0.0;
    }
    stirling(m) - stirling(yes) - stirling(no) + 0.5 * (m / (yes * no)).ln() - HALF_LOG_TWO_PI
}

/// Log-likelihood of one trial less the saturated one; p and q are mu and 1 - mu.
fn beside_saturated(y: f64, p: f64, q: f64) -> f64 {
    // y - p from the smaller of p and q, so that nothing is lost near 1.
    let gap = if p < 0.5 { p - y } else { (1.0 - y) - q };
    let part = |share: f64, gap: f64, fitted: f64| {
        if share > 0.0 { share * log_minus(gap / share, fitted / share) } else { -gap }
    };
    part(y, gap, p) + part(1.0 - y, -gap, q)
}

/// The same of many trials: `plain` is the log-likelihood as a sum over successes and failures, which is what is known
/// where a share has underflown, and good enough far from y.
#[cold]
fn of_many(y: f64, m: f64, p: f64, q: f64, plain: f64) -> f64 {
    if (p - y).abs() < 0.3 * y.min(1.0 - y) {
        m * beside_saturated(y, p, q)
    } else {
        plain - m * (times(y, y.ln()) + times(1.0 - y, (-y).ln_1p()))
    }
}

fn deviance(y: f64, mu: f64) -> f64 {
    -2.0 * beside_saturated(y, mu, 1.0 - mu)
}

/// Successes in `weight` trials, as a proportion.
pub(crate) fn draw(rng: &mut dyn RngCore, mu: f64, weight: f64) -> f64 {
    let trials = weight.round();
    match Draws::new(trials as u64, mu) {
        Ok(law) if trials > 0.0 => law.sample(rng) as f64 / trials,
        _ => f64::NAN,
    }
}

pub(crate) fn start_mean(y: f64, weight: f64) -> f64 {
    (weight * y + 0.5) / (weight + 1.0)
}

/// What does not depend on the link.
macro_rules! proportion {
    () => {
        type Setting = ();

        fn about(&self) -> &About {
            &ABOUT
        }

        fn setting(&self, _psi: &[f64]) {}

        fn constant(&self, y: f64, weight: f64) -> f64 {
            constant(y, weight)
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
    };
}

/// The canonical pair, in which everything comes from one exponential.
struct Logistic;

impl Row for Logistic {
    proportion!();

    fn link(&self) -> &dyn Link {
        &Logit
    }

    fn canonical(&self) -> bool {
        true
    }

    #[inline(always)]
    fn row(&self, (): &(), y: f64, m: f64, eta: f64) -> [f64; 4] {
        let e = (-eta.abs()).exp();
        let [plain, g, w, slope] = self.lane(&(), y, m, eta, e, e.ln_1p());
        let l = if m > MANY {
            let (p, q) = logistic(eta, e);
            of_many(y, m, p, q, plain)
        } else {
            plain
        };
        [l, g, w, slope]
    }

    const LANES: bool = true;
    const LOG1P: bool = true;

    #[inline(always)]
    fn exponent(&self, (): &(), eta: f64) -> f64 {
        -eta.abs()
    }

    #[inline(always)]
    fn lane(&self, (): &(), y: f64, m: f64, eta: f64, e: f64, log1p: f64) -> [f64; 4] {
        let (p, q) = logistic(eta, e);
        // Shares of successes and failures, each times its own tail: exact where y - p would cancel.
        let g = m * (y * q - (1.0 - y) * p);
        let w = m * (p * q);
        // Of max(-eta, 0) and max(eta, 0) one is nothing.
        let against = if eta < 0.0 { y } else { 1.0 - y };
        [-m * (against * eta.abs() + log1p), g, w, w * (q - p)]
    }

    #[inline(always)]
    fn aside(&self, _y: f64, m: f64) -> bool {
        m > MANY
    }
}

/// Any other link, in logarithms of both shares.
struct Binomial<L>(L);

impl<L: Tails> Row for Binomial<L> {
    proportion!();

    fn link(&self) -> &dyn Link {
        &self.0
    }

    #[inline(always)]
    fn row(&self, (): &(), y: f64, m: f64, eta: f64) -> [f64; 4] {
        let (a, b) = (self.0.log_success(eta), self.0.log_failure(eta));
        let sum = |k: usize| m * (times(y, a[k]) + times(1.0 - y, b[k]));
        let l = if m > MANY {
            let (p, q) = self.0.shares(eta);
            of_many(y, m, p, q, sum(0))
        } else {
            sum(0)
        };
        // Outside the domain of the link the shares are no numbers, whatever y ignores of them.
        let inside = if a[0] <= 0.0 && b[0] <= 0.0 { l } else { f64::NAN };
        [inside, sum(1), -sum(2), -sum(3)]
    }

    #[inline(always)]
    fn expected_row(&self, (): &(), m: f64, eta: f64) -> [f64; 3] {
        let (a, b) = (self.0.log_success(eta), self.0.log_failure(eta));
        // mu'^2 / (p q), as (log p)' times -(log q)'.
        [-m * times(a[1], b[1]), -m * (times(a[2], b[1]) + times(a[1], b[2])), 0.0]
    }
}

/// With a predictor of zeros.
pub(crate) fn with_parts(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 1>(BinomialLaw, crate::family::link::by_name(link)?, fixed, parts)
}

/// The same over jets.
struct BinomialLaw;

impl Law for BinomialLaw {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, weight: f64, mean: &Mean<K>, _psi: &[Jet<K>]) -> Jet<K> {
        let (successes, failures) = outcomes(y, weight);
        let part = |count: f64, log: Jet<K>| if count == 0.0 { Jet::constant(0.0) } else { log * count };
        part(successes, mean.log()) + part(failures, mean.log_rest()) + log_choose(y, weight)
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, weight: f64, mean: &Mean<0>, _psi: &[f64]) -> Moments {
        let mu = mean.value().value;
        Moments { mean: mu, variance: mu * (1.0 - mu) / weight, zero: (weight * mean.log_rest().value).exp() }
    }

    fn draw(&self, rng: &mut dyn RngCore, weight: f64, mean: &Mean<0>, _psi: &[f64]) -> f64 {
        draw(rng, mean.value().value, weight)
    }

    fn start_mean(&self, y: f64, weight: f64) -> f64 {
        start_mean(y, weight)
    }

    fn start_shapes(&self, _rows: Response, _mu: &[f64]) -> Vec<f64> {
        Vec::new()
    }
}
