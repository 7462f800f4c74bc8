//! Families in several linear predictors, each made of its density alone.

use std::sync::Arc;

use mixedmodels_engine::family::from_jet::{Density, FromJet};
use mixedmodels_engine::family::jet::Jet;
use mixedmodels_engine::family::link::{Identity, Link, Log};
use mixedmodels_engine::family::{About, Family, Response, Support, WeightRole, positive, registry};
use rand::RngCore;

static REAL: About = About {
    name: "test",
    links: &["identity"],
    shapes: &[],
    support: Support::Real,
    weights: WeightRole::Cases,
    density: "",
};
static COUNTS: About = About {
    name: "test",
    links: &["log"],
    shapes: &[],
    support: Support::Counts,
    weights: WeightRole::Cases,
    density: "",
};
static TAILS: About = About {
    name: "test",
    links: &["identity"],
    shapes: &[positive("degrees of freedom")],
    support: Support::Real,
    weights: WeightRole::Cases,
    density: "",
};

/// What these tests do not ask for.
macro_rules! unused {
    ($about:ident, $link:ident) => {
        fn about(&self) -> &About {
            &$about
        }

        fn link(&self) -> &dyn Link {
            &$link
        }

        fn variance<const N: usize>(&self, mu: Jet<N>, _psi: &[Jet<N>]) -> Jet<N> {
            mu
        }

        fn unit_deviance(&self, _y: f64, _mu: f64, _psi: &[f64]) -> f64 {
            f64::NAN
        }

        fn draw(&self, _rng: &mut dyn RngCore, _mu: f64, _weight: f64, _psi: &[f64]) -> f64 {
            f64::NAN
        }
    };
}

/// Mean, and logarithm of the standard deviation.
struct MeanAndSpread;

impl Density for MeanAndSpread {
    unused!(REAL, Identity);

    fn log_density<const N: usize>(&self, y: f64, _weight: f64, eta: &[Jet<N>], _psi: &[Jet<N>]) -> Jet<N> {
        let z = (y - eta[0]) * (-eta[1]).exp();
        z * z * -0.5 - eta[1] - 0.5 * (2.0 * std::f64::consts::PI).ln()
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y
    }

    fn information<const N: usize>(&self, weight: f64, eta: &[Jet<N>], _psi: &[Jet<N>]) -> Option<Vec<Jet<N>>> {
        Some(vec![(eta[1] * -2.0).exp() * weight, Jet::constant(0.0), Jet::constant(2.0 * weight)])
    }
}

/// Logarithm of the Poisson mean, logit of the share of further zeros.
struct ZeroInflated;

impl Density for ZeroInflated {
    unused!(COUNTS, Log);

    fn log_density<const N: usize>(&self, y: f64, _weight: f64, eta: &[Jet<N>], _psi: &[Jet<N>]) -> Jet<N> {
        let (mu, zeta) = (eta[0].exp(), eta[1]);
        let inflation = if y == 0.0 { (zeta + mu).softplus() } else { eta[0] * y - log_factorial(y) };
        inflation - mu - zeta.softplus()
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y + 0.1
    }
}

/// Logarithms of the negative binomial's mean and of theta.
struct MeanAndTheta;

/// log P(y) of the negative binomial.
fn negative_binomial<const N: usize>(y: f64, log_mu: Jet<N>, log_theta: Jet<N>) -> Jet<N> {
    let theta = log_theta.exp();
    let logit = log_mu - log_theta;
    let counts = (theta + y).lgamma() - theta.lgamma() - log_factorial(y);
    counts - theta * logit.softplus() - (-logit).softplus() * y
}

impl Density for MeanAndTheta {
    unused!(COUNTS, Log);

    fn log_density<const N: usize>(&self, y: f64, _weight: f64, eta: &[Jet<N>], _psi: &[Jet<N>]) -> Jet<N> {
        negative_binomial(y, eta[0], eta[1])
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y + 0.1
    }
}

/// All three: mean, theta, share of further zeros.
struct ZeroInflatedTheta;

impl Density for ZeroInflatedTheta {
    unused!(COUNTS, Log);

    fn log_density<const N: usize>(&self, y: f64, _weight: f64, eta: &[Jet<N>], _psi: &[Jet<N>]) -> Jet<N> {
        let counts = negative_binomial(y, eta[0], eta[1]);
        let inflated = if y == 0.0 { counts + (eta[2] - counts).softplus() } else { counts };
        inflated - eta[2].softplus()
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y + 0.1
    }
}

/// Student's t: location, logarithm of the scale; its degrees of freedom are a shape.
struct Tails;

impl Density for Tails {
    unused!(TAILS, Identity);

    fn log_density<const N: usize>(&self, y: f64, _weight: f64, eta: &[Jet<N>], psi: &[Jet<N>]) -> Jet<N> {
        let nu = psi[0].exp();
        let z = (y - eta[0]) * (-eta[1]).exp();
        let half = (nu + 1.0) * 0.5;
        half.lgamma()
            - (nu * 0.5).lgamma()
            - (psi[0] + std::f64::consts::PI.ln()) * 0.5
            - eta[1]
            - half * (z * z / nu).ln_1p()
    }

    fn start_mean(&self, y: f64, _weight: f64) -> f64 {
        y
    }

    fn start_shapes(&self, _rows: Response, _mu: &[f64]) -> Vec<f64> {
        vec![5f64.ln()]
    }
}

fn log_factorial(y: f64) -> f64 {
    (2..=y as usize).map(|m| (m as f64).ln()).sum()
}

pub fn mean_and_spread() -> Arc<dyn Family> {
    Arc::new(FromJet::<_, 2, 2>(MeanAndSpread))
}

pub fn zero_inflated() -> Arc<dyn Family> {
    Arc::new(FromJet::<_, 2, 2>(ZeroInflated))
}

pub fn mean_and_theta() -> Arc<dyn Family> {
    Arc::new(FromJet::<_, 2, 2>(MeanAndTheta))
}

pub fn zero_inflated_theta() -> Arc<dyn Family> {
    Arc::new(FromJet::<_, 3, 3>(ZeroInflatedTheta))
}

pub fn tails() -> Arc<dyn Family> {
    Arc::new(FromJet::<_, 2, 3>(Tails))
}

/// A family of the registry, its default link where none is named.
pub fn of(name: &str, link: Option<&str>) -> Arc<dyn Family> {
    registry::by_name(name, link, &[]).unwrap().into()
}
