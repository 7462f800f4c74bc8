//! Conway-Maxwell-Poisson counts, by their mean.

use rand::{Rng, RngCore};

use crate::family::composed::composed;
use crate::family::counts::log_factorial;
use crate::family::jet::Jet;
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
    composed::<_, 2>(ConwayMaxwell, link::by_name(link)?, fixed, parts)
}

pub(crate) struct ConwayMaxwell;

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

/// Counts with log y! and probabilities up to a factor, from the mode outwards; the log of that factor.
fn terms(log_lambda: f64, nu: f64) -> (Vec<[f64; 3]>, f64) {
    let mode = (log_lambda / nu).exp().floor().min(1e15);
    let log_of = |y: f64| (y * log_lambda - nu * log_factorial(y), log_factorial(y));
    let top = log_of(mode).0;
    let mut out = Vec::new();
    for (start, step) in [(mode, -1.0), (mode + 1.0, 1.0)] {
        let mut y = start;
        while y >= 0.0 && out.len() < MOST_TERMS {
            let (log_term, log_fact) = log_of(y);
            let term = (log_term - top).exp();
            out.push([y, log_fact, term]);
            if term < NEGLIGIBLE {
                break;
            }
            y += step;
        }
    }
    (out, top)
}

fn sums(log_lambda: f64, nu: f64) -> Sums {
    let (terms, top) = terms(log_lambda, nu);
    let total: f64 = terms.iter().map(|t| t[2]).sum();
    let average = |f: &dyn Fn(f64, f64) -> f64| terms.iter().map(|t| f(t[0], t[1]) * t[2]).sum::<f64>() / total;
    let mean = [average(&|y, _| y), average(&|_, l| l)];
    let mut m = [[0.0; 5]; 5];
    for t in &terms {
        let (a, b) = (t[0] - mean[0], t[1] - mean[1]);
        let mut left = t[2] / total;
        for row in &mut m {
            let mut term = left;
            for cell in row.iter_mut() {
                *cell += term;
                term *= b;
            }
            left *= a;
        }
    }
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
fn log_lambda(log_mu: f64, nu: f64) -> (f64, Sums) {
    let mu = log_mu.exp();
    let rough = mu + (nu - 1.0) / (2.0 * nu);
    // For small means lambda is the mean, whatever nu is.
    let mut e = if rough > 0.5 { nu * rough.ln() } else { log_mu };
    let mut here = sums(e, nu);
    for _ in 0..60 {
        let gap = here.mean[0].ln() - log_mu;
        if gap.abs() <= 4e-16 * (1.0 + log_mu.abs()) || !gap.is_finite() {
            break;
        }
        let step = (gap * here.mean[0] / here.second[0]).clamp(-2.0 * nu.max(1.0), 2.0 * nu.max(1.0));
        e -= step;
        here = sums(e, nu);
        if step.abs() <= 1e-15 * (1.0 + e.abs()) {
            break;
        }
    }
    (e, here)
}

/// log lambda and log Z as functions of (log mu, nu).
fn by_mean(log_mu: f64, nu: f64) -> [Jet<2>; 2] {
    let (e, s) = log_lambda(log_mu, nu);
    let mean = of_cumulants(s.mean[0], [s.second[0], s.second[1]], [s.third[0], s.third[1], s.third[2]], s.fourth);
    let log_z = of_cumulants(s.log_z, s.mean, s.second, s.third);
    let nu = Jet::<2>::variable(nu, 1);
    let target = Jet::<2>::variable(log_mu, 0).exp();
    let mut lambda = Jet::constant(e);
    // Each step gets one order of derivatives right.
    for _ in 0..3 {
        let miss = mean.of(&[lambda, nu]) - target;
        let mut step = miss / s.second[0];
        step.value = 0.0;
        lambda = lambda - step;
    }
    [lambda, log_z.of(&[lambda, nu])]
}

impl Law for ConwayMaxwell {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let (log_mu, nu) = (mean.log(), (-psi[0]).exp());
        if K == 0 {
            let (e, sums) = log_lambda(log_mu.value, nu.value);
            return Jet::constant(y * e - nu.value * log_factorial(y) - sums.log_z);
        }
        let [lambda, log_z] = by_mean(log_mu.value, nu.value);
        (lambda * y - log_z).of(&[log_mu, nu]) - nu * log_factorial(y)
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let (_, sums) = log_lambda(mean.log().value, (-psi[0]).exp());
        Moments { mean: mean.value().value, variance: sums.second[0], zero: (-sums.log_z).exp() }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        let nu = (-psi[0]).exp();
        let (e, _) = log_lambda(mean.log().value, nu);
        let (terms, _) = terms(e, nu);
        let total: f64 = terms.iter().map(|t| t[2]).sum();
        let mut left = rng.random::<f64>() * total;
        for t in &terms {
            left -= t[2];
            if left <= 0.0 {
                return t[0];
            }
        }
        terms[0][0]
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        if y == 0.0 { 1.0 / 6.0 } else { y }
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        vec![mean_square(rows, mu, |y, mu| (y - mu) * (y - mu) / mu).clamp(0.2, 5.0).ln()]
    }
}
