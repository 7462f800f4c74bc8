//! Families: the log-likelihood of one observation in one to three linear predictors and a few shape parameters, with
//! derivatives to third order. A family is one file, a `mod` line here, and a line in `registry.rs`.
//!
//! Notation: l(eta; psi) for one row, g = dl/d eta, W = -d2l/d eta2 (observed weight), W' = dW/d eta. psi are the free
//! shape parameters on the scale on which they are estimated (logarithms of positive ones).
//!
//! Batches: everything is asked for n rows at once. Values of predictor r lie in run r, `[r * n .. (r + 1) * n]`; those
//! of the pair s <= t in run `pair(s, t)`; dW_st/d eta_r in run `pair(s, t) * m + r`.

mod bell;
mod beta;
mod betabinomial;
mod binomial;
mod compois;
mod composed;
mod counts;
mod gamma;
mod gaussian;
mod genpois;
mod inverse_gaussian;
mod lognormal;
mod nbinom1;
mod nbinom12;
mod negative_binomial;
mod ordered_beta;
mod poisson;
mod skew_normal;
mod student;
mod truncated;
mod tweedie;

pub mod from_jet;
pub mod jet;
mod kept;
mod law;
pub mod link;
mod moments;
pub mod registry;
mod row;
mod single;
pub(crate) mod special;
mod vector;

use rand::{RngCore, SeedableRng};

/// Observed responses: one number a row, with the row's prior weight (trials of a binomial proportion).
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    pub y: &'a [f64],
    pub weights: Option<&'a [f64]>,
}

impl Response<'_> {
    #[inline]
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    /// Rows `from..to`.
    pub fn part(&self, from: usize, to: usize) -> Self {
        Self { y: &self.y[from..to], weights: self.weights.map(|w| &w[from..to]) }
    }
}

/// Run of the symmetric pair (s, t).
#[inline]
pub fn pair(s: usize, t: usize) -> usize {
    let (low, high) = if s <= t { (s, t) } else { (t, s) };
    high * (high + 1) / 2 + low
}

/// The pairs s <= t of m predictors in the order of their runs.
pub(crate) fn pairs(m: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..m).flat_map(|t| (0..=t).map(move |s| (s, t)))
}

/// Where a response may lie, for checks and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    Real,
    /// 0, 1, 2, ...
    Counts,
    /// (0, infinity).
    Positive,
    /// [0, infinity).
    NonNegative,
    /// 1, 2, 3, ...
    PositiveCounts,
    /// (0, 1).
    OpenUnit,
    /// [0, 1].
    ClosedUnit,
    /// A proportion in [0, 1]; times its weight a whole number.
    Proportion,
}

/// What prior weights mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightRole {
    /// Numbers of trials.
    Trials,
    /// The row's log-likelihood is multiplied.
    Cases,
    /// The dispersion of the row is divided by its weight.
    Precision,
}

/// From psi, which is estimated and may be any number, to the shape parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Map {
    /// exp(psi): a positive number.
    Log,
    Identity,
    /// lower + (upper - lower) / (1 + exp(-psi)).
    Between(f64, f64),
}

impl Map {
    pub fn value(self, psi: f64) -> f64 {
        match self {
            Self::Log => psi.exp(),
            Self::Identity => psi,
            Self::Between(lower, upper) => lower + (upper - lower) / (1.0 + (-psi).exp()),
        }
    }

    /// Derivative of the value in psi.
    pub fn slope(self, psi: f64) -> f64 {
        match self {
            Self::Log => psi.exp(),
            Self::Identity => 1.0,
            Self::Between(lower, upper) => {
                let e = (-psi.abs()).exp();
                (upper - lower) * e / ((1.0 + e) * (1.0 + e))
            }
        }
    }

    /// psi of a value; NaN or infinite where there is none.
    pub fn psi(self, value: f64) -> f64 {
        match self {
            Self::Log => value.ln(),
            Self::Identity => value,
            Self::Between(lower, upper) => ((value - lower) / (upper - value)).ln(),
        }
    }
}

