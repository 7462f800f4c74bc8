//! Skew-normal errors around a mean.

use rand::RngCore;
use rand_distr::{Distribution, StandardNormal};

use crate::family::composed::composed;
use crate::family::jet::Jet;
use crate::family::law::{Law, Mean};
use crate::family::moments::mean_square;
use crate::family::special::HALF_LOG_TWO_PI;
use crate::family::{About, Family, Map, Moments, Parts, Response, ShapeAbout, Support, WeightRole, link, positive};

pub(crate) static ABOUT: About = About {
    name: "skewnormal",
    links: &["identity", "log", "inverse", "sqrt", "logit", "probit", "cloglog"],
    shapes: &[positive("sigma"), ShapeAbout { name: "alpha", map: Map::Identity }],
    support: Support::Real,
    weights: WeightRole::Cases,
    density: "Errors that are skewed around the mean.

A skew-normal variable of slant alpha with mean mu and standard deviation sigma: with delta = alpha / sqrt(1 + alpha^2)
its scale is omega = sigma / sqrt(1 - 2 delta^2 / pi) and its location mu - omega delta sqrt(2 / pi). alpha = 0 is the
normal distribution. A prior weight multiplies the log-likelihood of its row. The parameters estimated are log sigma and
alpha. Source: Azzalini (1985), Scandinavian Journal of Statistics 12, 171-178.",
};

pub(crate) fn make(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>> {
    composed::<_, 3>(SkewNormal, link::by_name(link)?, fixed, parts)
}

struct SkewNormal;

/// E of a half-normal variable, sqrt(2 / pi).
const HALF_NORMAL: f64 = 0.797_884_560_802_865_4;

impl Law for SkewNormal {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn log_density<const K: usize>(&self, y: f64, _weight: f64, mean: &Mean<K>, psi: &[Jet<K>]) -> Jet<K> {
        let alpha = psi[1];
        let delta = alpha / (alpha * alpha + 1.0).sqrt();
        let shift = delta * HALF_NORMAL;
        // omega = sigma / scale.
        let scale = (1.0 - shift * shift).sqrt();
        let z = (y - mean.value()) * (-psi[0]).exp() * scale + shift;
        (alpha * z).log_normal() - z * z * 0.5 + scale.ln() - psi[0] + (std::f64::consts::LN_2 - HALF_LOG_TWO_PI)
    }

    fn mass_at_zero(&self) -> bool {
        false
    }

    fn moments(&self, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> Moments {
        Moments { mean: mean.value().value, variance: (2.0 * psi[0]).exp(), zero: 0.0 }
    }

    fn draw(&self, rng: &mut dyn RngCore, _weight: f64, mean: &Mean<0>, psi: &[f64]) -> f64 {
        let delta = psi[1] / (1.0 + psi[1] * psi[1]).sqrt();
        let shift = delta * HALF_NORMAL;
        let (half, other): (f64, f64) = (StandardNormal.sample(rng), StandardNormal.sample(rng));
        let z = delta * half.abs() + (1.0 - delta * delta).sqrt() * other;
        mean.value().value + psi[0].exp() * (z - shift) / (1.0 - shift * shift).sqrt()
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let spread = mean_square(rows, mu, |y, mu| (y - mu) * (y - mu)).sqrt();
        // At alpha = 0 the information is singular: the search starts beside it, where the skewness points.
        let centre = rows.y.iter().sum::<f64>() / rows.y.len() as f64;
        let resting = rows.y.iter().zip(mu).all(|(y, mu)| y == mu);
        let residual = |y: f64, mu: f64| if resting { y - centre } else { y - mu };
        let cubes = rows.y.iter().zip(mu).map(|(&y, &mu)| (residual(y, mu) / spread).powi(3)).sum::<f64>();
        let skewness = (cubes / rows.y.len() as f64).clamp(-0.9, 0.9);
        vec![spread.clamp(1e-150, 1e150).ln(), 2.0 * skewness.cbrt()]
    }
}
