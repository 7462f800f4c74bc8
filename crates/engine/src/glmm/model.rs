//! The verbs of a generalised model: describe, evaluate, fit, conditional variances.

use super::coordinates::Place;
use super::held::Held;
use super::hessian::second_derivatives;
use super::laplace::{LAPLACE, Method, Work};
use super::mode::{Mode, TIGHT};
use super::objective::{Search, Watch};
use super::penalty::{self, Prior};
use super::problem::{Glmm, How, Parameter};
use super::search::Optimum;
use super::solution::Solution;
use super::start;
use crate::dense::small::{multiply, multiply_transpose_right};
use crate::effects::conditional;
use crate::effects::{Plan, plan};
use crate::error::EngineError;
use crate::optimize::Options;

/// Criterion with its gradient in (theta, beta, psi); the gradient is that of the penalised criterion.
#[derive(Debug, Clone)]
pub struct Evaluation {
    pub criterion: f64,
    pub penalised: f64,
    pub gradient: Vec<f64>,
}

impl Glmm {
    pub fn describe(&self) -> Plan {
        plan::plan(&self.data.pattern, &self.data.layout)
    }

    /// The optimum.
    pub fn fit(
        &self,
        how: impl Into<How>,
        start: &Start,
        options: Options,
        watch: Watch,
    ) -> Result<Optimum, EngineError> {
        let method = self.method(how.into())?;
        self.check_lengths(start.theta.as_deref(), start.beta.as_deref(), start.psi.as_deref())?;
        self.run(method, || {
            let mut place = start::place(self.likelihood(), &self.coordinates)?;
            if let Some(theta) = &start.theta {
                place.templates = self.templates(theta);
            }
            // Neither the penalty nor a grid knows which way leads off the boundary.
            if method.penalised || method.points > 1 || self.priors.iter().any(Prior::is_inside) {
                let factors = self.data.factor_standard.iter().zip(&place.templates);
                place.templates = factors.map(|(standard, t)| penalty::inside(standard, t)).collect();
            }
            if let Some(beta) = &start.beta {
                place.beta = self.coordinates.standardised_beta(&self.data, beta);
            }
            if let Some(psi) = &start.psi {
                place.psi.clone_from(psi);
            }
            if let Some(held) = &self.held {
                place = self.settled(held, &place);
            }
            self.search(method, place, options, watch)
        })
    }

    /// A start where what is held is where it is held.
    fn settled(&self, held: &Held, place: &Place) -> Place {
        let (coordinates, data) = (&self.coordinates, &self.data);
        let phi = coordinates.chart.phi_of(&place.templates);
        let theta = coordinates.chart.original(&coordinates.parameters, &phi, &data.pattern.standard);
        let mut all = [theta, coordinates.original_beta(data, &place.beta), place.psi.clone()].concat();
        held.settle(&mut all);
        let (theta, rest) = all.split_at(self.n_theta());
        let (beta, psi) = rest.split_at(self.p());
        let beta = coordinates.standardised_beta(data, beta);
        Place { beta, templates: self.templates(theta), psi: psi.to_vec() }
    }

    /// Criterion and gradient at a point.
    pub fn evaluate(&self, how: impl Into<How>, at: &Parameter) -> Result<Evaluation, EngineError> {
        let Solution { criterion, penalised, gradient, .. } = self.results(self.method(how.into())?, at, false)?;
        Ok(Evaluation { criterion, penalised, gradient })
    }

    /// All results at a point, without optimising, second derivatives included.
    pub fn at(&self, how: impl Into<How>, at: &Parameter) -> Result<Solution, EngineError> {
        self.results(self.method(how.into())?, at, true)
    }

    fn results(&self, method: Method, at: &Parameter, second: bool) -> Result<Solution, EngineError> {
        let x = self.coordinates.vector(&self.place(at)?);
        self.run(method, || {
            let mut never = |_: usize, _: f64| true;
            let mut search = Search::new(self, method, &mut never);
            let (state, mut point) = search.state(&x, TIGHT).ok_or(EngineError::NoMode)?;
            if second {
                search.base = Some(state.mode.clone());
                point.hessian = second_derivatives(&mut search, &x, &point)?;
            }
            Ok(self.solution_of(&search, &x, &state, point))
        })
    }

    /// Conditional covariance of every level's effects given the parameters, all terms of a factor together.
    pub fn conditional_variances(&self, at: &Parameter) -> Result<Vec<Vec<f64>>, EngineError> {
        let place = self.place(at)?;
        self.run(LAPLACE, || {
            let mut work = Work::new(&self.data, LAPLACE, Vec::new());
            let start = Mode::zero(&self.data);
            work.mode(self.likelihood(), place.at(), &start, TIGHT).ok_or(EngineError::NoMode)?;
            let inner = &mut work.inner;
            inner.elimination.tail.invert();
            let blocks = conditional::blocks(&inner.gram, &self.data.layout, &inner.elimination);
            Ok(blocks.iter().enumerate().map(|(g, values)| self.original_blocks(g, values)).collect())
        })
    }

    fn original_blocks(&self, factor: usize, values: &[f64]) -> Vec<f64> {
        let k = self.data.factors[factor].k();
        let back = self.data.factor_standard[factor].inverse();
        let (mut half, mut out) = (vec![0.0; k * k], Vec::with_capacity(values.len()));
        for block in values.chunks_exact(k * k) {
            let mut turned = vec![0.0; k * k];
            multiply(&back, block, k, &mut half);
            multiply_transpose_right(&half, &back, k, &mut turned);
            out.extend_from_slice(&turned);
        }
        out
    }
}

/// Where a search begins, in the units of the data; what is not given is found.
#[derive(Debug, Clone, Default)]
pub struct Start {
    pub theta: Option<Vec<f64>>,
    pub beta: Option<Vec<f64>>,
    pub psi: Option<Vec<f64>>,
}
