//! The way to the optimum of Laplace's approximation: start, trust-region Newton, the boundary of the covariances.

use super::coordinates::Place;
use super::laplace::{Method, Work};
use super::mode::{Mode, TIGHT};
use super::model::Glmm;
use super::point::State;
use super::solution::Solution;
use crate::effects::boundary::{self, MOST_ESCAPES, SNAP_SLACK};
use crate::error::EngineError;
use crate::optimize::{Minimum, Objective, Options, Point, Status, Step, minimise, promise};

/// A solution with the way that led to it.
#[derive(Debug, Clone)]
pub struct Optimum {
    pub solution: Solution,
    pub status: Status,
    pub trace: Vec<Step>,
    /// Factorisations on the way, and for the second derivatives at its end.
    pub inner: usize,
    pub inner_hessian: usize,
}

/// Called at every evaluation with its number and the criterion; false asks to stop.
pub type Watch<'a> = &'a mut (dyn FnMut(usize, f64) -> bool + Send);

/// Squared length of the Newton step that the inner problem may leave far from the optimum, where it is relative to
/// what the outer problem still promises: what is left is accounted for to first order.
const LOOSE: f64 = 1e-7;
const SHARE: f64 = 1e-6;

impl Glmm {
    pub(crate) fn search(
        &self,
        method: Method,
        place: Place,
        options: Options,
        watch: Watch,
    ) -> Result<Optimum, EngineError> {
        let x0 = self.coordinates.vector(&place);
        let length = self.coordinates.phi(&x0).iter().map(|v| v * v).sum::<f64>().sqrt();
        let options = Options { radius: options.radius.max(0.5 * length), ..options };
        let mut search = Search::new(self, method, watch);
        let found = minimise(&mut search, &x0, options)?.ok_or(EngineError::NoMode)?;
        let best = search.current.take().ok_or(EngineError::NoMode)?;
        let mut end = End { x: found.x.clone(), state: best, status: found.status, trace: found.trace.clone() };
        self.snap(&mut search, &found, &mut end)?;
        self.leave_boundary(&mut search, &mut end, options)?;
        let inner = search.work.inner.count;
        let solution = self.finish(&mut search, &mut end)?;
        if solution.certificate.holds && end.status == Status::Stalled {
            end.status = Status::Converged;
        }
        let inner_hessian = search.work.inner.count - inner;
        end.trace.iter_mut().for_each(|step| step.value -= 2.0 * self.constant);
        Ok(Optimum { solution, status: end.status, trace: end.trace, inner, inner_hessian })
    }

    /// Set tiny singular values of T to zero if that does not raise the criterion.
    fn snap(&self, search: &mut Search, found: &Minimum, end: &mut End) -> Result<(), EngineError> {
        let coordinates = &self.coordinates;
        let phi = coordinates.phi(&found.x);
        let Some(snapped) = boundary::snapped(&coordinates.chart, &coordinates.parameters, phi) else { return Ok(()) };
        let mut x = found.x.clone();
        x[coordinates.p..coordinates.p + snapped.len()].copy_from_slice(&snapped);
        search.base = Some(end.state.mode.clone());
        let Some(point) = search.evaluate(&x)? else { return Ok(()) };
        if point.value > found.point.value + SNAP_SLACK {
            return Ok(());
        }
        end.trace.push(Step { value: point.value, predicted: 0.0, radius: 0.0, accepted: true });
        if let Some(state) = search.trial.take() {
            (end.x, end.state) = (x, state);
        }
        Ok(())
    }

    /// Where D has a negative direction, the boundary point is no optimum: grow Sigma along it and go on.
    fn leave_boundary(&self, search: &mut Search, end: &mut End, options: Options) -> Result<(), EngineError> {
        let coordinates = &self.coordinates;
        for _ in 0..MOST_ESCAPES {
            let (_, gain) = boundary::judge(&coordinates.parameters, &self.levels(), &end.state.d, &end.state.scale);
            if gain <= boundary::DECREASE_SLACK || end.trace.len() >= options.max_evaluations {
                break;
            }
            let phi = coordinates.phi(&end.x);
            let escaped = boundary::escaped(
                &coordinates.chart,
                &coordinates.parameters,
                &self.levels(),
                phi,
                &end.state.d,
                &end.state.scale,
            );
            let Some(out) = escaped else { break };
            let mut x = end.x.clone();
            x[coordinates.p..coordinates.p + out.len()].copy_from_slice(&out);
            search.base = Some(end.state.mode.clone());
            let left = Options { max_evaluations: options.max_evaluations - end.trace.len(), ..options };
            let Some(again) = minimise(search, &x, left)? else { break };
            let Some(state) = search.current.take() else { break };
            end.trace.extend_from_slice(&again.trace);
            if state.criterion >= end.state.criterion {
                break;
            }
            (end.x, end.state, end.status) = (again.x, state, again.status);
        }
        Ok(())
    }
}

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
        let work = Work::new(&model.data, method);
        Self {
            model,
            work,
            trial: None,
            current: None,
            base: None,
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
        if self.work.inner.joint {
            model.coordinates.without_beta(&mut point);
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
