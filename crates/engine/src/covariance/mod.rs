//! From parameters to the template T of a term, with derivatives. A structure is one file and one line below.

mod unstructured;

pub use unstructured::Unstructured;

/// A covariance structure: a map phi -> T, Sigma = T T', for a term of k effects.
pub trait Structure: Send + Sync {
    /// Number of parameters for k effects.
    fn parameters(&self, k: usize) -> usize;

    /// T, k x k column-major.
    fn template(&self, phi: &[f64], k: usize, out: &mut [f64]);

    /// dT / dphi_m, k x k column-major.
    fn derivative(&self, phi: &[f64], m: usize, k: usize, out: &mut [f64]);

    /// d2T / dphi_l dphi_m, or false where it is zero.
    fn second_derivative(&self, phi: &[f64], l: usize, m: usize, k: usize, out: &mut [f64]) -> bool;

    /// Parameters whose template is closest to the given T (exact where T T' has this structure).
    fn parameters_of(&self, t: &[f64], k: usize) -> Vec<f64>;
}
