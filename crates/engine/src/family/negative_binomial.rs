//! Negative binomial counts with quadratic variance ("nbinom2").

use rand::RngCore;
use rand_distr::{Distribution, Gamma as Heterogeneity};

use crate::family::composed::composed;
use crate::family::counts::{log_negative_binomial, start_mean as count_mean};
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::link::{self, Identity, Link, Log, Powers, Sqrt};
use crate::family::moments::{Positive, mean_square};
use crate::family::poisson;
use crate::family::row::Row;
use crate::family::single::Single;
use crate::family::special::{digamma_gap, log_minus, logistic, saturated_count, softplus, stirling};
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, positive};

pub(crate) static ABOUT: About = About {
    name: "Negative Binomial",
    links: &["log", "sqrt", "identity"],
    shapes: &[positive("theta")],
    support: Support::Counts,
    weights: WeightRole::Cases,
    density: "Counts whose variance exceeds their mean: a Poisson count whose rate varies as a gamma variable.

P(y = k) = Gamma(k + theta) / (Gamma(theta) k!) mu^k theta^theta / (mu + theta)^(k + theta), with mean mu and variance
mu + mu^2 / theta; large theta is nearly Poisson. A prior weight multiplies the log-likelihood of its row. Unless theta
is fixed, the parameter estimated is psi = log theta. Source: Venables and Ripley (2002), Modern Applied Statistics
with S, section 7.4.",
};

pub(crate) fn make(link: &str, fixed: &[f64]) -> Option<Box<dyn Family>> {
    let theta = Positive::new(fixed);
    Some(match link {
        "log" => Box::new(Single(NegativeBinomial { link: Log, theta })),
        "sqrt" => Box::new(Single(NegativeBinomial { link: Sqrt, theta })),
        "identity" => Box::new(Single(NegativeBinomial { link: Identity, theta })),
        _ => return None,
    })
}

/// With predictors of zeros or of theta.
pub(crate) fn with_parts(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 2>(Quadratic, link::by_name(link)?, fixed, parts)
}

struct NegativeBinomial<L> {
    link: L,
    theta: Positive,
}

/// theta, with what values ask of it.
struct Setting {
    theta: f64,
    log: f64,
    stirling: f64,
}

/// A row's mean with the shares q = mu / (theta + mu) and o = theta / (theta + mu).
struct Place {
    mu: f64,
    q: f64,
    o: f64,
    /// log mu - log theta.
    logit: f64,
}

impl<L: Powers> NegativeBinomial<L> {
    #[inline(always)]
    fn place(&self, at: &Setting, eta: f64) -> Place {
        let logit = self.link.log_mean(eta)[0] - at.log;
        let (q, o) = logistic(logit, (-logit.abs()).exp());
        Place { mu: self.link.mean(eta), q, o, logit: if L::POWER == 0.0 || eta > 0.0 { logit } else { f64::NAN } }
    }
}

/// Log-likelihood less that of the saturated Poisson model, which is the constant.
#[inline(always)]
fn value(at: &Setting, here: &Place, y: f64) -> f64 {
    let theta = at.theta;
    if y == 0.0 {
        return -theta * softplus(here.logit);
    }
    let saturated = stirling(y + theta) - at.stirling - 0.5 * (y / theta).ln_1p();
    // With N = y + theta trials, theta of them at share o and y at share q: both fitted numbers are off by `gap`.
    let gap = here.o * (y - here.mu);
    if gap.abs() < 0.4 * y && gap.abs() < 0.4 * theta {
        return saturated + theta * log_minus(gap / theta, 1.0 + gap / theta) + y * log_minus(-gap / y, 1.0 - gap / y);
    }
    let of_theta =
        if gap.abs() < 0.5 * theta { (gap / theta).ln_1p() } else { (y / theta).ln_1p() - softplus(here.logit) };
    let of_y = (theta / y).ln_1p() - softplus(-here.logit);
    saturated + theta * of_theta + y * of_y
}

impl<L: Powers> Row for NegativeBinomial<L> {
    type Setting = Setting;

    fn about(&self) -> &About {
        &ABOUT
    }

    fn link(&self) -> &dyn Link {
        &self.link
    }

    fn shapes(&self) -> usize {
        self.theta.free()
    }

    fn setting(&self, psi: &[f64]) -> Setting {
        let theta = self.theta.value(psi);
        Setting { theta, log: theta.ln(), stirling: stirling(theta) }
    }

    fn constant(&self, y: f64, weight: f64) -> f64 {
        weight * saturated_count(y)
    }

    #[inline(always)]
    fn row(&self, at: &Setting, y: f64, weight: f64, eta: f64) -> [f64; 4] {
        let here = self.place(at, eta);
        let Place { mu, q, o, .. } = here;
        let l = weight * value(at, &here, y);
        if L::POWER == 0.0 {
            let w = weight * (y + at.theta) * (q * o);
            return [l, weight * (y * o - at.theta * q), w, w * (o - q)];
        }
        // Derivatives in mu, each as a sum of terms that do not cancel, then along the link.
        let ratio = y / mu;
        let first = weight * o * (y - mu) / mu;
        let second = weight * (o / mu) * (q - ratio * (1.0 + q));
        let third = 2.0 * weight * (o / mu) * (ratio * (1.0 + q + q * q) - q * q) / mu;
        let [_, a, b, c] = self.link.power(1.0, eta);
        [l, first * a, -(second * a * a + first * b), -(third * a * a * a + 3.0 * second * a * b + first * c)]
    }

