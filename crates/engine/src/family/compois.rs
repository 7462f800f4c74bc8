//! Conway-Maxwell-Poisson counts, by their mean.

use std::sync::LazyLock;

use rand::{Rng, RngCore};

use crate::family::composed::composed;
use crate::family::counts::{self, log_factorial};
use crate::family::jet::Jet;
use crate::family::kept::Kept;
use crate::family::law::{Law, Mean};
use crate::family::moments::mean_square;
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "compois",
    links: &["log", "sqrt", "identity"],
    shapes: &[positive("phi")],
    support: Support::Counts,
    weights: WeightRole::Cases,
    density: "Counts with less or more variance than the Poisson distribution.

P(y = k) is proportional to lambda^k / (k!)^nu with nu = 1 / phi, and lambda such that the mean is mu; phi = 1 is
Poisson, below it the variance is smaller than the mean, above it larger. A prior weight multiplies the log-likelihood
of its row. The parameter estimated is psi = log phi. Source: Huang (2017), Statistical Modelling 17, 359-380.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 2>(ConwayMaxwell::default(), link::by_name(link)?, fixed, parts)
}

#[derive(Default)]
pub(crate) struct ConwayMaxwell {
    /// `by_mean` by log mu and nu.
    means: Kept<ByMean, 2>,
}

/// log lambda and log Z at a mean, with their derivatives in (log mu, nu).
#[derive(Clone, Copy)]
struct ByMean {
    log_lambda: Jet<2>,
    log_z: Jet<2>,
}

/// Cumulants of (y, log y!) and the logarithm of the sum that makes probabilities of lambda^y / (y!)^nu.
struct Sums {
    log_z: f64,
    mean: [f64; 2],
    /// k20, k11, k02.
    second: [f64; 3],
    /// k30, k21, k12, k03.
    third: [f64; 4],
    /// k40, k31, k22, k13.
    fourth: [f64; 4],
}

/// Terms below this share of the largest add nothing.
const NEGLIGIBLE: f64 = 1e-19;
const MOST_TERMS: usize = 2_000_000;

/// log y! of small counts.
static LOG_FACTORIALS: LazyLock<Vec<f64>> = LazyLock::new(|| (0..4096).map(|y| log_factorial(f64::from(y))).collect());

fn log_factorial_of(y: f64) -> f64 {
    if y < 4096.0 { LOG_FACTORIALS[y as usize] } else { log_factorial(y) }
}

/// Hand count, log y! and probability, up to a factor whose logarithm is returned, to `f`: from the mode downwards, and
/// then from it upwards.
fn each_term(log_lambda: f64, nu: f64, mut f: impl FnMut(f64, f64, f64)) -> f64 {
    let mode = (log_lambda / nu).exp().floor().min(1e15);
    let log_term = |y: f64, log_fact: f64| y * log_lambda - nu * log_fact;
    let top = log_term(mode, log_factorial_of(mode));
    for (start, step) in [(mode, -1.0), (mode + 1.0, 1.0)] {
        let mut y = start;
        let mut left = MOST_TERMS;
        while y >= 0.0 && left > 0 {
            let log_fact = log_factorial_of(y);
            let term = (log_term(y, log_fact) - top).exp();
            f(y, log_fact, term);
            if term < NEGLIGIBLE {
                break;
            }
            y += step;
            left -= 1;
        }
    }
    top
}

/// Mean and variance of the counts.
fn spread(log_lambda: f64, nu: f64) -> [f64; 2] {
    let centre = (log_lambda / nu).exp().min(1e15);
    let [mut total, mut first, mut second] = [0.0; 3];
    each_term(log_lambda, nu, |y, _, term| {
        let away = y - centre;
        total += term;
        first += away * term;
        second += away * away * term;
    });
    let mean = first / total;
    [centre + mean, second / total - mean * mean]
}

fn sums(log_lambda: f64, nu: f64) -> Sums {
    let [mut total, mut counts, mut logs] = [0.0; 3];
    let top = each_term(log_lambda, nu, |y, log_fact, term| {
        total += term;
        counts += y * term;
        logs += log_fact * term;
    });
    let mean = [counts / total, logs / total];
    // m[i][j]: of (y - mean)^i (log y! - its mean)^j, for i + j up to 4.
    let mut m = [[0.0; 5]; 5];
    each_term(log_lambda, nu, |y, log_fact, term| {
        let (a, b) = (y - mean[0], log_fact - mean[1]);
        let mut left = term / total;
        for (i, row) in m.iter_mut().enumerate() {
            let mut term = left;
            for cell in &mut row[..5 - i] {
                *cell += term;
                term *= b;
            }
            left *= a;
        }
    });
    Sums {
        log_z: top + total.ln(),
        mean,
        second: [m[2][0], m[1][1], m[0][2]],
        third: [m[3][0], m[2][1], m[1][2], m[0][3]],
        fourth: [
            m[4][0] - 3.0 * m[2][0] * m[2][0],
            m[3][1] - 3.0 * m[2][0] * m[1][1],
            m[2][2] - m[2][0] * m[0][2] - 2.0 * m[1][1] * m[1][1],
            m[1][3] - 3.0 * m[0][2] * m[1][1],
        ],
    }
}

