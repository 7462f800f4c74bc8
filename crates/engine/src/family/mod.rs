//! Families: the log-likelihood of one observation in one to three linear predictors and a few shape parameters, with
//! derivatives to third order. A family is one file, a `mod` line here, and a line in `registry.rs`.
//!
//! Notation: l(eta; psi) for one row, g = dl/d eta, W = -d2l/d eta2 (observed weight), W' = dW/d eta. psi are the free
//! shape parameters on the scale on which they are estimated (logarithms of positive ones).
//!
//! Batches: everything is asked for n rows at once. Values of predictor r lie in run r, `[r * n .. (r + 1) * n]`; those
//! of the pair s <= t in run `pair(s, t)`; dW_st/d eta_r in run `pair(s, t) * m + r`.

mod binomial;
mod gamma;
mod gaussian;
mod inverse_gaussian;
mod negative_binomial;
mod poisson;

pub mod from_jet;
pub mod jet;
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

/// Where a response may lie, for checks and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    Real,
    /// 0, 1, 2, ...
    Counts,
    /// (0, infinity).
    Positive,
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

/// What a family says of itself, once.
#[derive(Debug, Clone)]
pub struct About {
    /// As R prints it: "binomial", "poisson", "Gamma", "inverse.gaussian", "gaussian", "Negative Binomial".
    pub name: &'static str,
    /// Links it can have, the default first.
    pub links: &'static [&'static str],
    /// Names of its shape parameters (each positive; psi is the logarithm), e.g. "theta".
    pub shapes: &'static [&'static str],
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

    /// Whether rows that differ in nothing but (where weights are trials) the response may be merged into one, weights
    /// added up: l without `constant` must then be that of the merged row.
    fn merges(&self) -> bool {
        self.about().weights == WeightRole::Cases
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

    /// Log-likelihood of one row, constants included.
    fn log_density(&self, y: f64, weight: f64, eta: f64, psi: &[f64]) -> f64;

    /// A draw of the response of one row.
    fn draw(&self, rng: &mut dyn RngCore, mu: f64, weight: f64, psi: &[f64]) -> f64;

    /// A mean to start from, inside the domain, for one row (R's `mustart`).
    fn start_mean(&self, y: f64, weight: f64) -> f64;

    /// Values of psi to start from, given the rows and starting means.
    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let _ = (rows, mu);
        Vec::new()
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
