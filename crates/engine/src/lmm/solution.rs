//! A state turned into results in the units of the data, with the certificate of an optimum.

use super::model::Lmm;
use super::parameters::Direction;
use super::state::{State, add_curvature};
use crate::dense::eigen::symmetric;
use crate::dense::small::{inverse_from_cholesky, lower_factor, multiply, multiply_transpose_right};
use crate::optimize::promise;

/// First-order optimality over all covariance matrices: D >= 0 and D Sigma = 0 for every term.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Decrease of the criterion that the quadratic model still promises.
    pub predicted_decrease: f64,
    /// Smallest eigenvalue of D of each term (standardised columns); negative where a direction outside the range of
    /// Sigma would still lower the criterion.
    pub min_score_eigenvalue: Vec<f64>,
    /// Decrease that growing Sigma along the worst of these directions promises.
    pub escape_gain: f64,
    pub holds: bool,
}

/// Everything that a fit reports at one theta, in the units of the data.
#[derive(Debug, Clone)]
pub struct Solution {
    pub theta: Vec<f64>,
    pub criterion: f64,
    /// Its standard error where log|C| is estimated, else 0.
    pub criterion_error: f64,
    pub beta: Vec<f64>,
    pub sigma: f64,
    pub pwrss: f64,
    pub logdet_u: f64,
    pub logdet_x: f64,
    /// (X'V^-1 X)^-1, p x p column-major.
    pub vcov_unscaled: Vec<f64>,
    /// For each term levels x k, row by row: b and the u with b = T u.
    pub b: Vec<Vec<f64>>,
    pub u: Vec<Vec<f64>>,
    /// In theta.
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
    pub certificate: Certificate,
}

/// Largest decrease that a certified optimum may still promise.
pub(crate) const DECREASE_SLACK: f64 = 1e-7;

impl Lmm {
    /// Results at the optimiser's phi: derivatives are carried over to theta.
    pub(crate) fn solution_from_phi(&self, phi: &[f64], state: &State) -> Solution {
        let theta = self.chart.original(&self.parameters, phi, &self.gram.standard);
        let certificate = self.certificate(state);
        let (gradient, hessian) = self.user_derivatives(phi, &theta, state);
        self.assemble(theta, state, certificate, gradient, hessian)
    }

    /// Results at a user's theta, where the state was evaluated along theta itself.
    pub(crate) fn solution(&self, theta: Vec<f64>, state: &State) -> Solution {
        let certificate = self.certificate(state);
        self.assemble(theta, state, certificate, state.gradient.clone(), state.hessian.clone())
    }

    /// A derivative of the user's T is M dT Q' in the optimiser's coordinates. Its part along the directions there
    /// carries the average information; the rest only turns T, which changes nothing to first order.
    fn user_derivatives(&self, phi: &[f64], theta: &[f64], state: &State) -> (Vec<f64>, Vec<f64>) {
        let (count, sizes) = (self.parameters.count, &self.parameters.sizes);
        let templates = self.chart.templates(phi);
        let turned: Vec<Direction> = self
            .parameters
            .directions(theta)
            .into_iter()
            .map(|direction| {
                let (g, k) = (direction.group, sizes[direction.group]);
                let standard = &self.gram.standard.factors[g];
                let (mut original, mut moved, mut dt) = (vec![0.0; k * k], vec![0.0; k * k], vec![0.0; k * k]);
                multiply(&standard.inverse(), &templates[g], k, &mut original);
                let q = self.rotation(g, &original);
                multiply(&standard.matrix(), &direction.dt, k, &mut moved);
                multiply(&moved, &q, k, &mut dt);
                Direction { group: g, dt }
            })
            .collect();
        let gradient = turned
            .iter()
            .map(|m| 2.0 * super::template::inner(&m.dt, &state.d[m.group], &templates[m.group], sizes[m.group]))
            .collect();
        let (_, basis) = self.chart.directions(phi);
        let along: Vec<Vec<f64>> = turned
            .iter()
            .map(|m| {
                let whole: Vec<Vec<f64>> = (0..sizes.len())
                    .map(|g| if g == m.group { m.dt.clone() } else { vec![0.0; sizes[g] * sizes[g]] })
                    .collect();
                let v = self.chart.phi_of(&whole);
                basis.chunks_exact(v.len()).map(|q| q.iter().zip(&v).map(|(q, v)| q * v).sum()).collect()
            })
            .collect();
        let n = along.first().map_or(0, Vec::len);
        let mut hessian = vec![0.0; count * count];
        for l in 0..count {
            for m in 0..count {
                hessian[l + m * count] =
                    (0..n * n).map(|c| along[l][c % n] * state.information[c] * along[m][c / n]).sum();
            }
        }
        add_curvature(&mut hessian, &turned, &state.d, |m| sizes[m.group]);
        (gradient, hessian)
    }

    /// Q of A = L Q, block by block of the terms on a factor.
    fn rotation(&self, group: usize, a: &[f64]) -> Vec<f64> {
        let size = self.parameters.sizes[group];
        let mut q = vec![0.0; size * size];
        for (at, k) in self.parameters.of_group(group) {
            let (_, own) = lower_factor(&cut(a, size, at, k), k);
            for (m, value) in own.iter().enumerate() {
                q[at + m % k + (at + m / k) * size] = *value;
            }
        }
        q
    }

