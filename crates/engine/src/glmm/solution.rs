//! The end of a search turned into results in the units of the data.

use super::coordinates::Place;
use super::held::Free;
use super::hessian::{second_derivatives, with_error};
use super::mode::TIGHT;
use super::objective::{End, Search, promised};
use super::point::State;
use super::problem::Glmm;
use crate::dense::small::{
    cholesky, inverse, inverse_from_cholesky, multiply, multiply_transpose_left, multiply_transpose_right,
};
use crate::dense::view::{View, positions};
use crate::effects::Certificate;
use crate::effects::boundary::DECREASE_SLACK;
use crate::effects::user_theta;
use crate::error::EngineError;
use crate::optimize::{Point, Step, promise, step_towards};

/// Everything that a fit reports, in the units of the data.
#[derive(Debug, Clone)]
pub struct Solution {
    pub theta: Vec<f64>,
    pub beta: Vec<f64>,
    pub psi: Vec<f64>,
    /// -2 log-likelihood with all constants, without any penalty.
    pub criterion: f64,
    /// The same with the penalty of the likelihood: what was minimised, and what gradient and Hessian are of.
    pub penalised: f64,
    pub logdet: f64,
    pub penalty: f64,
    pub conditional_loglik: f64,
    /// For each term levels x k, row by row: b and the u with b = T u.
    pub b: Vec<Vec<f64>>,
    pub u: Vec<Vec<f64>>,
    /// Linear predictors at the modes, in the caller's order of rows, one run each.
    pub eta: Vec<f64>,
    /// In (theta, beta, psi).
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
    /// Joint covariance of (theta, beta, psi); NaN for theta where Sigma is singular, and everywhere if the Hessian is
    /// not positive definite.
    pub vcov: Vec<f64>,
    /// Of beta with theta and psi known.
    pub vcov_conditional: Vec<f64>,
    pub certificate: Certificate,
}

/// Newton steps with the exact Hessian after the search.
const MOST_POLISHES: usize = 3;

impl Glmm {
    /// Second derivatives at the end of a search, last Newton steps with them, and the results.
    pub(crate) fn finish(&self, search: &mut Search, end: &mut End) -> Result<Solution, EngineError> {
        search.base = Some(end.state.mode.clone());
        search.current = None;
        let (mut state, mut point) = search.state(&end.x, TIGHT).ok_or(EngineError::NoMode)?;
        search.base = Some(state.mode.clone());
        let exact = second_derivatives(search, &end.x, &point)?;
        for _ in 0..MOST_POLISHES {
            point.hessian = with_error(&exact);
            if promised(&point) <= 1e-3 * DECREASE_SLACK {
                break;
            }
            let x: Vec<f64> = end.x.iter().zip(step_towards(&point)).map(|(x, s)| x + s).collect();
            let Some((next, at)) = search.state(&x, TIGHT) else { break };
            search.watch(at.value)?;
            if at.value > point.value + 1e-9 {
                break;
            }
            end.trace.push(Step { value: at.value, predicted: promised(&point), radius: 0.0, accepted: true });
            (state, point, end.x) = (next, at, x);
            search.base = Some(state.mode.clone());
        }
        point.hessian = exact;
        end.state = state;
        Ok(self.solution_of(search, &end.x, &end.state, point))
    }

    /// Results at a state of a search.
    pub(crate) fn solution_of(&self, search: &Search, x: &[f64], state: &State, mut point: Point) -> Solution {
        let free = search.free.as_ref();
        if search.work.inner.joint == 0 {
            return self.solution(x, state, &point, free);
        }
        let mut x = x.to_vec();
        x[..search.work.inner.joint].copy_from_slice(&state.mode.beta);
        let squeezed = free.map(|free| free.squeezed(&state.hessian));
        self.coordinates.with_beta(&mut point, squeezed.as_ref().unwrap_or(&state.hessian), self.restricted);
        self.solution(&x, state, &point, free)
    }

