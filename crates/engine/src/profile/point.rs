//! A point of the parameter space, the slope there, and what a model must answer.

use crate::error::EngineError;

/// A point, in the units of the data.
#[derive(Debug, Clone, Default)]
pub struct Point {
    /// For each term a square root S of its covariance, k x k column-major: Var b = S S'.
    pub roots: Vec<Vec<f64>>,
    /// The other parameters.
    pub others: Vec<f64>,
}

/// Deviance and derivatives at a point.
#[derive(Debug, Clone)]
pub struct Slope {
    pub value: f64,
    /// d value / d Sigma of each term: d value = sum of <D, dSigma>.
    pub d: Vec<Vec<f64>>,
    /// d value / d others.
    pub others: Vec<f64>,
    /// Fixed effects there, those at their optimum that are no parameters included.
    pub beta: Vec<f64>,
    /// For each effect of each term what the data weigh there, the diagonal of the sum of [Z'V^-1 Z]_ll; empty: not known.
    pub weights: Vec<Vec<f64>>,
}

/// -2 log-likelihood as a smooth function of covariances and other parameters.
pub trait Deviance {
    /// `Ok(None)` where it has no value.
    fn evaluate(&mut self, at: &Point) -> Result<Option<Slope>, EngineError>;
}

/// S S'.
pub(crate) fn covariance(root: &[f64], k: usize) -> Vec<f64> {
    let mut out = vec![0.0; k * k];
    crate::dense::small::multiply_transpose_right(root, root, k, &mut out);
    out
}

/// k of a k x k matrix.
pub(crate) fn side(matrix: &[f64]) -> usize {
    (matrix.len() as f64).sqrt().round() as usize
}
