//! One design, many responses: everything that does not depend on y is shared.
//!
//! Every worker holds one copy of the blocks and puts one response after another into it. Which worker fits a
//! response does not matter to the result.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;

use super::classes::Classes;
use super::model::Lmm;
use super::second_order::SecondOrder;
use super::state::Work;
use crate::dense::eigen::symmetric;
use crate::error::EngineError;
use crate::gram::response::ResponseWork;
use crate::optimize::{Options, Status};
use crate::rows::Rows;
use crate::threads;

/// Responses that a worker takes at a time.
const BATCH: usize = 8;

/// Eigenvalues of the Hessian in (theta, sigma) below this carry no information (as lmerTest has it).
const FLAT: f64 = 1e-8;

/// What is kept of one fit.
#[derive(Debug, Clone)]
pub struct ManyFit {
    pub theta: Vec<f64>,
    pub beta: Vec<f64>,
    pub sigma: f64,
    pub criterion: f64,
    pub pwrss: f64,
    pub vcov_unscaled: Vec<f64>,
    /// Satterthwaite's degrees of freedom of every coefficient; empty where they were not asked for.
    pub df: Vec<f64>,
    pub holds: bool,
    pub status: Status,
    pub evaluations: usize,
}

/// One response: its fit, why there is none, or that it was not reached.
pub type ManyResult = Option<Result<ManyFit, EngineError>>;

/// How responses are to be fitted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub start: Option<&'a [f64]>,
    pub options: Options,
    /// Satterthwaite's degrees of freedom.
    pub df: bool,
}

impl Lmm {
    /// Fit the model to each of `responses`; `go_on` is told how many are done and may stop.
    pub fn fit_many(
        &self,
        rows: &Rows,
        responses: &[&[f64]],
        wanted: Wanted,
        go_on: &(dyn Fn(usize) -> bool + Sync),
    ) -> Result<Vec<ManyResult>, EngineError> {
        rows.check()?;
        wanted.start.map_or(Ok(()), |theta| self.check(theta))?;
        if let Some(bad) = responses.iter().position(|y| y.len() != self.gram.n) {
            return Err(EngineError::Shape(format!("response {bad} must have {} numbers", self.gram.n)));
        }
        let (next, done, stop) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        let workers = threads::count().min(responses.len().div_ceil(BATCH)).max(1);
        let mut models: Vec<Worker> = (0..workers).map(|_| Worker::of(self, rows)).collect::<Result<_, _>>()?;
        let found: Vec<Vec<(usize, Result<ManyFit, EngineError>)>> = threads::run(|| {
            models
                .par_iter_mut()
                .map(|worker| {
                    let mut own = Vec::with_capacity(responses.len() / workers + BATCH);
                    while !stop.load(Ordering::Relaxed) {
                        let first = next.fetch_add(BATCH, Ordering::Relaxed);
                        let last = (first + BATCH).min(responses.len());
                        if first >= last {
                            break;
                        }
                        own.extend((first..last).map(|i| (i, worker.fit(rows, responses[i], wanted))));
                        let so_far = done.fetch_add(last - first, Ordering::Relaxed) + last - first;
                        if !go_on(so_far) {
                            stop.store(true, Ordering::Relaxed);
                        }
                    }
                    own
                })
                .collect()
        });
        let mut out: Vec<ManyResult> = Vec::new();
        out.resize_with(responses.len(), || None);
        for (i, fit) in found.into_iter().flatten() {
            out[i] = Some(fit);
        }
        Ok(out)
    }
}

/// A model of its own, whose response changes.
struct Worker {
    model: Lmm,
    buffers: ResponseWork,
}

impl Worker {
    fn of(model: &Lmm, rows: &Rows) -> Result<Self, EngineError> {
        let model = Lmm::from_gram(model.gram.clone(), rows, model.reml)?;
        Ok(Self { model, buffers: ResponseWork::default() })
    }

    fn fit(&mut self, rows: &Rows, y: &[f64], wanted: Wanted) -> Result<ManyFit, EngineError> {
        self.model.gram.take_response(y, rows, &mut self.buffers)?;
        if let Some(classes) = &mut self.model.classes {
            Classes::take_response(classes, &self.model.gram.factors[0]);
        }
        let model = &self.model;
        let found = model.search(wanted.start, wanted.options, &mut |_, _| true)?;
        let theta = model.chart.original(&model.parameters, &found.phi, &model.gram.standard);
        let (beta, vcov_unscaled) = model.coefficients(&found.state);
        let scale = model.gram.standard.y.scale;
        let sigma = found.state.s2.sqrt() / scale;
        let df = if wanted.df {
            let second = model.second_order_with(&mut Work::new(model.problem()), &theta)?;
            satterthwaite(&second, &vcov_unscaled, sigma, model.problem().degrees())
        } else {
            Vec::new()
        };
        Ok(ManyFit {
            theta,
            beta,
            sigma,
            criterion: found.state.criterion,
            pwrss: found.state.border.r2 / scale.powi(2),
            vcov_unscaled,
            df,
            holds: found.certificate.holds,
            status: found.status,
            evaluations: found.trace.len(),
        })
    }
}

/// 2 v^2 / (g'A g) of every coefficient: v its variance, g the gradient of v in (theta, sigma), A their covariance.
///
/// In d(theta, sigma) = log-determinants + m log(2 pi sigma^2) + r2(theta) / sigma^2 the Hessian at the optimum is that of
/// the profiled criterion plus what sigma adds to it.
fn satterthwaite(second: &SecondOrder, vcov: &[f64], sigma: f64, degrees: f64) -> Vec<f64> {
    let m = second.pwrss_gradient.len();
    let p = (vcov.len() as f64).sqrt().round() as usize;
    let size = m + 1;
    let mut h = vec![0.0; size * size];
    let pull = &second.pwrss_gradient;
    for l in 0..m {
        for k in 0..m {
            h[l + k * size] = second.hessian[l + k * m] + pull[l] * pull[k] / (degrees * sigma.powi(4));
        }
        h[l + m * size] = -2.0 * pull[l] / sigma.powi(3);
        h[m + l * size] = h[l + m * size];
    }
    h[m + m * size] = 4.0 * degrees / sigma.powi(2);
    let (values, vectors) = symmetric(&h, size);
    (0..p)
        .map(|j| {
            let unscaled = vcov[j + j * p];
            let gradient = |l: usize| {
                if l < m { sigma * sigma * second.jacobian[l * p * p + j + j * p] } else { 2.0 * sigma * unscaled }
            };
            let spread: f64 = (0..size)
                .filter(|&e| values[e] > FLAT)
                .map(|e| (0..size).map(|l| vectors[l + e * size] * gradient(l)).sum::<f64>().powi(2) * 2.0 / values[e])
                .sum();
            2.0 * (sigma * sigma * unscaled).powi(2) / spread
        })
        .collect()
}
