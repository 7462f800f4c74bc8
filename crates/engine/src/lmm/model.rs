//! The verbs of a model: describe, evaluate, fit, conditional variances.

use super::problem::Lmm;
use super::search::{Optimum, Watch};
use super::solution::Solution;
use super::state::{State, Work};
use crate::dense::small::{multiply, multiply_transpose_right};
use crate::effects::conditional;
use crate::effects::elimination::Elimination;
use crate::effects::plan::{self, Plan};
use crate::effects::tail::plan::TailPlan;
use crate::error::EngineError;
use crate::optimize::Options;

/// Criterion with its derivatives in theta.
#[derive(Debug, Clone)]
pub struct Evaluation {
    pub criterion: f64,
    pub gradient: Vec<f64>,
    /// Average information plus the curvature of theta -> Sigma, column-major.
    pub hessian: Vec<f64>,
}

impl Lmm {
    /// How the engine goes about this model.
    pub fn describe(&self) -> Plan {
        plan::plan(&self.gram, &self.layout)
    }

    /// Profiled ML deviance or REML criterion.
    pub fn criterion(&self, theta: &[f64]) -> Result<f64, EngineError> {
        self.check(theta)?;
        self.run(|| Work::new(self.system()).criterion(self.system(), &self.user_templates(theta)))
    }

    /// Criterion, gradient and curvature in the user's theta.
    pub fn evaluate(&self, theta: &[f64]) -> Result<Evaluation, EngineError> {
        self.check(theta)?;
        let state = self.run(|| self.user_state(theta))?;
        Ok(Evaluation { criterion: state.criterion, gradient: state.gradient, hessian: state.hessian })
    }

    /// All results at a given theta, without optimising.
    pub fn at(&self, theta: &[f64]) -> Result<Solution, EngineError> {
        self.check(theta)?;
        let state = self.run(|| self.user_state(theta))?;
        Ok(self.solution(theta.to_vec(), &state))
    }

    /// Find the optimum.
    pub fn fit(&self, start: Option<&[f64]>, options: Options, watch: Watch) -> Result<Optimum, EngineError> {
        start.map_or(Ok(()), |theta| self.check(theta))?;
        self.run(|| {
            let found = self.search(start, options, watch)?;
            let solution = self.solution_from_phi(&found.phi, &found.state, found.certificate);
            Ok(Optimum { solution, status: found.status, trace: found.trace })
        })
    }

    /// Conditional covariance blocks over sigma^2 of every factor: levels of k x k.
    pub fn conditional_variances(&self, theta: &[f64]) -> Result<Vec<Vec<f64>>, EngineError> {
        self.check(theta)?;
        if matches!(self.layout.plan, TailPlan::Absent) {
            return Err(EngineError::OutOfReach("conditional variances"));
        }
        self.run(|| {
            let mut e = Elimination::new(&self.gram, &self.layout);
            e.factorise(&self.gram, &self.layout, &self.user_templates(theta))?;
            e.tail.invert();
            let mut out = conditional::blocks(&self.gram, &self.layout, &e);
            for (g, blocks) in out.iter_mut().enumerate() {
                let k = self.gram.factors[g].k;
                let back = self.gram.standard.factors[g].inverse();
                let (mut half, mut whole) = (vec![0.0; k * k], vec![0.0; k * k]);
                for block in blocks.chunks_exact_mut(k * k) {
                    multiply(&back, block, k, &mut half);
                    multiply_transpose_right(&half, &back, k, &mut whole);
                    block.copy_from_slice(&whole);
                }
            }
            Ok(out)
        })
    }

    /// State at a user's theta, with derivatives in theta itself.
    fn user_state(&self, theta: &[f64]) -> Result<State, EngineError> {
        self.user_state_with(&mut Work::new(self.system()), theta, &self.user_directions(theta))
    }
}
