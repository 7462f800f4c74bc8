//! The way to the optimum: start, trust-region Newton, snap to the boundary, escape from it where that pays.

use super::problem::Lmm;
use super::solution::Solution;
use super::state::{State, Work};
use crate::effects::boundary::{self, Certificate, SNAP_SLACK};
use crate::error::EngineError;
use crate::optimize::{Minimum, Objective, Options, Point, Status, Step, minimise};

/// A solution with the way that led to it.
#[derive(Debug, Clone)]
pub struct Optimum {
    pub solution: Solution,
    pub status: Status,
    pub trace: Vec<Step>,
}

/// Where a search came to rest, in the optimiser's own terms.
pub(crate) struct Found {
    pub phi: Vec<f64>,
    pub state: State,
    pub certificate: Certificate,
    pub status: Status,
    pub trace: Vec<Step>,
}

/// Called at every evaluation with its number and the criterion; false asks to stop.
pub type Watch<'a> = &'a mut (dyn FnMut(usize, f64) -> bool + Send);

/// How much a known sigma may shrink the moments' start.
const LEAST_FACTOR: f64 = 0.1;

impl Lmm {
    pub(crate) fn search(&self, start: Option<&[f64]>, options: Options, watch: Watch) -> Result<Found, EngineError> {
        let mut search =
            Search { model: self, work: Work::new(self.system()), trial: None, current: None, evaluations: 0, watch };
        if self.n_theta() == 0 {
            let state = search.work.evaluate(self.system(), &[], &[])?;
            let certificate = self.certificate(&state);
            return Ok(Found { phi: Vec::new(), state, certificate, status: Status::Converged, trace: Vec::new() });
        }
        let phi0 = match start {
            Some(theta) => self.chart.standardised(&self.parameters, theta, &self.gram.standard),
            None => self.chart.phi_of(&self.start(&mut search.work)?),
        };
        // A step may at first be half as long as T itself.
        let length = phi0.iter().map(|v| v * v).sum::<f64>().sqrt();
        let options = Options { radius: options.radius.max(0.5 * length), ..options };
        let mut found = minimise(&mut search, &phi0, options)?.ok_or(EngineError::NotFinite)?;
        if search.work.settle() {
            let left = Options {
                max_evaluations: options.max_evaluations.saturating_sub(found.trace.len()).max(1),
                ..options
            };
            let again = minimise(&mut search, &found.x, left)?.ok_or(EngineError::NotFinite)?;
            found = Minimum { trace: [found.trace, again.trace].concat(), ..again };
        }
        let best = search.current.take().ok_or(EngineError::NotFinite)?;
        if let Some((phi, state)) = self.snap(&mut search, &found)? {
            let mut trace = found.trace;
            trace.push(Step { value: state.criterion, predicted: 0.0, radius: 0.0, accepted: true });
            return self.leave_boundary(&mut search, phi, state, trace, found.status, options);
        }
        self.leave_boundary(&mut search, found.x, best, found.trace, found.status, options)
    }

    /// Templates to start from: the moments', which are relative to the sigma that is best there.
    fn start(&self, work: &mut Work) -> Result<Vec<Vec<f64>>, EngineError> {
        let mut templates = self.moments().templates(&self.gram, &self.parameters);
        if self.sigma.is_some() {
            work.criterion(self.system(), &templates)?;
            let r2 = work.border().r2;
            let ratio = (r2 / self.system().degrees() / self.system().noise(r2).s2).sqrt();
            // Where all of T is tiny the slope is too: not so near that saddle.
            let factor = ratio.max(LEAST_FACTOR);
            templates.iter_mut().flatten().for_each(|t| *t *= factor);
        }
        Ok(templates)
    }

    /// Where D has a negative direction, the boundary point is no optimum: grow Sigma along it and go on.
    fn leave_boundary(
        &self,
        search: &mut Search,
        mut phi: Vec<f64>,
        mut best: State,
        mut trace: Vec<Step>,
        mut status: Status,
        options: Options,
    ) -> Result<Found, EngineError> {
        let mut certificate = self.certificate(&best);
        for _ in 0..boundary::MOST_ESCAPES {
            if certificate.holds || trace.len() >= options.max_evaluations {
                break;
            }
            let levels = self.levels();
            let escaped = boundary::escaped(&self.chart, &self.parameters, &levels, &phi, &best.d, &best.scale);
            let Some(out) = escaped else { break };
            let left = Options { max_evaluations: options.max_evaluations - trace.len(), ..options };
            let Some(again) = minimise(search, &out, left)? else { break };
            let Some(state) = search.current.take() else { break };
            trace.extend_from_slice(&again.trace);
            if state.criterion >= best.criterion {
                break;
            }
            (phi, best, status) = (again.x, state, again.status);
            certificate = self.certificate(&best);
        }
        // The certificate is the judge: a search that could not see its last gains has arrived all the same.
        if certificate.holds && status == Status::Stalled {
            status = Status::Converged;
        }
        Ok(Found { phi, state: best, certificate, status, trace })
    }

    /// Set tiny singular values of T to zero if that does not raise the criterion.
    fn snap(&self, search: &mut Search, found: &Minimum) -> Result<Option<(Vec<f64>, State)>, EngineError> {
        let Some(phi) = boundary::snapped(&self.chart, &self.parameters, &found.x) else { return Ok(None) };
        let Some(point) = search.evaluate(&phi)? else { return Ok(None) };
        if point.value > found.point.value + SNAP_SLACK {
            return Ok(None);
        }
        Ok(search.trial.take().map(|state| (phi, state)))
    }
}

/// The objective that the optimiser sees, with the states of the trial and of the current point.
struct Search<'a> {
    model: &'a Lmm,
    work: Work,
    trial: Option<State>,
    current: Option<State>,
    evaluations: usize,
    watch: Watch<'a>,
}

impl Objective for Search<'_> {
    type Error = EngineError;

    fn evaluate(&mut self, x: &[f64]) -> Result<Option<Point>, EngineError> {
        self.evaluations += 1;
        let chart = &self.model.chart;
        let templates = chart.templates(x);
        let (directions, basis) = chart.directions(x);
        let state = match self.work.evaluate(self.model.system(), &templates, &directions) {
            Ok(state) => state,
            // A step so long that numbers overflow is a bad step, not the end.
            Err(EngineError::NotFinite) => return Ok(None),
            Err(other) => return Err(other),
        };
        if !(self.watch)(self.evaluations, state.criterion) {
            return Err(EngineError::Interrupted);
        }
        let point = Point {
            value: state.criterion,
            gradient: chart.gradient(&state.d, &templates),
            basis,
            hessian: state.hessian.clone(),
        };
        self.trial = Some(state);
        Ok(Some(point))
    }

    fn accept(&mut self) {
        self.current = self.trial.take();
    }
}
