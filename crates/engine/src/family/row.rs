//! What a family of one linear predictor says of one row. `Row::row` gives everything at once; where that is not fast
//! enough, `Row::LANES` chooses loops that the compiler can make vector instructions of.

use rand::RngCore;

use super::link::Link;
use super::{About, Response};

pub(crate) trait Row: Send + Sync {
    /// What depends on psi alone: computed once a call.
    type Setting;
    fn about(&self) -> &About;

    fn link(&self) -> &dyn Link;

    /// Whether expected and observed weights are the same.
    fn canonical(&self) -> bool {
        false
    }

    fn shapes(&self) -> usize {
        0
    }

    fn setting(&self, psi: &[f64]) -> Self::Setting;

    fn constant(&self, y: f64, weight: f64) -> f64;

    /// l, g, W and W'; l is -infinity (or NaN) outside the domain of the link, where the others mean nothing.
    fn row(&self, at: &Self::Setting, y: f64, weight: f64, eta: f64) -> [f64; 4];

    /// Whether loops run over `lane` in place of `row`.
    const LANES: bool = false;

    /// Whether `lane` asks for log(1 + e).
    const LOG1P: bool = false;

    /// Logarithm of the exponential e that `lane` is given; with `LOG1P` not above 0.
    #[inline(always)]
    fn exponent(&self, _at: &Self::Setting, eta: f64) -> f64 {
        eta
    }

    /// As `row` given e and log(1 + e), without branches and calls, so that the compiler can make vector instructions
    /// of it.
    #[inline(always)]
    fn lane(&self, at: &Self::Setting, y: f64, weight: f64, eta: f64, _e: f64, _log1p: f64) -> [f64; 4] {
        self.row(at, y, weight, eta)
    }

    /// Whether l is that of `row`, not of `lane`: for rows that are rare.
    #[inline(always)]
    fn aside(&self, _y: f64, _weight: f64) -> bool {
        false
    }

    /// l_psi, g_psi, W_psi and l_psi,psi of the one free shape.
    fn shape_row(&self, _at: &Self::Setting, _y: f64, _weight: f64, _eta: f64) -> [f64; 4] {
        [0.0; 4]
    }

    /// E W with its derivatives in eta and psi.
    fn expected_row(&self, _at: &Self::Setting, _weight: f64, _eta: f64) -> [f64; 3] {
        [0.0; 3]
    }

    fn variance(&self, at: &Self::Setting, mu: f64) -> f64;

    fn dispersion(&self, _at: &Self::Setting) -> f64 {
        1.0
    }

    fn unit_deviance(&self, at: &Self::Setting, y: f64, mu: f64) -> f64;

    fn draw(&self, at: &Self::Setting, rng: &mut dyn RngCore, mu: f64, weight: f64) -> f64;

    fn start_mean(&self, y: f64, weight: f64) -> f64;

    fn start_shapes(&self, _rows: Response, _mu: &[f64]) -> Vec<f64> {
        Vec::new()
    }
}
