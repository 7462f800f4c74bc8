//! A model as its blocks: what it is made of, and what every verb asks of it.

use std::sync::OnceLock;

use super::classes::Classes;
use super::krylov;
use super::one_factor;
use super::state::{State, Work};
use super::system::System;
use crate::dense::small::multiply;
use crate::effects::chart::Chart;
use crate::effects::layout::Layout;
use crate::effects::parameters::{Direction, Parameters};
use crate::effects::start::Moments;
use crate::effects::tail;
use crate::effects::tail::plan::TailPlan;
use crate::error::EngineError;
use crate::gram::Gram;
use crate::rows::Rows;
use crate::threads;

/// A linear mixed model, immutable: criterion, derivatives and optimum as functions of theta.
pub struct Lmm {
    pub(crate) gram: Gram,
    pub(crate) reml: bool,
    /// The residual standard deviation in the units of the data, where it is known.
    pub(crate) sigma: Option<f64>,
    pub(crate) layout: Layout,
    pub(crate) parameters: Parameters,
    pub(crate) chart: Chart,
    pub(crate) classes: Option<Classes>,
    /// What a start needs that no response changes.
    pub(crate) moments: OnceLock<Moments>,
}

impl Lmm {
    pub fn new(rows: &Rows, reml: bool) -> Result<Self, EngineError> {
        Self::from_gram(Gram::of(rows)?, rows, reml)
    }

    /// A model from blocks that were accumulated elsewhere, merged from chunks say; `rows` (of any chunk) tells the
    /// terms.
    pub fn from_gram(gram: Gram, rows: &Rows, reml: bool) -> Result<Self, EngineError> {
        if gram.p != rows.x.len() || gram.factors.len() != rows.groups.len() {
            return Err(EngineError::shape("the blocks belong to another model than the rows"));
        }
        if gram.n <= gram.p {
            return Err(EngineError::shape(format!("{} rows cannot estimate {} coefficients", gram.n, gram.p)));
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
        Ok(Self { gram, reml, sigma: None, layout, parameters, chart, classes, moments: OnceLock::new() })
    }

    /// The same model with another response.
    pub fn with_response(&self, rows: &Rows) -> Result<Self, EngineError> {
        Ok(Self { sigma: self.sigma, ..Self::from_gram(self.gram.with_response(rows)?, rows, self.reml)? })
    }

    /// The same model where the residual standard deviation is known: that of a row of weight 1, in the units of the
    /// data. Without it sigma is estimated.
    pub fn with_sigma(self, sigma: Option<f64>) -> Result<Self, EngineError> {
        match sigma {
            Some(value) if !(value.is_finite() && value > 0.0) => {
                Err(EngineError::shape(format!("sigma must be finite and above 0, not {value}")))
            }
            _ => Ok(Self { sigma, ..self }),
        }
    }

    /// The residual standard deviation that is known, if it is.
    pub fn sigma(&self) -> Option<f64> {
        self.sigma
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

    /// What takes the effects of every term to those of standardised columns, k x k row by row.
    pub fn standards(&self) -> Vec<Vec<f64>> {
        self.parameters.standards(&self.gram.standard.factors)
    }

    pub(crate) fn check(&self, theta: &[f64]) -> Result<(), EngineError> {
        let expected = self.parameters.count;
        if theta.len() == expected && theta.iter().all(|v| v.is_finite()) {
            return Ok(());
        }
        Err(EngineError::shape(format!("theta must hold {expected} finite numbers")))
    }

    pub(crate) fn moments(&self) -> &Moments {
        self.moments.get_or_init(|| Moments::of(&self.gram, &self.parameters))
    }

    pub(crate) fn system(&self) -> System<'_> {
        System {
            gram: &self.gram,
            layout: &self.layout,
            reml: self.reml,
            sigma: self.sigma,
            classes: self.classes.as_ref(),
        }
    }

    /// Run inside the thread pool where that pays; waking threads would cost a small fit more than all its numbers.
    pub(crate) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        if self.layout.small { work() } else { threads::run(work) }
    }

    pub(crate) fn user_templates(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        self.parameters.moved(theta, |g| self.gram.standard.factors[g].matrix())
    }

    pub(crate) fn user_state_with(
        &self,
        work: &mut Work,
        theta: &[f64],
        directions: &[Direction],
    ) -> Result<State, EngineError> {
        let templates = self.user_templates(theta);
        let mut state = work.evaluate(self.system(), &templates, directions)?;
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
