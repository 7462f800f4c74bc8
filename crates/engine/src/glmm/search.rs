//! The way to the optimum of Laplace's approximation: start, trust-region Newton, the boundary of the covariances.

use super::coordinates::Place;
use super::laplace::Method;
use super::objective::{End, Search, Watch};
use super::problem::Glmm;
use super::solution::Solution;
use crate::effects::boundary::{self, MOST_ESCAPES, SNAP_SLACK};
use crate::error::EngineError;
use crate::optimize::{Minimum, Objective, Options, Status, Step, minimise};

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
        let Some(mut snapped) = boundary::snapped(&coordinates.chart, &coordinates.parameters, phi) else {
            return Ok(());
        };
        if let Some(free) = &search.free {
            free.keep(coordinates, phi, &mut snapped);
        }
        if snapped == phi {
            return Ok(());
        }
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
            let scores = search.free.as_ref().map(|free| free.scores(coordinates, &end.state.d));
            let d = scores.as_ref().unwrap_or(&end.state.d);
            let (_, gain) = boundary::judge(&coordinates.parameters, &self.levels(), d, &end.state.scale);
            if gain <= boundary::DECREASE_SLACK || end.trace.len() >= options.max_evaluations {
                break;
            }
            let phi = coordinates.phi(&end.x);
            let escaped = boundary::escaped(
                &coordinates.chart,
                &coordinates.parameters,
                &self.levels(),
                phi,
                d,
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
