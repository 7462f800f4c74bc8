//! The deviance as profiles ask for it: at square roots of the covariances, beta and log shapes, with the slope in Sigma.

use super::coordinates::Place;
use super::laplace::Work;
use super::mode::{Mode, TIGHT};
use super::problem::{Glmm, How};
use crate::dense::small::{multiply, multiply_transpose_left};
use crate::dense::view::{View, ViewMut};
use crate::error::EngineError;
use crate::profile::{Deviance, Point, Slope};

/// -2 log-likelihood of a model as a function of (S, beta, psi).
pub struct Absolute<'a> {
    model: &'a Glmm,
    work: Work,
    /// Effects that the next search for the mode begins with.
    mode: Mode,
    /// Sum of the diagonal of [Z'V^-1 Z]_ll of each factor at the last evaluation.
    weights: Vec<Vec<f64>>,
}

impl<'a> Absolute<'a> {
    pub fn new(model: &'a Glmm, how: How) -> Result<Self, EngineError> {
        if how.nagq == 0 {
            return Err(EngineError::shape("profiles need nAGQ = 1 or more"));
        }
        if model.held.is_some() {
            return Err(EngineError::shape(
                "profiles move every parameter: they are not there where some are held or tied",
            ));
        }
        if model.restricted {
            return Err(EngineError::shape(
                "a restricted likelihood has no profiles: it is no function of the fixed effects",
            ));
        }
        let work = model.work(model.method(how)?);
        Ok(Self { model, work, mode: Mode::zero(&model.data), weights: Vec::new() })
    }

    /// For each term the standard deviations that matter: what one level can tell.
    pub fn spread(&self) -> Vec<Vec<f64>> {
        let levels = self.model.levels();
        self.model
            .coordinates
            .parameters
            .slots()
            .map(|(g, at, k)| {
                (at..at + k).map(|i| (levels[g] as f64 / self.weights[g][i].max(1e-300)).sqrt()).collect()
            })
            .collect()
    }
}

impl Deviance for Absolute<'_> {
    fn evaluate(&mut self, at: &Point) -> Result<Option<Slope>, EngineError> {
        let model = self.model;
        let coordinates = &model.coordinates;
        let (sizes, p) = (&coordinates.parameters.sizes, coordinates.p);
        let standard = &model.data.factor_standard;
        let mut roots: Vec<Vec<f64>> = sizes.iter().map(|k| vec![0.0; k * k]).collect();
        for ((g, first, k), root) in coordinates.parameters.slots().zip(&at.roots) {
            ViewMut::square(&mut roots[g], sizes[g]).put(first, k, root.iter().copied());
        }
        let templates = roots
            .iter()
            .enumerate()
            .map(|(g, root)| {
                let mut out = vec![0.0; root.len()];
                multiply(&standard[g].matrix(), root, sizes[g], &mut out);
                out
            })
            .collect();
        let (beta, psi) = at.others.split_at(p);
        let inside = Place { beta: coordinates.standardised_beta(&model.data, beta), templates, psi: psi.to_vec() };
        let found = self.work.slope(model.likelihood(), inside.at(), &self.mode, TIGHT);
        let Some(state) = found.filter(|s| s.criterion.is_finite()) else { return Ok(None) };
        self.mode = state.mode.clone();
        let turned = |g: usize, d: &[f64]| {
            let k = sizes[g];
            let (mut half, mut out) = (vec![0.0; k * k], vec![0.0; k * k]);
            multiply(d, &standard[g].matrix(), k, &mut half);
            multiply_transpose_left(&standard[g].matrix(), &half, k, &mut out);
            out
        };
        let whole: Vec<Vec<f64>> = state.d.iter().enumerate().map(|(g, d)| turned(g, d)).collect();
        let scale = state.scale.iter().enumerate().map(|(g, s)| {
            let k = sizes[g];
            let full = turned(g, s);
            (0..k).map(|i| full[i + i * k]).collect()
        });
        self.weights = scale.collect();
        let d = coordinates
            .parameters
            .slots()
            .map(|(g, first, k)| View::square(&whole[g], sizes[g]).cut(first, k))
            .collect();
        // beta_standardised = M beta, so that slopes go back by M'.
        let map = model.data.x_standard.matrix();
        let mut others: Vec<f64> = (0..p).map(|j| (0..p).map(|i| map[i + j * p] * state.gradient[i]).sum()).collect();
        others.extend_from_slice(&state.gradient[p..]);
        let value = state.criterion - 2.0 * model.constant;
        let weights =
            self.model.coordinates.parameters.slots().map(|(g, at, k)| self.weights[g][at..at + k].to_vec()).collect();
        Ok(Some(Slope { value, d, others, beta: beta.to_vec(), weights }))
    }
}

impl Glmm {
    /// The point of given parameters.
    pub fn profile_point(&self, theta: &[f64], beta: &[f64], psi: &[f64]) -> Point {
        let parameters = &self.coordinates.parameters;
        let templates = parameters.templates(theta);
        let roots =
            parameters.slots().map(|(g, at, k)| View::square(&templates[g], parameters.sizes[g]).cut(at, k)).collect();
        Point { roots, others: [beta, psi].concat() }
    }
}
