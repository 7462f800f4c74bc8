//! The objective that the optimiser sees, with the states of the trial and of the current point.

use super::held::Free;
use super::laplace::{Method, Work};
use super::mode::{Mode, TIGHT};
use super::point::State;
use super::problem::Glmm;
use crate::error::EngineError;
use crate::optimize::{Objective, Point, Status, Step, promise};

/// Called at every evaluation with its number and the criterion; false asks to stop.
pub type Watch<'a> = &'a mut (dyn FnMut(usize, f64) -> bool + Send);

/// Squared length of the Newton step that the inner problem may leave far from the optimum, where it is relative to
/// what the outer problem still promises: what is left is accounted for to first order.
const LOOSE: f64 = 1e-7;
const SHARE: f64 = 1e-6;

/// Where the search stands.
pub(crate) struct End {
    pub x: Vec<f64>,
    pub state: State,
    pub status: Status,
    pub trace: Vec<Step>,
}

/// The objective that the optimiser sees, with the states of the trial and of the current point.
pub(crate) struct Search<'a> {
    pub model: &'a Glmm,
    pub work: Work,
    pub trial: Option<State>,
    pub current: Option<State>,
    /// Effects to start from where there is no current point.
    pub base: Option<Mode>,
    /// Where the search moves, if not everywhere.
    pub free: Option<Free>,
    /// No effects.
    origin: Mode,
    /// What the current point still promises.
    promised: f64,
    trial_promise: f64,
    evaluations: usize,
    watch: Watch<'a>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(model: &'a Glmm, method: Method, watch: Watch<'a>) -> Self {
        let work = model.work(method);
        Self {
            model,
            work,
            trial: None,
            current: None,
            base: None,
            free: model.held.as_ref().map(|held| Free::of(held, &model.coordinates, &model.data)),
            origin: Mode::zero(&model.data),
            promised: f64::INFINITY,
            trial_promise: f64::INFINITY,
            evaluations: 0,
            watch,
        }
    }

    /// The state at x along the directions there, from the nearest known effects.
    pub(crate) fn state(&mut self, x: &[f64], tolerance: f64) -> Option<(State, Point)> {
        let model = self.model;
        let place = model.coordinates.place(x);
        let (directions, basis) = model.coordinates.directions(x);
        let start = nearest(&self.current, &self.base, &self.origin);
        let state = self.work.evaluate(model.likelihood(), place.at(), &directions, start, tolerance)?;
        let mut point = model.coordinates.point(&place, basis, &state);
        if self.work.inner.joint > 0 {
            model.coordinates.without_beta(&mut point, self.work.inner.joint);
        }
        if let Some(free) = &self.free {
            free.restrict(&mut point, self.work.inner.joint);
        }
        Some((state, point))
    }

    /// The gradient at x in the optimiser's vector, and the mode there.
    pub(crate) fn slope(&mut self, x: &[f64], tolerance: f64) -> Option<(Vec<f64>, Mode)> {
        let model = self.model;
        let place = model.coordinates.place(x);
        let start = nearest(&self.current, &self.base, &self.origin);
        let state = self.work.slope(model.likelihood(), place.at(), start, tolerance)?;
        Some((model.coordinates.gradient(&place, &state), state.mode))
    }

    /// One more evaluation.
    pub(crate) fn watch(&mut self, value: f64) -> Result<(), EngineError> {
        self.evaluations += 1;
        self.ask(value)
    }

    /// The caller's wish to stop.
    pub(crate) fn ask(&mut self, value: f64) -> Result<(), EngineError> {
        let shown = value - 2.0 * self.model.constant;
        if (self.watch)(self.evaluations, shown) { Ok(()) } else { Err(EngineError::Interrupted) }
    }
}

impl Objective for Search<'_> {
    type Error = EngineError;

    fn evaluate(&mut self, x: &[f64]) -> Result<Option<Point>, EngineError> {
        let tolerance = (SHARE * self.promised).clamp(TIGHT, LOOSE);
        let found = self.state(x, tolerance);
        self.watch(found.as_ref().map_or(f64::NAN, |f| f.1.value))?;
        let Some((state, point)) = found else { return Ok(None) };
        self.trial = Some(state);
        self.trial_promise = promised(&point);
        Ok(Some(point))
    }

    fn accept(&mut self) {
        self.current = self.trial.take();
        self.promised = self.trial_promise;
    }
}

/// The effects to start from.
fn nearest<'a>(current: &'a Option<State>, base: &'a Option<Mode>, origin: &'a Mode) -> &'a Mode {
    current.as_ref().map(|s| &s.mode).or(base.as_ref()).unwrap_or(origin)
}

/// Decrease that the quadratic model promises at a point.
pub(crate) fn promised(point: &Point) -> f64 {
    let n = point.gradient.len();
    let along: Vec<f64> =
        point.basis.chunks_exact(n).map(|q| q.iter().zip(&point.gradient).map(|(q, g)| q * g).sum()).collect();
    if along.is_empty() { 0.0 } else { promise(&along, &point.hessian) }
}
