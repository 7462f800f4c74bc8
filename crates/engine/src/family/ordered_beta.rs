//! Proportions that may be exactly 0 or 1: an ordered beta regression.

use rand::{Rng, RngCore};

use crate::family::beta::{draw_beta, log_beta};
use crate::family::composed::composed;
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::moments::mean_square;
use crate::family::{About, Family, Map, Moments, Parts, Response, ShapeAbout, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "ordbeta",
    links: &["logit", "probit", "cloglog", "loglog", "cauchit"],
    shapes: &[positive("phi"), ShapeAbout { name: "lower", map: Map::Identity }, positive("gap")],
    support: Support::ClosedUnit,
    weights: WeightRole::Cases,
    density: "Proportions between 0 and 1, both included.

With the linear predictor eta and cutpoints c < d: P(0) = 1 / (1 + exp(eta - c)), P(1) = 1 / (1 + exp(d - eta)), and
between them a beta variable of mean mu and precision phi. A prior weight multiplies the log-likelihood of its row. The
parameters estimated are log phi, c and log(d - c). Source: Kubinec (2023), Political Analysis 31, 519-536.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 4>(OrderedBeta, link::by_name(link)?, fixed, parts)
}

struct OrderedBeta;

/// log of the probabilities of 0, of 1, and of what lies between.
fn log_shares<const K: usize>(eta: Jet<K>, lower: Jet<K>, log_gap: Jet<K>) -> [Jet<K>; 3] {
    let gap = log_gap.exp();
    let (below, above) = (eta - lower, lower + gap - eta);
    [-below.softplus(), -above.softplus(), gap.log1mexp() - (-below).softplus() - (-above).softplus()]
}

impl Law for OrderedBeta {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let [none, all, between] = log_shares(mean.eta, psi[1], psi[2]);
        if y == 0.0 {
            none
        } else if y == 1.0 {
            all
        } else {
            between + log_beta(y, mean.log(), mean.log_rest(), psi[0])
        }
    }

    fn mass_at_zero(&self) -> bool {
        true
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        let shares = log_shares(mean.eta, Jet::constant(psi[1]), Jet::constant(psi[2]));
        let [none, all, between] = shares.map(|l| l.value.exp());
        let mu = mean.value().value;
        let square = mu * (1.0 - mu) / (1.0 + psi[0].exp()) + mu * mu;
        let centre = all + between * mu;
        Moments { mean: centre, variance: all + between * square - centre * centre, zero: none }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        let [none, all, _] = log_shares(mean.eta, Jet::constant(psi[1]), Jet::constant(psi[2])).map(|l| l.value.exp());
        let u: f64 = rng.random();
        if u < none {
            0.0
        } else if u > 1.0 - all {
            1.0
        } else {
            draw_beta(rng, mean.value().value, psi[0].exp())
        }
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y.clamp(0.05, 0.95)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let inside = |y: f64, mu: f64| {
            if y > 0.0 && y < 1.0 { (y - mu) * (y - mu) / (mu * (1.0 - mu)) } else { 0.0 }
        };
        let n = rows.y.len() as f64;
        let share = |at: f64| ((rows.y.iter().filter(|&&y| y == at).count() as f64 + 0.5) / (n + 1.0)).min(0.9);
        let centre = (rows.y.iter().sum::<f64>() / n).clamp(0.05, 0.95);
        let eta = (centre / (1.0 - centre)).ln();
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let (lower, upper) = (eta + logit(share(0.0)), eta - logit(share(1.0)));
        let ratio = mean_square(rows, mu, inside);
        vec![(1.0 / ratio - 1.0).clamp(0.5, 1e3).ln(), lower, (upper - lower).max(0.5).ln()]
    }
}