/// A function of (log lambda, nu) whose derivatives are joint cumulants: each in nu changes the sign.
fn of_cumulants(value: f64, first: [f64; 2], second: [f64; 3], third: [f64; 4]) -> Jet<2> {
    let sign = |in_nu: usize| if in_nu % 2 == 0 { 1.0 } else { -1.0 };
    let mut out = Jet::constant(value);
    for i in 0..2 {
        out.first[i] = sign(i) * first[i];
        for j in 0..2 {
            out.second[i][j] = sign(i + j) * second[i + j];
            for k in 0..2 {
                out.third[i][j][k] = sign(i + j + k) * third[i + j + k];
            }
        }
    }
    out
}

/// log lambda at which the mean is mu, by Newton's method on the logarithm of the mean.
fn log_lambda(log_mu: f64, nu: f64) -> f64 {
    let mu = log_mu.exp();
    let rough = mu + (nu - 1.0) / (2.0 * nu);
    // Below nu = 1 between the geometric distribution (nu = 0) and Poisson's; above it, but for small means, where
    // lambda is the mean whatever nu is, by the mean of a normal approximation.
    let mut e = if nu < 1.0 {
        log_mu - (1.0 - nu) * mu.ln_1p()
    } else if rough > 0.5 {
        nu * rough.ln()
    } else {
        log_mu
    };
    // Below nu = 1 the mean exceeds the mode, so that this is too much; beyond it sums grow long.
    let bound = if nu < 1.0 { nu * log_mu } else { f64::INFINITY };
    let most = 2.0 * nu.max(1.0);
    for _ in 0..60 {
        let [mean, variance] = spread(e, nu);
        let gap = mean.ln() - log_mu;
        let step = (gap * mean / variance).clamp(-most, most);
        if !step.is_finite() {
            break;
        }
        e = (e - step).min(bound);
        if step.abs() <= 1e-9 * (1.0 + e.abs()) {
            // Newton's steps square their size: the next one would be beyond the last digit.
            break;
        }
    }
    e
}

/// log lambda and log Z as functions of (log mu, nu).
fn by_mean(log_mu: f64, nu: f64) -> ByMean {
    let e = log_lambda(log_mu, nu);
    let s = sums(e, nu);
    let mean = of_cumulants(s.mean[0], [s.second[0], s.second[1]], [s.third[0], s.third[1], s.third[2]], s.fourth);
    let log_z = of_cumulants(s.log_z, s.mean, s.second, s.third);
    let nu = Jet::<2>::variable(nu, 1);
    let target = Jet::<2>::variable(log_mu, 0).exp();
    let mut lambda = Jet::constant(e);
    // Each step gets one order of derivatives right.
    for _ in 0..3 {
        let mut step = (mean.of(&[lambda, nu]) - target) / s.second[0];
        step.value = 0.0;
        lambda = lambda - step;
    }
    ByMean { log_lambda: lambda, log_z: log_z.of(&[lambda, nu]) }
}

impl Law for ConwayMaxwell {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let (log_mu, nu) = (mean.log(), (-psi[0]).exp());
        let at = [log_mu.value, nu.value];
        let ByMean { log_lambda, log_z } = self.means.at(at, || by_mean(at[0], at[1]));
        (log_lambda * y - log_z).of(&[log_mu, nu]) - nu * log_factorial_of(y)
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let nu = (-psi[0]).exp();
        let sums = sums(log_lambda(mean.log().value, nu), nu);
        Moments { mean: mean.value().value, variance: sums.second[0], zero: (-sums.log_z).exp() }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        let nu = (-psi[0]).exp();
        let e = log_lambda(mean.log().value, nu);
        let mut terms = Vec::new();
        each_term(e, nu, |y, _, term| terms.push((y, term)));
        let total: f64 = terms.iter().map(|t| t.1).sum();
        let mut left = rng.random::<f64>() * total;
        for &(y, term) in &terms {
            left -= term;
            if left <= 0.0 {
                return y;
            }
        }
        terms[0].0
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        counts::start_mean(y)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        vec![mean_square(rows, mu, |y, mu| (y - mu) * (y - mu) / mu).clamp(0.2, 5.0).ln()]
    }
}
