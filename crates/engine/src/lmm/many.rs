//! One design, many responses: everything that does not depend on y is shared.
//!
//! Every worker holds one copy of the blocks and puts one response after another into it. Which worker fits a
//! response does not matter to the result.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;

use super::batched::{Batch, Batched, Point};
use super::problem::Lmm;
use super::second_order::SecondOrder;
use super::state::Work;
use crate::dense::eigen::symmetric;
use crate::dense::lanes::{LANES, Lanes};
use crate::dense::small::{identity, multiply_transpose_right};
use crate::error::{EngineError, Index, Misfit};
use crate::gram::response::ResponseWork;
use crate::gram::standard::Affine;
use crate::optimize::{Options, Status};
use crate::rows::Rows;
use crate::stop;
use crate::threads;

/// Responses that a worker takes at a time.
const BATCH: usize = LANES;

/// Eigenvalues of the Hessian, theta in units of its own curvature, that count as none.
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
            let what = format!("response {bad} must have {} numbers", self.gram.n);
            return Err(EngineError::shape(Misfit::at(Index::Response(bad), what)));
        }
        let (next, done, ended) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        let workers = threads::count().min(responses.len().div_ceil(BATCH)).max(1);
        let mut models: Vec<Worker> = (0..workers).map(|_| Worker::of(self, rows)).collect::<Result<_, _>>()?;
        let found: Vec<Vec<(usize, Result<ManyFit, EngineError>)>> = threads::run(|| {
            models
                .par_iter_mut()
                .map(|worker| {
                    let mut own = Vec::with_capacity(responses.len() / workers + BATCH);
                    while !ended.load(Ordering::Relaxed) {
                        let first = next.fetch_add(BATCH, Ordering::Relaxed);
                        let last = (first + BATCH).min(responses.len());
                        if first >= last {
                            break;
                        }
                        // After Ctrl-C what this worker has done already is kept.
                        let fit = || worker.fit(rows, &responses[first..last], wanted);
                        let Some(fits) = stop::unless_stopped(fit) else {
                            ended.store(true, Ordering::Relaxed);
                            break;
                        };
                        own.extend((first..last).zip(fits));
                        let so_far = done.fetch_add(last - first, Ordering::Relaxed) + last - first;
                        if !go_on(so_far) {
                            ended.store(true, Ordering::Relaxed);
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
    batched: Option<(Batched, Batch)>,
}

type Fits = Vec<Result<ManyFit, EngineError>>;

impl Worker {
    fn of(model: &Lmm, rows: &Rows) -> Result<Self, EngineError> {
        let model = Lmm::from_gram(model.gram.clone(), rows, model.reml)?.with_sigma(model.sigma)?;
        // A batch profiles sigma out.
        let classes = model.classes.as_ref().filter(|_| model.sigma.is_none());
        let batched = classes.and_then(|classes| {
            let batched = Batched::of(&model.gram, classes, &model.parameters, model.reml)?;
            let batch = batched.batch(classes);
            Some((batched, batch))
        });
        Ok(Self { model, buffers: ResponseWork::default(), batched })
    }

    /// Fit as many responses as a batch holds, or fewer.
    fn fit(&mut self, rows: &Rows, ys: &[&[f64]], wanted: Wanted) -> Fits {
        let Some((batched, mut batch)) = self.batched.take() else {
            return ys.iter().map(|y| self.fit_alone(rows, y, wanted)).collect();
        };
        let fits = self.fit_batch(&batched, &mut batch, rows, ys, wanted);
        self.batched = Some((batched, batch));
        fits
    }

    fn take_response(&mut self, rows: &Rows, y: &[f64]) -> Result<(), EngineError> {
        self.model.gram.take_response(y, rows, &mut self.buffers)?;
        if let Some(classes) = &mut self.model.classes {
            classes.take_response(&self.model.gram.factors[0]);
        }
        Ok(())
    }

    fn fit_batch(&mut self, batched: &Batched, batch: &mut Batch, rows: &Rows, ys: &[&[f64]], wanted: Wanted) -> Fits {
        let mut scales = [Affine::NONE; LANES];
        for (lane, scale) in scales.iter_mut().enumerate() {
            // Lanes without a response of their own repeat the first one.
            let y = ys.get(lane).unwrap_or(&ys[0]);
            if self.take_response(rows, y).is_err() {
                return ys.iter().map(|y| self.fit_alone(rows, y, wanted)).collect();
            }
            *scale = self.model.gram.standard.y;
            let start = self.start(wanted.start);
            if let Some(classes) = &self.model.classes {
                batched.put(batch, lane, &self.model.gram, classes, &start);
            }
        }
        let Some(classes) = &self.model.classes else { return Vec::new() };
        let at = batched.fit(classes, batch, wanted.options.tolerance);
        let (map, _) = self.model.gram.standard.fixed_map();
        let p = self.model.gram.p;
        let rows_of_map = |j: usize| (0..p).map(|m| map[j + m * p]).collect::<Vec<f64>>();
        let df: Vec<Lanes> =
            if wanted.df { (0..p).map(|j| batched.satterthwaite(&at, &rows_of_map(j))).collect() } else { Vec::new() };
        let mut fits = Vec::with_capacity(ys.len());
        for (lane, y) in ys.iter().enumerate() {
            fits.push(if at.arrived[lane] {
                self.model.gram.standard.y = scales[lane];
                Ok(self.of_lane(&at, &df, lane))
            } else {
                self.fit_alone(rows, y, wanted)
            });
        }
        fits
    }

    /// Sigma to start from: the moments' own, which for balanced designs is the optimum. It may be indefinite.
    fn start(&self, theta: Option<&[f64]>) -> Vec<f64> {
        let (model, k) = (&self.model, self.model.parameters.sizes[0]);
        if let Some(theta) = theta {
            let t = model.user_templates(theta).swap_remove(0);
            let mut sigma = vec![0.0; k * k];
            multiply_transpose_right(&t, &t, k, &mut sigma);
            return sigma;
        }
        let found = model.moments().covariances(&model.gram, &model.parameters);
        found.map_or_else(|| identity(k), |mut all| all.swap_remove(0))
    }

    fn of_lane(&self, at: &Point, df: &[Lanes], lane: usize) -> ManyFit {
        let model = &self.model;
        let pick = |values: &[Lanes]| values.iter().map(|v| v.0[lane]).collect::<Vec<f64>>();
        let k = model.parameters.sizes[0];
        let mut t = pick(&at.t);
        (0..k).for_each(|j| (0..j).for_each(|i| t[i + j * k] = 0.0));
        let theta = model.chart.original(&model.parameters, &model.chart.phi_of(&[t]), &model.gram.standard);
        let (beta, vcov_unscaled) = model.coefficients(&pick(&at.beta), &pick(&at.inverse));
        let (r2, scale) = (at.r2.0[lane], model.gram.standard.y.scale);
        let system = model.system();
        ManyFit {
            theta,
            beta,
            sigma: (r2 / system.degrees()).sqrt() / scale,
            criterion: system.criterion_of(r2, at.logdet_x.0[lane], at.logdet_u.0[lane]),
            pwrss: r2 / scale.powi(2),
            vcov_unscaled,
            df: pick(df),
            holds: true,
            status: Status::Converged,
            evaluations: at.evaluations[lane],
        }
    }

    fn fit_alone(&mut self, rows: &Rows, y: &[f64], wanted: Wanted) -> Result<ManyFit, EngineError> {
        self.take_response(rows, y)?;
        let model = &self.model;
        let found = model.search(wanted.start, wanted.options, &mut |_, _| true)?;
        let theta = model.chart.original(&model.parameters, &found.phi, &model.gram.standard);
        let (beta, vcov_unscaled) = model.coefficients(&found.state.beta, &found.state.border.x_inverse());
        let scale = model.gram.standard.y.scale;
        let sigma = found.state.s2.sqrt() / scale;
        let pwrss = found.state.border.r2 / scale.powi(2);
        let df = if wanted.df {
            let second = model.second_order_with(&mut Work::new(model.system()), &theta)?;
            let profiled = model.sigma.is_none().then(|| Profiled { pwrss, degrees: model.system().degrees() });
            satterthwaite(&second, &vcov_unscaled, profiled)
        } else {
            Vec::new()
        };
        Ok(ManyFit {
            theta,
            beta,
            sigma,
            criterion: found.state.criterion,
            pwrss,
            vcov_unscaled,
            df,
            holds: found.certificate.holds,
            status: found.status,
            evaluations: found.trace.len(),
        })
    }
}

/// What sigma^2 follows from where it is not known: r^2 over the residual degrees of freedom.
struct Profiled {
    pwrss: f64,
    degrees: f64,
}

/// 2 v^2 / Var(v) of every coefficient, v = sigma^2 c'Phi c its variance at the sigma that is best for theta:
/// 1 / df = 1 / d + g'P^- g / v^2, with d the residual degrees of freedom, g the derivative of v in theta, and P^- the inverse of the
/// criterion's Hessian on the span of its positive eigenvalues. Where sigma is known, v depends on theta through Phi alone
/// and 1 / d is 0.
fn satterthwaite(second: &SecondOrder, vcov: &[f64], profiled: Option<Profiled>) -> Vec<f64> {
    let m = second.pwrss_gradient.len();
    let p = (vcov.len() as f64).sqrt().round() as usize;
    // theta in units of its own curvature, so that what is flat does not depend on units.
    let unit = |l: usize| Some(second.hessian[l + l * m]).filter(|h| *h > 0.0).map_or(1.0, |h| 1.0 / h.sqrt());
    let scaled: Vec<f64> = (0..m * m).map(|c| second.hessian[c] * unit(c % m) * unit(c / m)).collect();
    let (values, vectors) = symmetric(&scaled, m);
    (0..p)
        .map(|j| {
            let v = vcov[j + j * p];
            // Over sigma^2, which cancels.
            let slope: Vec<f64> = (0..m)
                .map(|l| {
                    let of_sigma = profiled.as_ref().map_or(0.0, |s| v * second.pwrss_gradient[l] / s.pwrss);
                    second.jacobian[l * p * p + j + j * p] + of_sigma
                })
                .map(|g| g / v)
                .collect();
            let along = |e: usize| (0..m).map(|l| vectors[l + e * m] * unit(l) * slope[l]).sum::<f64>();
            let spread: f64 = (0..m).filter(|&e| values[e] > FLAT).map(|e| along(e).powi(2) / values[e]).sum();
            1.0 / (profiled.as_ref().map_or(0.0, |s| 1.0 / s.degrees) + spread)
        })
        .collect()
}
