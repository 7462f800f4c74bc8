//! Shape parameters: fixed or free, and where to start them.

use super::Response;

/// A positive shape parameter: fixed at a value, or exp(psi_1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Positive(pub(crate) Option<f64>);

impl Positive {
    pub(crate) fn new(fixed: &[f64]) -> Self {
        Self(fixed.first().copied())
    }

    pub(crate) fn value(self, psi: &[f64]) -> f64 {
        self.0.unwrap_or_else(|| psi.first().map_or(1.0, |psi| psi.exp()))
    }

    /// Number of free parameters.
    pub(crate) fn free(self) -> usize {
        usize::from(self.0.is_none())
    }

    /// psi at this value, kept within `range`; nothing where the parameter is fixed.
    pub(crate) fn start(self, value: f64, range: (f64, f64)) -> Vec<f64> {
        match self.0 {
            Some(_) => Vec::new(),
            None if value.is_nan() => vec![0.0],
            None => vec![value.clamp(range.0, range.1).ln()],
        }
    }
}

/// Weighted mean of `unit(y, mu)`, a squared relative residual; starting means that repeat the response say nothing,
/// and then the mean response stands for them.
pub(crate) fn mean_square(rows: Response, mu: &[f64], unit: impl Fn(f64, f64) -> f64) -> f64 {
    let average = |f: &dyn Fn(usize) -> f64| {
        let total: f64 = (0..rows.y.len()).map(|i| rows.weight(i)).sum();
        (0..rows.y.len()).map(|i| rows.weight(i) * f(i)).sum::<f64>() / total
    };
    let given = average(&|i| unit(rows.y[i], mu[i]));
    if given > 1e-10 {
        return given;
    }
    let centre = average(&|i| rows.y[i]);
    average(&|i| unit(rows.y[i], centre))
}
