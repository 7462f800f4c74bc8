//! A conditional mode of the random effects, and effects in their two forms.
//!
//! The effects are carried as s with u = T's and b = T T's, level by level: at the mode s = Z'g. Unlike u, s does not
//! depend on how T is turned, and it stays exact where T is singular.

use super::data::Data;
use crate::dense::small::multiply_transpose_right;
use crate::effects::template::Template;

/// Squared length of the Newton step that may be left where the mode must be exact.
pub(crate) const TIGHT: f64 = 1e-17;
/// Where the inner problem stands.
#[derive(Clone)]
pub(crate) struct Mode {
    /// For each factor levels x k.
    pub s: Vec<Vec<f64>>,
    pub b: Vec<Vec<f64>>,
    /// Fixed effects, where they are found together with the random ones; else empty.
    pub beta: Vec<f64>,
    /// Linear predictors at b, in runs.
    pub eta: Vec<f64>,
    /// Log-likelihood of the rows, without constants.
    pub value: f64,
    /// u'u.
    pub penalty: f64,
}

impl Mode {
    pub(crate) fn zero(data: &Data) -> Self {
        let zero: Vec<Vec<f64>> = data.factors.iter().map(|f| vec![0.0; f.levels * f.k()]).collect();
        Self { s: zero.clone(), b: zero, beta: Vec::new(), eta: Vec::new(), value: f64::NAN, penalty: 0.0 }
    }

    /// The effects on the other side of these, as far away: a guess at the mode for an opposite step.
    pub(crate) fn reflected(&self, other: &Self) -> Self {
        let across = |a: &f64, b: &f64| 2.0 * a - b;
        let all = |a: &[Vec<f64>], b: &[Vec<f64>]| -> Vec<Vec<f64>> {
            a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| across(a, b)).collect()).collect()
        };
        let (s, b) = (all(&self.s, &other.s), all(&self.b, &other.b));
        let beta = self.beta.iter().zip(&other.beta).map(|(a, b)| across(a, b)).collect();
        Self { s, b, beta, ..self.clone() }
    }
}

/// b = T T's, level by level.
pub(crate) fn effects(template: &Template, s: &[f64]) -> Vec<f64> {
    let k = template.k;
    if k == 1 {
        let variance = template.t[0] * template.t[0];
        return s.iter().map(|s| variance * s).collect();
    }
    let mut sigma = vec![0.0; k * k];
    multiply_transpose_right(&template.t, &template.t, k, &mut sigma);
    let mut out = vec![0.0; s.len()];
    for (s, out) in s.chunks_exact(k).zip(out.chunks_exact_mut(k)) {
        for (i, o) in out.iter_mut().enumerate() {
            *o = (0..k).map(|j| sigma[i + j * k] * s[j]).sum();
        }
    }
    out
}

pub(crate) fn inner_product(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>()).sum()
}
