//! A state turned into results in the units of the data, with the certificate of an optimum.

use super::problem::Lmm;
use super::state::State;
use crate::dense::small::{multiply, multiply_transpose_right};
use crate::dense::view::{View, positions};
use crate::effects::Certificate;
use crate::effects::information::add_curvature;
use crate::effects::template::Template;
use crate::effects::user_theta;
use crate::optimize::promise;

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

impl Lmm {
    /// Results at the optimiser's phi: derivatives are carried over to theta.
    pub(crate) fn solution_from_phi(&self, phi: &[f64], state: &State, certificate: Certificate) -> Solution {
        let theta = self.chart.original(&self.parameters, phi, &self.gram.standard);
        let (gradient, hessian) = self.user_derivatives(phi, &theta, state);
        self.assemble(theta, state, certificate, gradient, hessian)
    }

    /// Results at a user's theta, where the state was evaluated along theta itself.
    pub(crate) fn solution(&self, theta: Vec<f64>, state: &State) -> Solution {
        let certificate = self.certificate(state);
        self.assemble(theta, state, certificate, state.gradient.clone(), state.hessian.clone())
    }

    /// Derivatives in theta: the part along the optimiser's directions carries the average information; the rest only
    /// turns T, which changes nothing to first order.
    fn user_derivatives(&self, phi: &[f64], theta: &[f64], state: &State) -> (Vec<f64>, Vec<f64>) {
        let (count, sizes) = (self.parameters.count, &self.parameters.sizes);
        let directions = user_theta::directions(&self.parameters, &self.chart, &self.gram.standard.factors, phi, theta);
        let templates = self.chart.templates(phi);
        let gradient = directions
            .iter()
            .map(|m| {
                2.0 * crate::effects::template::inner(&m.dt, &state.d[m.group], &templates[m.group], sizes[m.group])
            })
            .collect();
        let along = user_theta::along(&self.chart, sizes, phi, &directions);
        let n = along.first().map_or(0, Vec::len);
        let mut hessian = vec![0.0; count * count];
        for l in 0..count {
            for m in 0..count {
                let information = state.information.iter().zip(positions(n, n));
                hessian[l + m * count] = information.map(|(v, (i, j))| along[l][i] * v * along[m][j]).sum();
            }
        }
        add_curvature(&mut hessian, &directions, &state.d, |m| sizes[m.group]);
        (gradient, hessian)
    }

    fn assemble(
        &self,
        theta: Vec<f64>,
        state: &State,
        certificate: Certificate,
        gradient: Vec<f64>,
        hessian: Vec<f64>,
    ) -> Solution {
        let standard = &self.gram.standard;
        let y_scale = standard.y.scale;
        let (beta, vcov) = self.coefficients(&state.beta, &state.border.x_inverse());
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

    /// beta and (X'V^-1 X)^-1 in the units of the data, from those of standardised columns.
    pub(crate) fn coefficients(&self, standardised: &[f64], inverse: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let p = self.gram.p;
        let (j, mut beta) = self.gram.standard.fixed_map();
        for (i, b) in beta.iter_mut().enumerate() {
            *b += (0..p).map(|m| j[i + m * p] * standardised[m]).sum::<f64>() / self.gram.standard.y.scale;
        }
        let (mut half, mut vcov) = (vec![0.0; p * p], vec![0.0; p * p]);
        multiply(&j, inverse, p, &mut half);
        multiply_transpose_right(&half, &j, p, &mut vcov);
        (beta, vcov)
    }

    pub(crate) fn certificate(&self, state: &State) -> Certificate {
        let predicted_decrease = if state.gradient.is_empty() { 0.0 } else { promise(&state.gradient, &state.hessian) };
        Certificate::of(predicted_decrease, &self.parameters, &self.levels(), &state.d, &state.scale)
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
                View::square(&forward, k).transposed()
            })
            .collect();
        let by_class = self.classes.as_ref().map(|classes| {
            let template = Template::of(&state.templates[0], self.parameters.sizes[0]);
            vec![classes.scores(&self.gram.factors[0], &template, &state.beta)]
        });
        let scores = by_class.as_ref().unwrap_or(&state.s);
        let apply = |matrix: &[f64], g: usize, at: usize, k: usize| {
            let size = self.parameters.sizes[g];
            let mut out = Vec::with_capacity(scores[g].len() / size * k);
            for s in scores[g].chunks_exact(size) {
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