    /// Results at x; the curvature is that of `point`, in the space that is free.
    fn solution(&self, x: &[f64], state: &State, point: &Point, free: Option<&Free>) -> Solution {
        let (coordinates, data) = (&self.coordinates, &self.data);
        let place = coordinates.place(x);
        let phi = coordinates.phi(x);
        let theta = coordinates.chart.original(&coordinates.parameters, phi, &data.pattern.standard);
        let (b, u) = self.effects(&theta, state);
        let along = self.user_directions(x, &theta);
        let (n, size) = (x.len(), along.len().isqrt());
        // A point of a search that moves some parameters alone lacks directions.
        let all = (point.basis.len() != n * size).then(|| coordinates.directions(x).1);
        let basis = all.as_ref().unwrap_or(&point.basis);
        let gradient: Vec<f64> =
            basis.chunks_exact(n).map(|q| q.iter().zip(&point.gradient).map(|(q, g)| q * g).sum()).collect();
        let lifted = free.map(|free| free.lifted(&point.hessian));
        let whole = lifted.as_ref().unwrap_or(&point.hessian);
        let (mut half, mut hessian) = (vec![0.0; size * size], vec![0.0; size * size]);
        multiply(whole, &along, size, &mut half);
        multiply_transpose_left(&along, &half, size, &mut hessian);
        let user_gradient = (0..size).map(|j| (0..size).map(|i| along[i + j * size] * gradient[i]).sum()).collect();
        let moving = free.map_or_else(|| gradient.clone(), |free| free.along(&gradient));
        let predicted_decrease = if moving.is_empty() { 0.0 } else { promise(&moving, &with_error(&point.hessian)) };
        let (levels, parameters) = (self.levels(), &coordinates.parameters);
        let scores = free.map(|free| free.scores(coordinates, &state.d));
        let d = scores.as_ref().unwrap_or(&state.d);
        let certificate = Certificate::of(predicted_decrease, parameters, &levels, d, &state.scale);
        let eta = state.mode.eta.chunks_exact(data.n).flat_map(|run| data.in_callers_order(run)).collect();
        Solution {
            beta: coordinates.original_beta(data, &place.beta),
            psi: place.psi.clone(),
            criterion: state.criterion - state.added - 2.0 * self.constant,
            penalised: state.criterion - 2.0 * self.constant,
            logdet: state.logdet,
            penalty: state.mode.penalty,
            conditional_loglik: state.mode.value + self.constant,
            b,
            u,
            eta,
            gradient: user_gradient,
            hessian,
            vcov: self.joint_covariance(&place, &point.hessian, &along, free),
            vcov_conditional: self.conditional_covariance(state, free),
            certificate,
            theta,
        }
    }

    /// Derivative of (beta, directions of T, psi) in standardised units with respect to the user's (theta, beta, psi).
    fn user_directions(&self, x: &[f64], theta: &[f64]) -> Vec<f64> {
        let (coordinates, data) = (&self.coordinates, &self.data);
        let (p, count) = (coordinates.p, theta.len());
        let size = p + count + coordinates.shapes;
        let phi = coordinates.phi(x);
        let parameters = &coordinates.parameters;
        let directions = user_theta::directions(parameters, &coordinates.chart, &data.factor_standard, phi, theta);
        let mut out = vec![0.0; size * size];
        for (m, column) in user_theta::along(&coordinates.chart, &parameters.sizes, phi, &directions).iter().enumerate()
        {
            out[m * size + p..m * size + p + count].copy_from_slice(column);
        }
        let fixed = data.x_standard.matrix();
        for j in 0..p {
            out[(count + j) * size..(count + j) * size + p].copy_from_slice(&fixed[j * p..(j + 1) * p]);
        }
        for j in p + count..size {
            out[j + j * size] = 1.0;
        }
        out
    }

