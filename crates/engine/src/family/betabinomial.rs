//! Successes among trials whose probability varies as a beta variable.

use rand::RngCore;

use crate::family::beta::draw_beta;
use crate::family::binomial;
use crate::family::composed::composed;
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::{About, Family, Moments, Parts, Response, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "betabinomial",
    links: &["logit", "probit", "cloglog", "loglog", "cauchit", "log"],
    shapes: &[positive("phi")],
    support: Support::Proportion,
    weights: WeightRole::Trials,
    density: "Share y of successes in m trials, whose probability varies from row to row.

P(m y = k) = choose(m, k) B(k + a, m - k + b) / B(a, b) with a = mu phi and b = (1 - mu) phi, mean mu and variance
mu (1 - mu) (phi + m) / (phi + 1) / m; the prior weight is the number of trials m. The parameter estimated is psi = log
phi; large phi is nearly binomial. Source: Morris (1997), American Naturalist 150, 299-327.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 2>(BetaBinomial, link::by_name(link)?, fixed, parts)
}

struct BetaBinomial;

impl Law for BetaBinomial {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let (successes, failures) = binomial::outcomes(y, weight);
        let (log_mu, log_rest) = (mean.log(), mean.log_rest());
        if log_mu.value.is_nan() || log_rest.value.is_nan() {
            return Jet::constant(f64::NAN); // no probability, though a row without failures would not tell
        }
        // log(a + i) is log a + log(1 + i / a); log phi cancels between the three.
        let rising = |log: Jet<K>, count: f64| (-log).exp().log_rising(count);
        let part = |log: Jet<K>, count: f64| {
            if count == 0.0 { Jet::constant(0.0) } else { log * count + rising(log + psi[0], count) }
        };
        let choose = binomial::log_choose(y, weight);
        part(log_mu, successes) + part(log_rest, failures) - rising(psi[0], weight) + choose
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let (mu, phi) = (mean.value().value, psi[0].exp());
        let variance = mu * (1.0 - mu) * (phi + weight) / ((phi + 1.0) * weight);
        let zero = self.log_density(0.0, weight, mean, &[Jet::constant(psi[0])]).value.exp();
        Moments { mean: mu, variance, zero }
    }

    fn draw(&self, rng: &mut dyn RngCore, weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        let share = draw_beta(rng, mean.value().value, psi[0].exp());
        binomial::draw(rng, share, weight)
    }

    fn start_mean(&self, y: f64, weight: f64) -> f64 {
        binomial::start_mean(y, weight)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        // Var(y) = v (phi + m) / (phi + 1) / m, with v = mu (1 - mu), solved for phi by totals.
        let (mut spread, mut within, mut between) = (0.0, 0.0, 0.0);
        for (i, (&y, &mu)) in rows.y.iter().zip(mu).enumerate() {
            let (m, v) = (rows.weight(i), mu * (1.0 - mu));
            if m > 1.0 {
                spread += m * m * (y - mu) * (y - mu);
                within += m * v;
                between += m * m * v;
            }
        }
        // spread = (within phi + between) / (phi + 1).
        let phi = if spread > within { (between - spread) / (spread - within) } else { f64::INFINITY };
        vec![if phi.is_nan() || phi <= 0.0 { 0.0 } else { phi.clamp(0.1, 1e3).ln() }]
    }
}