    const LANES: bool = L::POWER == 0.0;
    const LOG1P: bool = true;

    #[inline(always)]
    fn exponent(&self, at: &Setting, eta: f64) -> f64 {
        -(eta - at.log).abs()
    }

    #[inline(always)]
    fn lane(&self, at: &Setting, y: f64, weight: f64, eta: f64, e: f64, log1p: f64) -> [f64; 4] {
        let logit = eta - at.log;
        let (q, o) = logistic(logit, e);
        let w = weight * (y + at.theta) * (q * o);
        let of_none = weight * (-at.theta * (log1p + if logit < 0.0 { 0.0 } else { logit }));
        [of_none, weight * (y * o - at.theta * q), w, w * (o - q)]
    }

    /// Rows with a count.
    #[inline(always)]
    fn aside(&self, y: f64, _weight: f64) -> bool {
        y != 0.0
    }

    fn shape_row(&self, at: &Setting, y: f64, weight: f64, eta: f64) -> [f64; 4] {
        let here = self.place(at, eta);
        let Place { mu, q, o, .. } = here;
        let theta = at.theta;
        let (gap, gap_slope) = digamma_gap(theta, y);
        // (y - mu) / (theta + mu), and the ratio (theta + y) / (theta + mu).
        let z = if mu.is_finite() { o * (y - mu) / theta } else { -1.0 };
        let log_ratio = if z > -0.5 { log_minus(z, 1.0 + z) } else { (y / theta).ln_1p() - softplus(here.logit) - z };
        let slope = theta * (gap + log_ratio);
        // Far from the mean, where slope and curvature nearly cancel, with what cancels left out.
        let bend = if z < 0.6 {
            slope + theta * theta * (gap_slope + z * z / (theta + y))
        } else {
            theta * (gap + z.ln_1p() + theta * gap_slope) - theta * z * (theta / (theta + y) + q)
        };
        let (g, w) = if L::POWER == 0.0 {
            // theta q is mu o, which stays finite.
            (q * (y * o - theta * q), q * o * (2.0 * theta * q + y * (q - o)))
        } else {
            let first = q * o * (y - mu) / mu;
            let second = q * (o / mu) * (q - (y / mu) * (1.0 + q)) + q * (o / mu) * o * (y / mu - 1.0);
            let [_, a, b, _] = self.link.power(1.0, eta);
            (first * a, -(second * a * a + first * b))
        };
        [weight * slope, weight * g, weight * w, weight * bend]
    }

    #[inline(always)]
    fn expected_row(&self, at: &Setting, weight: f64, eta: f64) -> [f64; 3] {
        let Place { q, o, .. } = self.place(at, eta);
        let [_, slope, bend, _] = self.link.log_mean(eta);
        // mu o = theta q in logarithms of the mean, times the square of their slope.
        let scale = weight * at.theta * q * slope;
        [scale * slope, scale * (2.0 * bend + slope * slope * o), scale * slope * q]
    }

    fn variance(&self, at: &Setting, mu: f64) -> f64 {
        mu + mu * mu / at.theta
    }

    fn unit_deviance(&self, at: &Setting, y: f64, mu: f64) -> f64 {
        let theta = at.theta;
        let z = (y - mu) / (theta + mu);
        let of_theta = if z.abs() < 0.5 { z.ln_1p() } else { (y / theta).ln_1p() - (mu / theta).ln_1p() };
        if y == 0.0 {
            return 2.0 * theta * (mu / theta).ln_1p();
        }
        let gap = theta * z;
        if gap.abs() < 0.4 * y && gap.abs() < 0.4 * theta {
            return -2.0 * (theta * log_minus(z, 1.0 + z) + y * log_minus(-gap / y, 1.0 - gap / y));
        }
        -2.0 * (theta * of_theta + y * ((theta / y).ln_1p() - (theta / mu).ln_1p()))
    }

    fn draw(&self, at: &Setting, rng: &mut dyn RngCore, mu: f64, _weight: f64) -> f64 {
        draw(rng, mu, at.theta)
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        count_mean(y)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        start_theta(self.theta, rows, mu)
    }
}

/// A count of mean mu: a Poisson count whose rate is a gamma variable of this shape.
pub(crate) fn draw(rng: &mut dyn RngCore, mu: f64, size: f64) -> f64 {
    match Heterogeneity::new(size, mu / size) {
        Ok(law) => {
            let rate = law.sample(rng);
            poisson::draw(rng, rate)
        }
        Err(_) => poisson::draw(rng, mu),
    }
}

/// theta of E (y - mu)^2 = mu + mu^2 / theta.
fn start_theta(theta: Positive, rows: Response, mu: &[f64]) -> Vec<f64> {
    let excess = mean_square(rows, mu, |y, mu| ((y - mu) * (y - mu) - mu) / (mu * mu));
    theta.start(if excess > 0.0 { 1.0 / excess } else { 100.0 }, (0.1, 100.0))
}

/// The same over jets.
pub(crate) struct Quadratic;

impl Law for Quadratic {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let log_mu = mean.log();
        log_negative_binomial(y, log_mu, (-psi[0]).exp(), (log_mu - psi[0]).softplus())
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let (mu, theta) = (mean.value().value, psi[0].exp());
        Moments { mean: mu, variance: mu + mu * mu / theta, zero: (-theta * (mu / theta).ln_1p()).exp() }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        draw(rng, mean.value().value, psi[0].exp())
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        count_mean(y)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        start_theta(Positive(None), rows, mu)
    }
}