    fn assemble(
        &self,
        theta: Vec<f64>,
        state: &State,
        certificate: Certificate,
        gradient: Vec<f64>,
        hessian: Vec<f64>,
    ) -> Solution {
        let (standard, p) = (&self.gram.standard, self.gram.p);
        let y_scale = standard.y.scale;
        let (j, mut beta) = standard.fixed_map();
        for (i, b) in beta.iter_mut().enumerate() {
            *b += (0..p).map(|m| j[i + m * p] * state.beta[m]).sum::<f64>() / y_scale;
        }
        let inverse = inverse_from_cholesky(&state.border.x_factor(), p);
        let (mut half, mut vcov) = (vec![0.0; p * p], vec![0.0; p * p]);
        multiply(&j, &inverse, p, &mut half);
        multiply_transpose_right(&half, &j, p, &mut vcov);
        let (b, u) = self.effects(&theta, state, y_scale);
        Solution {
            criterion: state.criterion,
            criterion_error: state.criterion_error,
            beta,
            sigma: state.s2.sqrt() / y_scale,
            pwrss: state.border.r2 / y_scale.powi(2),
            logdet_u: state.logdet_u,
            logdet_x: state.border.logdet_x + standard.log_determinant_correction(),
            vcov_unscaled: vcov,
            b,
            u,
            gradient,
            hessian,
            certificate,
            theta,
        }
    }

    pub(crate) fn certificate(&self, state: &State) -> Certificate {
        let predicted_decrease = if state.gradient.is_empty() { 0.0 } else { promise(&state.gradient, &state.hessian) };
        let (mut min_score_eigenvalue, mut escape_gain) = (Vec::new(), 0.0f64);
        for (g, at, k) in self.parameters.slots() {
            let size = self.parameters.sizes[g];
            let (values, vectors) = symmetric(&cut(&state.d[g], size, at, k), k);
            let scale = cut(&state.scale[g], size, at, k);
            let levels = self.gram.factors[g].levels;
            for (v, &value) in vectors.chunks_exact(k).zip(&values).filter(|(_, v)| **v < 0.0) {
                escape_gain = escape_gain.max(gain(value, v, &scale, levels));
            }
            min_score_eigenvalue.push(values[0]);
        }
        let holds = predicted_decrease <= DECREASE_SLACK && escape_gain <= DECREASE_SLACK;
        Certificate { predicted_decrease, min_score_eigenvalue, escape_gain, holds }
    }

    /// b = M^-1 T T' s of every term, and u = (M T_user)' s, so that b = T_user u.
    fn effects(&self, theta: &[f64], state: &State, y_scale: f64) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let user = self.parameters.templates(theta);
        let standard = &self.gram.standard.factors;
        // Row i of these matrices gives effect i from s.
        let to_b: Vec<Vec<f64>> = (0..user.len())
            .map(|g| {
                let k = self.parameters.sizes[g];
                let (mut sigma, mut out) = (vec![0.0; k * k], vec![0.0; k * k]);
                multiply_transpose_right(&state.templates[g], &state.templates[g], k, &mut sigma);
                multiply(&standard[g].inverse(), &sigma, k, &mut out);
                out
            })
            .collect();
        let to_u: Vec<Vec<f64>> = (0..user.len())
            .map(|g| {
                let k = self.parameters.sizes[g];
                let mut forward = vec![0.0; k * k];
                multiply(&standard[g].matrix(), &user[g], k, &mut forward);
                (0..k * k).map(|m| forward[m / k + (m % k) * k]).collect()
            })
            .collect();
        let apply = |matrix: &[f64], g: usize, at: usize, k: usize| {
            let size = self.parameters.sizes[g];
            let mut out = Vec::with_capacity(state.s[g].len() / size * k);
            for s in state.s[g].chunks_exact(size) {
                out.extend(
                    (at..at + k)
                        .map(|i| s.iter().enumerate().map(|(m, s)| matrix[i + m * size] * s).sum::<f64>() / y_scale),
                );
            }
            out
        };
        let slots = || self.parameters.slots();
        (
            slots().map(|(g, at, k)| apply(&to_b[g], g, at, k)).collect(),
            slots().map(|(g, at, k)| apply(&to_u[g], g, at, k)).collect(),
        )
    }
}

/// Decrease from adding epsilon v v' to Sigma, slope `value` = v'D v: the curvature is about the sum over levels of
/// (v'[Z'V^-1 Z]_ll v)^2, at least its mean squared.
pub(crate) fn gain(value: f64, v: &[f64], scale: &[f64], levels: usize) -> f64 {
    let k = v.len();
    let mass: f64 = (0..k * k).map(|m| v[m % k] * scale[m] * v[m / k]).sum();
    0.5 * value * value * levels as f64 / (mass * mass).max(1e-300)
}

/// The block of one term out of its factor's matrix.
pub(crate) fn cut(matrix: &[f64], size: usize, at: usize, k: usize) -> Vec<f64> {
    (0..k * k).map(|m| matrix[at + m % k + (at + m / k) * size]).collect()
}