/// A shape parameter.
#[derive(Debug, Clone, Copy)]
pub struct ShapeAbout {
    pub name: &'static str,
    pub map: Map,
}

/// A positive shape parameter; psi is its logarithm.
pub const fn positive(name: &'static str) -> ShapeAbout {
    ShapeAbout { name, map: Map::Log }
}

/// What a family has beside its mean, and what its weights mean.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts {
    /// A predictor of structural zeros, on the logit scale.
    pub zeros: bool,
    /// A predictor of the logarithm of the dispersion.
    pub dispersion: bool,
    /// In place of the family's own, where these are not trials.
    pub weights: Option<WeightRole>,
}

impl Parts {
    /// Whether they change nothing.
    pub fn none(self) -> bool {
        !self.zeros && !self.dispersion && self.weights.is_none()
    }
}

/// Moments of a response.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    pub mean: f64,
    pub variance: f64,
    /// P(y = 0).
    pub zero: f64,
}

impl Moments {
    /// With a share of structural zeros.
    pub fn inflated(self, share: f64) -> Self {
        let rest = 1.0 - share;
        Self {
            mean: rest * self.mean,
            variance: rest * self.variance + share * rest * self.mean * self.mean,
            zero: share + rest * self.zero,
        }
    }
}

/// What a family says of itself, once.
#[derive(Debug, Clone)]
pub struct About {
    /// As R prints it: "binomial", "poisson", "Gamma", "inverse.gaussian", "gaussian", "Negative Binomial".
    pub name: &'static str,
    /// Links it can have, the default first.
    pub links: &'static [&'static str],
    /// Its shape parameters; the first one is the dispersion, if it has one.
    pub shapes: &'static [ShapeAbout],
    pub support: Support,
    pub weights: WeightRole,
    /// Density, mean, variance and parametrisation with a source: becomes the Python class's documentation (plain
    /// text, several lines, first line one sentence).
    pub density: &'static str,
}

/// Derivatives of second order for a batch.
pub struct Second<'a> {
    /// m runs.
    pub g: &'a mut [f64],
    /// m (m + 1) / 2 runs.
    pub w: &'a mut [f64],
}

/// Derivatives along one shape parameter.
pub struct Shape<'a> {
    /// d g / d psi, m runs.
    pub g: &'a mut [f64],
    /// d W / d psi, m (m + 1) / 2 runs.
    pub w: &'a mut [f64],
}

pub trait Family: Send + Sync {
    fn about(&self) -> &About;

    /// Linear predictors.
    fn predictors(&self) -> usize {
        1
    }

    /// Shape parameters that are free (a fixed one is part of the family itself).
    fn shapes(&self) -> usize {
        0
    }

    /// Places among `About::shapes` of those that are free.
    fn free_shapes(&self) -> Vec<usize> {
        let all = self.about().shapes.len();
        (all - self.shapes()..all).collect()
    }

    /// What prior weights mean.
    fn weights(&self) -> WeightRole {
        self.about().weights
    }

    /// Where a response may lie.
    fn support(&self) -> Support {
        self.about().support
    }

    /// Whether 0 is a response, though it lies outside the support.
    fn allows_zero(&self) -> bool {
        false
    }

    /// Whether rows that differ in nothing but (where weights are trials) the response may be merged into one, weights
    /// added up: l without `constant` must then be that of the merged row.
    fn merges(&self) -> bool {
        self.weights() == WeightRole::Cases
    }

    /// Part of the log-likelihood that depends neither on eta nor on psi, summed over the rows.
    fn constant(&self, rows: Response) -> f64;

    /// Sum of the log-likelihood without `constant`; -infinity if a row's eta lies outside the domain of the link.
    fn value(&self, rows: Response, eta: &[f64], psi: &[f64]) -> f64;

