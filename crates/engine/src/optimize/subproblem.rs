//! The step of a trust region: minimise g's + s'Hs/2 over |s| <= radius, for any symmetric H.

use crate::dense::eigen;
use crate::dense::small::{cholesky, solve_lower, solve_lower_transpose};
use crate::dense::tridiagonal;

/// Slope and curvature below this share of the largest are rounding.
const FLAT: f64 = 1e-13;

/// Pivots below this share of their diagonal call for eigenvalues.
const SOUND: f64 = 1e-6;

/// Coordinates up to which eigenvalues are right to their own digits.
const FEW: usize = 16;

/// A step and the decrease that the quadratic model promises for it.
#[derive(Debug, Clone)]
pub(crate) struct ModelStep {
    pub step: Vec<f64>,
    pub decrease: f64,
    /// Whether the radius, rather than the model's own minimum, decided.
    pub bounded: bool,
}

/// Exact solution in the eigenbasis of H, the hard case (g orthogonal to the lowest eigenvector of an indefinite H)
/// included: there the step goes to the radius along that eigenvector, so that a saddle point is left.
pub(crate) fn solve(g: &[f64], h: &[f64], radius: f64) -> ModelStep {
    let k = g.len();
    if let Some(newton) = inner_newton(g, h, radius) {
        return newton;
    }
    // Eigenvalues that are rounding beside the largest count as none below: for many the quicker way is exact enough.
    let quick = (k > FEW).then(|| tridiagonal::symmetric(h, k)).flatten();
    let (values, vectors) = quick.unwrap_or_else(|| eigen::symmetric(h, k));
    let c: Vec<f64> = (0..k).map(|j| (0..k).map(|i| vectors[i + j * k] * g[i]).sum()).collect();
    let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    // A direction without slope or curvature (the coefficient of a column of zeros, say) is not moved along.
    let steepest = c.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let flat = |j: usize| values[j].abs() <= FLAT * largest && c[j].abs() <= FLAT * steepest.max(largest);
    let moving: Vec<usize> = (0..k).filter(|&j| !flat(j)).collect();
    let (c, values): (Vec<f64>, Vec<f64>) = moving.iter().map(|&j| (c[j], values[j])).unzip();
    if moving.is_empty() {
        return ModelStep { step: vec![0.0; k], decrease: 0.0, bounded: false };
    }
    let norm = |mu: f64| c.iter().zip(&values).map(|(c, v)| (c / (v + mu)).powi(2)).sum::<f64>().sqrt();
    let lowest = values[0];
    let positive = lowest > 1e-12 * largest.max(1e-300);
    let (coordinates, bounded) = if positive && norm(0.0) <= radius {
        (newton(&c, &values, 0.0), false)
    } else {
        (on_the_boundary(&c, &values, radius, largest, norm), true)
    };
    let mut decrease = 0.0;
    let mut step = vec![0.0; k];
    for (m, &j) in moving.iter().enumerate() {
        decrease -= c[m] * coordinates[m] + 0.5 * values[m] * coordinates[m] * coordinates[m];
        for i in 0..k {
            step[i] += vectors[i + j * k] * coordinates[m];
        }
    }
    ModelStep { step, decrease, bounded }
}

/// The common case without eigenvalues: H is clearly positive definite and its Newton step stays inside.
fn inner_newton(g: &[f64], h: &[f64], radius: f64) -> Option<ModelStep> {
    let k = g.len();
    let mut factor = h.to_vec();
    cholesky(&mut factor, k).ok()?;
    // A pivot is what is left of its diagonal element: much less means ill-conditioned.
    let sound = |j: usize| factor[j + j * k].powi(2) > SOUND * h[j + j * k];
    let spread = (0..k).map(|j| h[j + j * k]).fold((f64::INFINITY, 0.0f64), |(l, u), v| (l.min(v), u.max(v)));
    if !(0..k).all(sound) || spread.0 <= SOUND * spread.1 {
        return None;
    }
    let mut step: Vec<f64> = g.iter().map(|g| -g).collect();
    solve_lower(&factor, k, &mut step);
    let decrease = 0.5 * step.iter().map(|v| v * v).sum::<f64>();
    solve_lower_transpose(&factor, k, &mut step);
    let length = step.iter().map(|v| v * v).sum::<f64>().sqrt();
    (length <= radius).then_some(ModelStep { step, decrease, bounded: false })
}

fn newton(c: &[f64], values: &[f64], mu: f64) -> Vec<f64> {
    c.iter().zip(values).map(|(c, v)| -c / (v + mu)).collect()
}

/// mu > -lowest with |s(mu)| = radius, by bisection on a logarithmic scale.
fn on_the_boundary(c: &[f64], values: &[f64], radius: f64, largest: f64, norm: impl Fn(f64) -> f64) -> Vec<f64> {
    let scale = largest.max(c.iter().fold(0.0f64, |m, v| m.max(v.abs()))).max(1e-300);
    let base = (-values[0]).max(0.0);
    let (mut low, mut high) = (base + 1e-14 * scale, base + 1e-14 * scale);
    if norm(low) < radius {
        // Hard case: fill up to the radius along the lowest eigenvector.
        let mut s = newton(c, values, low);
        let inside: f64 = s.iter().map(|v| v * v).sum();
        let missing = (radius * radius - inside).max(0.0).sqrt();
        if values[0] < 0.0 {
            s[0] += if s[0] < 0.0 { -missing } else { missing };
        }
        return s;
    }
    let mut gap = scale;
    while norm(high) > radius {
        high = base + gap;
        gap *= 4.0;
    }
    for _ in 0..100 {
        let middle = base + ((low - base).max(1e-300) * (high - base).max(1e-300)).sqrt();
        if norm(middle) > radius {
            low = middle
        } else {
            high = middle
        }
        if (high - low) <= 1e-12 * high {
            break;
        }
    }
    newton(c, values, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newton_step_where_it_fits() {
        let s = solve(&[2.0, -4.0], &[2.0, 0.0, 0.0, 4.0], 10.0);
        assert!((s.step[0] + 1.0).abs() < 1e-12 && (s.step[1] - 1.0).abs() < 1e-12);
        assert!((s.decrease - 3.0).abs() < 1e-12 && !s.bounded);
    }

    #[test]
    fn leaves_a_saddle_point() {
        let s = solve(&[0.0, 0.0], &[2.0, 0.0, 0.0, -1.0], 0.5);
        assert!(s.step[0].abs() < 1e-10 && (s.step[1].abs() - 0.5).abs() < 1e-10);
        assert!((s.decrease - 0.125).abs() < 1e-9 && s.bounded);
    }

    #[test]
    fn stays_within_the_radius() {
        let s = solve(&[1.0, 3.0, -2.0], &[1.0, 0.2, 0.0, 0.2, -3.0, 0.1, 0.0, 0.1, 0.5], 0.7);
        let length: f64 = s.step.iter().map(|v| v * v).sum::<f64>().sqrt();
        assert!((length - 0.7).abs() < 1e-9);
    }
}
