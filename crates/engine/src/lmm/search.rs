//! The way to the optimum: start, trust-region Newton, snap to the boundary, escape from it where that pays.

use super::model::Lmm;
use super::solution::{DECREASE_SLACK, Solution, cut, gain};
use super::start;
use super::state::{State, Work};
use crate::dense::eigen::{left_singular, symmetric};
use crate::dense::small::multiply_transpose_right;
use crate::error::EngineError;
use crate::optimize::{Minimum, Objective, Options, Point, Status, Step, minimise};

/// A solution with the way that led to it.
#[derive(Debug, Clone)]
pub struct Optimum {
    pub solution: Solution,
    pub status: Status,
    pub trace: Vec<Step>,
}

/// Called at every evaluation with its number and the criterion; false asks to stop.
pub type Watch<'a> = &'a mut (dyn FnMut(usize, f64) -> bool + Send);

/// Singular values of T below this (standardised columns) are tried at zero.
const SNAP: f64 = 1e-3;
/// By how much zero may raise the criterion and still be preferred: rounding.
const SNAP_SLACK: f64 = 1e-9;
/// Escapes from the boundary before the search gives up.
const MOST_ESCAPES: usize = 5;

impl Lmm {
    pub(crate) fn search(&self, start: Option<&[f64]>, options: Options, watch: Watch) -> Result<Optimum, EngineError> {
        let mut search =
            Search { model: self, work: Work::new(self.problem()), trial: None, current: None, evaluations: 0, watch };
        if self.n_theta() == 0 {
            let state = search.work.evaluate(self.problem(), &[], &[])?;
            let solution = self.solution(Vec::new(), &state);
            return Ok(Optimum { solution, status: Status::Converged, trace: Vec::new() });
        }
        let phi0 = match start {
            Some(theta) => self.chart.standardised(&self.parameters, theta, &self.gram.standard),
            None => self.chart.phi_of(&start::templates(&self.gram, &self.parameters)),
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

    /// Where D has a negative direction, the boundary point is no optimum: grow Sigma along it and go on.
    fn leave_boundary(
        &self,
        search: &mut Search,
        mut phi: Vec<f64>,
        mut best: State,
        mut trace: Vec<Step>,
        mut status: Status,
        options: Options,
    ) -> Result<Optimum, EngineError> {
        for _ in 0..MOST_ESCAPES {
            if self.certificate(&best).holds || trace.len() >= options.max_evaluations {
                break;
            }
            let Some(out) = self.escape(&phi, &best) else { break };
            let left = Options { max_evaluations: options.max_evaluations - trace.len(), ..options };
            let Some(again) = minimise(search, &out, left)? else { break };
            let Some(state) = search.current.take() else { break };
            trace.extend_from_slice(&again.trace);
            if state.criterion >= best.criterion {
                break;
            }
            (phi, best, status) = (again.x, state, again.status);
        }
        let solution = self.solution_from_phi(&phi, &best);
        // The certificate is the judge: a search that could not see its last gains has arrived all the same.
        if solution.certificate.holds && status == Status::Stalled {
            status = Status::Converged;
        }
        Ok(Optimum { solution, status, trace })
    }

    /// Set tiny singular values of T to zero if that does not raise the criterion.
    fn snap(&self, search: &mut Search, found: &Minimum) -> Result<Option<(Vec<f64>, State)>, EngineError> {
        let mut templates = self.chart.templates(&found.x);
        let mut any = false;
        for (g, t) in templates.iter_mut().enumerate() {
            let size = self.parameters.sizes[g];
            for (at, k) in self.parameters.of_group(g) {
                any |= flatten(t, size, at, k);
            }
        }
        if !any {
            return Ok(None);
        }
        let phi = self.chart.phi_of(&templates);
        let Some(point) = search.evaluate(&phi)? else { return Ok(None) };
        if point.value > found.point.value + SNAP_SLACK {
            return Ok(None);
        }
        Ok(search.trial.take().map(|state| (phi, state)))
    }

    /// Templates moved off the boundary along the most negative eigenvector of a term's D.
    fn escape(&self, phi: &[f64], state: &State) -> Option<Vec<f64>> {
        let mut templates = self.chart.templates(phi);
        let mut moved = false;
        for (g, template) in templates.iter_mut().enumerate() {
            let size = self.parameters.sizes[g];
            for (at, k) in self.parameters.of_group(g) {
                let (values, vectors) = symmetric(&cut(&state.d[g], size, at, k), k);
                let scale = cut(&state.scale[g], size, at, k);
                let levels = self.gram.factors[g].levels;
                if values[0] >= 0.0 || gain(values[0], &vectors[..k], &scale, levels) <= DECREASE_SLACK {
                    continue;
                }
                moved = true;
                grow(template, size, at, &vectors[..k]);
            }
        }
        moved.then(|| self.chart.phi_of(&templates))
    }
}

/// Add a hundredth of the largest variance along v to one term's Sigma; T becomes its symmetric root.
fn grow(t: &mut [f64], size: usize, at: usize, v: &[f64]) {
    let k = v.len();
    let block = cut(t, size, at, k);
    let mut sigma = vec![0.0; k * k];
    multiply_transpose_right(&block, &block, k, &mut sigma);
    let scale = 0.01 * (0..k).map(|j| sigma[j + j * k]).fold(0.01, f64::max);
    for j in 0..k {
        for i in 0..k {
            sigma[i + j * k] += scale * v[i] * v[j];
        }
    }
    let (values, u) = symmetric(&sigma, k);
    for j in 0..k {
        for i in 0..k {
            t[at + i + (at + j) * size] = u[i + j * k] * values[j].max(0.0).sqrt();
        }
    }
}

/// Replace singular values below [`SNAP`] by zero in one term's block; whether there was one.
fn flatten(t: &mut [f64], size: usize, at: usize, k: usize) -> bool {
    let (u, s) = left_singular(&cut(t, size, at, k), k);
    if s.iter().all(|&v| v >= SNAP || v == 0.0) {
        return false;
    }
    for j in 0..k {
        let value = if s[j] < SNAP { 0.0 } else { s[j] };
        for i in 0..k {
            t[at + i + (at + j) * size] = u[i + j * k] * value;
        }
    }
    true
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
        let state = match self.work.evaluate(self.model.problem(), &templates, &directions) {
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
