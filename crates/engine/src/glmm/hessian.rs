//! Second derivatives of the criterion at the optimum: central differences of the exact gradient, along beta, the
//! directions of T and psi, each step a small share of that parameter's standard error.

use super::mode::TIGHT;
use super::objective::Search;
use crate::dense::small::symmetrise;
use crate::error::EngineError;
use crate::optimize::Point;

/// Step in standard errors: its square is the relative error of a difference, rounding is about 1e-13 of the step.
const SHARE: f64 = 1e-3;

/// Second derivatives with what differences may be wrong by on the diagonal: where the criterion is flat (terms that
/// cannot be told apart), an eigenvalue that is negative by rounding must not look like a way down.
pub(crate) fn with_error(hessian: &[f64]) -> Vec<f64> {
    let size = hessian.len().isqrt();
    let mut out = hessian.to_vec();
    out.iter_mut().step_by(size + 1).for_each(|v| *v += 4.0 * SHARE * SHARE * v.abs());
    out
}

/// Symmetric, along the directions of `point`, at which the search stands. Steps that leave the model's domain are
/// taken to one side.
pub(crate) fn second_derivatives(search: &mut Search, x: &[f64], point: &Point) -> Result<Vec<f64>, EngineError> {
    let n = x.len();
    let size = point.basis.len() / n.max(1);
    let mut out = vec![0.0; size * size];
    let along = |gradient: &[f64]| -> Vec<f64> {
        point.basis.chunks_exact(n).map(|q| q.iter().zip(gradient).map(|(q, g)| q * g).sum()).collect()
    };
    let here = along(&point.gradient);
    // Where there is next to no curvature, that of T and psi is soon another one.
    let coordinates = &search.model.coordinates;
    let length = coordinates.phi(x).iter().map(|v| v * v).sum::<f64>().sqrt();
    let longest = 10.0 * (1.0 + length);
    let fixed = |q: &[f64]| q[..coordinates.p].iter().any(|&v| v != 0.0);
    let base = search.base.clone();
    if search.work.inner.joint == 0 {
        search.work.inner.stay_near();
    }
    for j in 0..size {
        // The curvature is that of a deviance: twice the inverse is a variance.
        let error = (2.0 / point.hessian[j + j * size].abs().max(1e-8)).sqrt();
        let h = SHARE * error.min(if fixed(&point.basis[j * n..(j + 1) * n]) { 1e3 } else { longest });
        let mut sides = Vec::with_capacity(2);
        for sign in [1.0, -1.0] {
            let moved: Vec<f64> =
                x.iter().zip(&point.basis[j * n..(j + 1) * n]).map(|(x, q)| x + sign * h * q).collect();
            let found = search.slope(&moved, TIGHT);
            search.ask(point.value)?;
            if let Some((gradient, mode)) = found {
                sides.push((sign * h, along(&gradient)));
                search.base = search.base.as_ref().map(|base| base.reflected(&mode));
            }
        }
        search.base.clone_from(&base);
        let column: Vec<f64> = match sides.as_slice() {
            [(a, up), (b, down)] => up.iter().zip(down).map(|(u, d)| (u - d) / (a - b)).collect(),
            [(a, one)] => one.iter().zip(&here).map(|(o, h)| (o - h) / a).collect(),
            _ => (0..size).map(|i| point.hessian[i + j * size]).collect(),
        };
        out[j * size..(j + 1) * size].copy_from_slice(&column);
    }
    search.work.inner.roam();
    symmetrise(&mut out, size);
    Ok(out)
}