    /// Twice the inverse Hessian, carried over to (theta, beta, psi).
    fn joint_covariance(&self, place: &Place, hessian: &[f64], along: &[f64], free: Option<&Free>) -> Vec<f64> {
        let (size, moving) = (along.len().isqrt(), hessian.len().isqrt());
        let mut factor = hessian.to_vec();
        if cholesky(&mut factor, moving).is_err() {
            return vec![f64::NAN; size * size];
        }
        let mut covariance = inverse_from_cholesky(&factor, moving);
        covariance.iter_mut().for_each(|v| *v *= 2.0);
        if let Some(free) = free {
            covariance = free.lifted(&covariance);
        }
        let (p, shapes) = (self.coordinates.p, self.coordinates.shapes);
        let count = size - p - shapes;
        // theta has no covariance on the boundary; beta and psi keep theirs.
        let (back, regular) = match inverse(along, size) {
            Some(back) if !place.templates.iter().any(|t| is_singular(t)) => (back, true),
            _ => {
                let mut plain = along.to_vec();
                for j in 0..count {
                    for i in 0..size {
                        plain[i + j * size] = f64::from(u8::from(i == p + j));
                    }
                }
                (inverse(&plain, size).unwrap_or_else(|| vec![f64::NAN; size * size]), false)
            }
        };
        let (mut half, mut out) = (vec![0.0; size * size], vec![0.0; size * size]);
        multiply(&back, &covariance, size, &mut half);
        multiply_transpose_right(&half, &back, size, &mut out);
        without(&mut out, size, |j| (!regular && j < count) || self.is_held(j));
        out
    }

    /// (X'V^-1 X)^-1 of the columns as they came.
    fn conditional_covariance(&self, state: &State, free: Option<&Free>) -> Vec<f64> {
        let p = self.coordinates.p;
        let width = p + self.coordinates.shapes;
        let block = View::square(&state.fixed, width).cut(0, p);
        let whole = |mut factor: Vec<f64>| cholesky(&mut factor, p).ok().map(|()| inverse_from_cholesky(&factor, p));
        let Some(covariance) = free.map_or_else(|| whole(block.clone()), |free| free.inverse_of_beta(&block, p)) else {
            return vec![f64::NAN; p * p];
        };
        let back = self.data.x_standard.inverse();
        let (mut half, mut out) = (vec![0.0; p * p], vec![0.0; p * p]);
        multiply(&back, &covariance, p, &mut half);
        multiply_transpose_right(&half, &back, p, &mut out);
        let first = self.n_theta();
        without(&mut out, p, |j| self.is_held(first + j));
        out
    }

    fn is_held(&self, index: usize) -> bool {
        self.held.as_ref().is_some_and(|held| held.values[index].is_finite())
    }

    /// b of the columns as they came and u with b = T u, term by term.
    fn effects(&self, theta: &[f64], state: &State) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let parameters = &self.coordinates.parameters;
        let user = parameters.templates(theta);
        let standard = &self.data.factor_standard;
        let to_u: Vec<Vec<f64>> = (0..user.len())
            .map(|g| {
                let k = parameters.sizes[g];
                let mut forward = vec![0.0; k * k];
                multiply(&standard[g].matrix(), &user[g], k, &mut forward);
                View::square(&forward, k).transposed()
            })
            .collect();
        let to_b: Vec<Vec<f64>> = standard.iter().map(|s| s.inverse()).collect();
        let apply = |matrix: &[f64], values: &[f64], size: usize, at: usize, k: usize| -> Vec<f64> {
            let row = |s: &[f64], i: usize| s.iter().enumerate().map(|(m, s)| matrix[i + m * size] * s).sum::<f64>();
            values.chunks_exact(size).flat_map(|s| (at..at + k).map(move |i| row(s, i)).collect::<Vec<f64>>()).collect()
        };
        let (mut b, mut u) = (Vec::new(), Vec::new());
        for (g, at, k) in parameters.slots() {
            let size = parameters.sizes[g];
            b.push(apply(&to_b[g], &state.mode.b[g], size, at, k));
            u.push(apply(&to_u[g], &state.mode.s[g], size, at, k));
        }
        (b, u)
    }
}

/// NaN in the rows and columns of what has no covariance.
fn without(covariance: &mut [f64], size: usize, unknown: impl Fn(usize) -> bool) {
    let cells = positions(size, size).zip(covariance);
    cells.filter(|((i, j), _)| unknown(*i) || unknown(*j)).for_each(|(_, v)| *v = f64::NAN);
}

/// Whether a template has a singular value of (next to) zero.
fn is_singular(t: &[f64]) -> bool {
    let k = (t.len() as f64).sqrt() as usize;
    let (_, s) = crate::dense::eigen::left_singular(t, k);
    let largest = s.iter().fold(0.0f64, |m, &v| m.max(v));
    s.iter().any(|&v| v <= 1e-8 * largest.max(1e-4))
}