    /// The same with g and W.
    fn second(&self, rows: Response, eta: &[f64], psi: &[f64], out: Second) -> f64;

    /// dW / d eta, m runs for each pair.
    fn third(&self, rows: Response, eta: &[f64], psi: &[f64], out: &mut [f64]);

    /// dl / d psi_j summed over the rows, with d g / d psi_j and d W / d psi_j row by row.
    fn shape(&self, rows: Response, eta: &[f64], psi: &[f64], j: usize, out: Shape) -> f64;

    /// d2l / d psi_j d psi_k summed over the rows, shapes x shapes.
    fn shape_curvature(&self, rows: Response, eta: &[f64], psi: &[f64], out: &mut [f64]);

    /// Expected weights E W in place of W, with d (E W) / d eta, and for each shape d (E W) / d psi_j (shapes times the
    /// runs of W). False if they equal the observed ones: nothing is written.
    fn expected(&self, rows: Response, eta: &[f64], psi: &[f64], out: Expected) -> bool;

    // ---- the mean of the first predictor, for starts, residuals, predictions and simulation ----

    fn link(&self) -> &dyn link::Link;

    /// V(mu), as R's family objects have it: Var(y) = dispersion V(mu) / weight (for `Trials` and `Cases` the same).
    fn variance(&self, mu: f64, psi: &[f64]) -> f64;

    /// Factor of V(mu): 1, or a function of the shape (Gamma 1 / shape, gaussian sigma^2).
    fn dispersion(&self, psi: &[f64]) -> f64 {
        let _ = psi;
        1.0
    }

    /// Squared deviance residual of a row of weight 1, as R's `dev.resids`.
    fn unit_deviance(&self, y: f64, mu: f64, psi: &[f64]) -> f64;

    /// Log-likelihood of one row, constants included; `eta` has a value for each predictor.
    fn log_density(&self, y: f64, weight: f64, eta: &[f64], psi: &[f64]) -> f64;

    /// Moments of the response of a row; `eta` has a value for each predictor.
    fn moments(&self, weight: f64, eta: &[f64], psi: &[f64]) -> Moments {
        let mean = self.link().mean(eta[0]);
        let per = if self.weights() == WeightRole::Cases { 1.0 } else { weight };
        let zero = match self.support() {
            Support::Real | Support::Positive => 0.0,
            _ => self.log_density(0.0, per, eta, psi).exp(),
        };
        Moments { mean, variance: self.dispersion(psi) * self.variance(mean, psi) / per, zero }
    }

    /// A draw of the response of one row.
    fn draw(&self, rng: &mut dyn RngCore, mu: f64, weight: f64, psi: &[f64]) -> f64;

    /// The same, given a value for each predictor.
    fn draw_at(&self, rng: &mut dyn RngCore, weight: f64, eta: &[f64], psi: &[f64]) -> f64 {
        self.draw(rng, self.link().mean(eta[0]), weight, psi)
    }

    /// A mean to start from, inside the domain, for one row (R's `mustart`).
    fn start_mean(&self, y: f64, weight: f64) -> f64;

    /// Values of psi to start from, given the rows and starting means.
    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let _ = (rows, mu);
        Vec::new()
    }

    /// A constant to start each predictor from, given the rows and starting means; that of the mean is not used.
    fn start_predictors(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let _ = (rows, mu);
        vec![0.0; self.predictors()]
    }
}

/// Where `Family::expected` writes.
pub struct Expected<'a> {
    pub w: &'a mut [f64],
    /// m runs for each pair.
    pub dw: &'a mut [f64],
    /// The runs of `w` for each shape.
    pub dw_shape: &'a mut [f64],
}

/// Random numbers for `Family::draw`, the same on every machine for the same seed.
pub fn generator(seed: u64) -> impl RngCore {
    rand::rngs::StdRng::seed_from_u64(seed)
}
