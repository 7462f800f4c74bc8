//! The handle that Python holds: a model's Gram blocks and what can be asked of them.

use std::sync::OnceLock;

use super::classes::Classes;
use super::krylov;
use super::one_factor;
use super::search::{Optimum, Watch};
use super::solution::Solution;
use super::state::{Problem, State, Work};
use crate::dense::small::{multiply, multiply_transpose_right};
use crate::effects::chart::Chart;
use crate::effects::conditional;
use crate::effects::elimination::Elimination;
use crate::effects::layout::Layout;
use crate::effects::parameters::{Direction, Parameters};
use crate::effects::plan::{self, Plan};
use crate::effects::start::Moments;
use crate::effects::tail;
use crate::effects::tail::plan::TailPlan;
use crate::error::EngineError;
use crate::gram::Gram;
use crate::optimize::Options;
use crate::rows::Rows;
use crate::threads;

/// A linear mixed model, immutable: criterion, derivatives and optimum as functions of theta.
pub struct Lmm {
    pub(crate) gram: Gram,
    pub(crate) reml: bool,
    pub(crate) layout: Layout,
    pub(crate) parameters: Parameters,
    pub(crate) chart: Chart,
    pub(crate) classes: Option<Classes>,
    /// What a start needs that no response changes.
    pub(crate) moments: OnceLock<Moments>,
}

/// Criterion with its derivatives in theta.
#[derive(Debug, Clone)]
pub struct Evaluation {
    pub criterion: f64,
    pub gradient: Vec<f64>,
    /// Average information plus the curvature of theta -> Sigma, column-major.
    pub hessian: Vec<f64>,
}

impl Lmm {
    pub fn new(rows: &Rows, reml: bool) -> Result<Self, EngineError> {
        Self::from_gram(Gram::of(rows)?, rows, reml)
    }

    /// A model from blocks that were accumulated elsewhere, merged from chunks say; `rows` (of any chunk) tells the
    /// terms.
    pub fn from_gram(gram: Gram, rows: &Rows, reml: bool) -> Result<Self, EngineError> {
        if gram.p != rows.x.len() || gram.factors.len() != rows.groups.len() {
            return Err(EngineError::Shape("the blocks belong to another model than the rows".into()));
        }
        if gram.n <= gram.p {
            return Err(EngineError::Shape(format!("{} rows cannot estimate {} coefficients", gram.n, gram.p)));
        }
        let groups: Vec<usize> = rows.terms.iter().map(|t| t.group).collect();
        let sizes: Vec<usize> = rows.terms.iter().map(|t| t.columns.len()).collect();
        let parameters = Parameters::new(&groups, &sizes, rows.groups.len());
        let mut layout = tail::layout(&gram);
        if layout.plan.is_far(layout.n_tail) && krylov::predicted_entries(&gram, &layout).is_some() {
            layout.plan = TailPlan::Absent;
        }
        let chart = Chart::of(&parameters);
        let one = layout.leaf.filter(|_| one_factor::serves(&gram, &layout));
        let classes = one.and_then(|leaf| Classes::of(&gram.factors[leaf], gram.p + 1));
        Ok(Self { gram, reml, layout, parameters, chart, classes, moments: OnceLock::new() })
    }

    /// The same model with another response.
    pub fn with_response(&self, rows: &Rows) -> Result<Self, EngineError> {
        Self::from_gram(self.gram.with_response(rows)?, rows, self.reml)
    }

    pub fn gram(&self) -> &Gram {
        &self.gram
    }

    /// Levels of every factor.
    pub(crate) fn levels(&self) -> Vec<usize> {
        self.gram.factors.iter().map(|f| f.levels).collect()
    }

    pub fn n_theta(&self) -> usize {
        self.parameters.count
    }

    /// Columns of each term, in the terms' order, with its grouping factor.
    pub fn terms(&self) -> Vec<(usize, usize)> {
        self.parameters.slots().map(|(group, _, k)| (group, k)).collect()
    }

    /// How the engine goes about this model.
    pub fn describe(&self) -> Plan {
        plan::plan(&self.gram, &self.layout)
    }

    /// Profiled ML deviance or REML criterion.
    pub fn criterion(&self, theta: &[f64]) -> Result<f64, EngineError> {
        self.check(theta)?;
        self.run(|| Work::new(self.problem()).criterion(self.problem(), &self.user_templates(theta)))
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
            let solution = self.solution_from_phi(&found);
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

    pub(crate) fn check(&self, theta: &[f64]) -> Result<(), EngineError> {
        let expected = self.parameters.count;
        if theta.len() == expected && theta.iter().all(|v| v.is_finite()) {
            return Ok(());
        }
        Err(EngineError::Shape(format!("theta must hold {expected} finite numbers")))
    }

    pub(crate) fn moments(&self) -> &Moments {
        self.moments.get_or_init(|| Moments::of(&self.gram, &self.parameters))
    }

    pub(crate) fn problem(&self) -> Problem<'_> {
        Problem { gram: &self.gram, layout: &self.layout, reml: self.reml, classes: self.classes.as_ref() }
    }

    /// Run inside the thread pool where that pays; waking threads would cost a small fit more than all its numbers.
    pub(crate) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        if self.layout.small { work() } else { threads::run(work) }
    }

    pub(crate) fn user_templates(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        self.parameters.moved(theta, |g| self.gram.standard.factors[g].matrix())
    }

    /// State at a user's theta, with derivatives in theta itself.
    fn user_state(&self, theta: &[f64]) -> Result<State, EngineError> {
        self.user_state_with(&mut Work::new(self.problem()), theta, &self.user_directions(theta))
    }

    pub(crate) fn user_state_with(
        &self,
        work: &mut Work,
        theta: &[f64],
        directions: &[Direction],
    ) -> Result<State, EngineError> {
        let templates = self.user_templates(theta);
        let mut state = work.evaluate(self.problem(), &templates, directions)?;
        self.parameters.add_map_curvature(theta, &state.d, &templates, &mut state.hessian);
        Ok(state)
    }

    /// dT / dtheta of every parameter, for standardised columns.
    pub(crate) fn user_directions(&self, theta: &[f64]) -> Vec<Direction> {
        let mut directions = self.parameters.directions(theta);
        for direction in &mut directions {
            let k = self.parameters.sizes[direction.group];
            let mut moved = vec![0.0; k * k];
            multiply(&self.gram.standard.factors[direction.group].matrix(), &direction.dt, k, &mut moved);
            direction.dt = moved;
        }
        directions
    }
}
