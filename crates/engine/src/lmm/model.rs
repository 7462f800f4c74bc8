//! The handle that Python holds: a model's Gram blocks and what can be asked of them.

use super::chart::Chart;
use super::conditional;
use super::elimination::{Elimination, Layout};
use super::information::average_information;
use super::parameters::{Direction, Parameters};
use super::plan::{self, Plan};
use super::score::{LevelParts, back_substitute, outer_sums, trace_sums};
use super::start;
use super::template::inner;
use crate::dense::eigen::symmetric;
use crate::dense::small::{inverse_from_cholesky, multiply, multiply_transpose_right};
use crate::error::EngineError;
use crate::gram::Gram;
use crate::optimize::{Minimum, Objective, Options, Point, Status, Step, minimise};
use crate::rows::Rows;
use crate::threads;

/// A linear mixed model, immutable: criterion, derivatives and optimum as functions of theta.
pub struct Lmm {
    gram: Gram,
    reml: bool,
    layout: Layout,
    parameters: Parameters,
    chart: Chart,
}

/// Criterion with its derivatives in theta.
#[derive(Debug, Clone)]
pub struct Evaluation {
    pub criterion: f64,
    pub gradient: Vec<f64>,
    /// Average information plus the curvature of theta -> Sigma, column-major.
    pub hessian: Vec<f64>,
}

/// First-order optimality over all covariance matrices: D >= 0 and D Sigma = 0 for every term.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Decrease of the criterion that the quadratic model still promises.
    pub predicted_decrease: f64,
    /// Smallest eigenvalue of D of each term (standardised columns); negative where a direction outside the range of
    /// Sigma would still lower the criterion.
    pub min_score_eigenvalue: Vec<f64>,
    /// Decrease that growing Sigma along the worst of these directions promises.
    pub escape_gain: f64,
    pub holds: bool,
}

/// Everything that a fit reports at one theta, in the units of the data.
#[derive(Debug, Clone)]
pub struct Solution {
    pub theta: Vec<f64>,
    pub criterion: f64,
    pub beta: Vec<f64>,
    pub sigma: f64,
    pub pwrss: f64,
    pub logdet_u: f64,
    pub logdet_x: f64,
    /// (X'V^-1 X)^-1, p x p column-major.
    pub vcov_unscaled: Vec<f64>,
    /// For each term levels x k, row by row: b and the u with b = T u.
    pub b: Vec<Vec<f64>>,
    pub u: Vec<Vec<f64>>,
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
    pub certificate: Certificate,
}

/// A solution with the way that led to it.
#[derive(Debug, Clone)]
pub struct Optimum {
    pub solution: Solution,
    pub status: Status,
    pub trace: Vec<Step>,
}

/// What one evaluation leaves behind.
#[derive(Clone)]
struct State {
    criterion: f64,
    beta: Vec<f64>,
    s2: f64,
    r2: f64,
    logdet_u: f64,
    logdet_x: f64,
    fixed: Vec<f64>,
    parts: Vec<LevelParts>,
    /// The templates U S that `parts` refer to.
    templates: Vec<Vec<f64>>,
    d: Vec<Vec<f64>>,
    /// sum of [Z'V^-1 Z]_ll, the scale of D.
    scale: Vec<Vec<f64>>,
    /// Along the directions asked for.
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    /// In the optimiser's coordinates, with the directions as columns; empty at a user's theta.
    phi_gradient: Vec<f64>,
    basis: Vec<f64>,
}

/// Largest decrease that a certified optimum may still promise.
const DECREASE_SLACK: f64 = 1e-7;
/// Singular values of T below this are tried at zero.
const SNAP: f64 = 1e-3;

impl Lmm {
    pub fn new(rows: &Rows, reml: bool) -> Result<Self, EngineError> {
        let gram = Gram::of(rows)?;
        Self::from_gram(gram, rows, reml)
    }

    fn from_gram(gram: Gram, rows: &Rows, reml: bool) -> Result<Self, EngineError> {
        if gram.n <= gram.p {
            return Err(EngineError::Shape(format!("{} rows cannot estimate {} coefficients", gram.n, gram.p)));
        }
        let groups: Vec<usize> = rows.terms.iter().map(|t| t.group).collect();
        let sizes: Vec<usize> = rows.terms.iter().map(|t| t.columns.len()).collect();
        let parameters = Parameters::new(&groups, &sizes, rows.groups.len());
        let layout = Layout::of(&gram);
        let chart = Chart::of(&parameters);
        Ok(Self { gram, reml, layout, parameters, chart })
    }

    /// Run inside the thread pool where that pays; waking threads would cost a small fit more than all its numbers.
    fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        if self.layout.small { work() } else { threads::run(work) }
    }

    /// The same model with another response.
    pub fn with_response(&self, rows: &Rows) -> Result<Self, EngineError> {
        Self::from_gram(self.gram.with_response(rows)?, rows, self.reml)
    }

    pub fn gram(&self) -> &Gram {
        &self.gram
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
        plan::plan(&self.gram, &self.layout, &Elimination::new(&self.gram, &self.layout))
    }

    /// Profiled ML deviance or REML criterion.
    pub fn criterion(&self, theta: &[f64]) -> Result<f64, EngineError> {
        self.run(|| {
            let mut e = Elimination::new(&self.gram, &self.layout);
            e.factorise(&self.gram, &self.layout, &self.user_templates(theta))?;
            Ok(self.criterion_of(&e))
        })
    }

    /// Criterion, gradient and curvature in the user's theta.
    pub fn evaluate(&self, theta: &[f64]) -> Result<Evaluation, EngineError> {
        self.run(|| {
            let mut e = Elimination::new(&self.gram, &self.layout);
            let state = self.user_state(&mut e, theta)?;
            Ok(Evaluation { criterion: state.criterion, gradient: state.gradient, hessian: state.hessian })
        })
    }

    /// All results at a given theta, without optimising.
    pub fn at(&self, theta: &[f64]) -> Result<Solution, EngineError> {
        self.run(|| {
            let mut e = Elimination::new(&self.gram, &self.layout);
            let state = self.user_state(&mut e, theta)?;
            Ok(self.solution(theta.to_vec(), &state))
        })
    }

    /// Conditional covariance blocks over sigma^2 of every factor: levels of k x k.
    pub fn conditional_variances(&self, theta: &[f64]) -> Result<Vec<Vec<f64>>, EngineError> {
        self.run(|| {
            let mut e = Elimination::new(&self.gram, &self.layout);
            e.factorise(&self.gram, &self.layout, &self.user_templates(theta))?;
            e.tail.invert();
            let mut out = conditional::blocks(&self.gram, &self.layout, &e);
            for (g, blocks) in out.iter_mut().enumerate() {
                let k = self.gram.factors[g].k;
                let back = self.gram.standard.factors[g].inverse();
                let (mut half, mut whole) = (vec![0.0; k * k], vec![0.0; k * k]);
                for block in blocks.chunks_exact_mut((k * k).max(1)) {
                    multiply(&back, block, k, &mut half);
                    multiply_transpose_right(&half, &back, k, &mut whole);
                    block.copy_from_slice(&whole);
                }
            }
            Ok(out)
        })
    }

    /// Find the optimum. `watch(evaluations, criterion)` is called at every evaluation and may ask to stop.
    pub fn fit(
        &self,
        start: Option<&[f64]>,
        options: Options,
        watch: &mut (dyn FnMut(usize, f64) -> bool + Send),
    ) -> Result<Optimum, EngineError> {
        self.run(|| self.fit_here(start, options, watch))
    }

    fn fit_here(
        &self,
        start: Option<&[f64]>,
        options: Options,
        watch: &mut (dyn FnMut(usize, f64) -> bool + Send),
    ) -> Result<Optimum, EngineError> {
        let e = Elimination::new(&self.gram, &self.layout);
        let mut search = Search { model: self, e, trial: None, current: None, evaluations: 0, watch };
        if self.n_theta() == 0 {
            let state = self.state(&mut search.e, &[], &[])?;
            let solution = self.solution(Vec::new(), &state);
            return Ok(Optimum { solution, status: Status::Converged, trace: Vec::new() });
        }
        let phi0 = match start {
            Some(theta) => self.chart.standardised(&self.parameters, theta, &self.gram.standard),
            None => self.chart.from_templates(&start::templates(&self.gram, &self.parameters)),
        };
        // A step may at first be half as long as T itself.
        let length = phi0.iter().map(|v| v * v).sum::<f64>().sqrt();
        let options = Options { radius: options.radius.max(0.5 * length), ..options };
        let found = minimise(&mut search, &phi0, options)?.ok_or(EngineError::NotFinite)?;
        let mut best = search.current.take().ok_or(EngineError::NotFinite)?;
        let (mut phi, mut trace, mut status) = (found.x.clone(), found.trace.clone(), found.status);
        if let Some((snapped, state)) = self.snap(&mut search, &found)? {
            trace.push(Step { value: state.criterion, predicted: 0.0, radius: 0.0, accepted: true });
            (phi, best) = (snapped, state);
        }
        let mut solution = self.solution_from_phi(&phi, &best);
        // A boundary point that is no optimum: leave it along the escape direction and go on.
        let mut escapes = 0;
        while !solution.certificate.holds && escapes < 5 && trace.len() < options.max_evaluations {
            let Some(phi_out) = self.escape(&phi, &best) else { break };
            escapes += 1;
            let Some(again) = minimise(&mut search, &phi_out, options)? else { break };
            let Some(state) = search.current.take() else { break };
            trace.extend_from_slice(&again.trace);
            if state.criterion >= best.criterion {
                break;
            }
            (phi, best, status) = (again.x, state, again.status);
            solution = self.solution_from_phi(&phi, &best);
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
        let phi = self.chart.from_templates(&templates);
        let Some(point) = search.evaluate(&phi)? else { return Ok(None) };
        if point.value > found.point.value + 1e-9 {
            return Ok(None);
        }
        Ok(search.trial.take().map(|state| (phi, state)))
    }

    /// Templates moved off the boundary along the most negative eigenvector of a term's D.
    fn escape(&self, phi: &[f64], state: &State) -> Option<Vec<f64>> {
        let mut templates = self.chart.templates(phi);
        let mut moved = false;
        for g in 0..templates.len() {
            let size = self.parameters.sizes[g];
            for (at, k) in self.parameters.of_group(g) {
                let (values, vectors) = symmetric(&cut(&state.d[g], size, at, k), k);
                let scale = cut(&state.scale[g], size, at, k);
                if values[0] >= 0.0
                    || gain(values[0], &vectors[..k], &scale, self.gram.factors[g].levels) <= DECREASE_SLACK
                {
                    continue;
                }
                moved = true;
                let block = cut(&templates[g], size, at, k);
                let mut sigma = vec![0.0; k * k];
                multiply_transpose_right(&block, &block, k, &mut sigma);
                let scale = (0..k).map(|j| sigma[j + j * k]).fold(1e-4, f64::max);
                for j in 0..k {
                    for i in 0..k {
                        sigma[i + j * k] += 0.01 * scale * vectors[i] * vectors[j];
                    }
                }
                let (eigenvalues, u) = symmetric(&sigma, k);
                for j in 0..k {
                    for i in 0..k {
                        templates[g][at + i + (at + j) * size] = u[i + j * k] * eigenvalues[j].max(0.0).sqrt();
                    }
                }
            }
        }
        moved.then(|| self.chart.from_templates(&templates))
    }

    fn user_templates(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        self.parameters.moved(theta, |g| self.gram.standard.factors[g].matrix())
    }

    /// State at a user's theta: derivatives are taken with respect to theta itself.
    fn user_state(&self, e: &mut Elimination, theta: &[f64]) -> Result<State, EngineError> {
        let mut directions = self.parameters.directions(theta);
        for direction in &mut directions {
            let k = self.parameters.sizes[direction.group];
            let mut moved = vec![0.0; k * k];
            multiply(&self.gram.standard.factors[direction.group].matrix(), &direction.dt, k, &mut moved);
            direction.dt = moved;
        }
        let mut state = self.state(e, &self.user_templates(theta), &directions)?;
        self.add_curvature(&mut state, &directions);
        self.parameters.add_map_curvature(theta, &state.d, &self.user_templates(theta), &mut state.hessian);
        Ok(state)
    }

    fn phi_state(&self, e: &mut Elimination, phi: &[f64]) -> Result<State, EngineError> {
        let templates = self.chart.templates(phi);
        let (directions, basis) = self.chart.directions(phi);
        let mut state = self.state(e, &templates, &directions)?;
        self.add_curvature(&mut state, &directions);
        state.phi_gradient = self.chart.gradient(&state.d, &templates);
        state.basis = basis;
        Ok(state)
    }

    /// 2 <dT_l, D dT_m>: what the map T -> T T' adds to the average information.
    fn add_curvature(&self, state: &mut State, directions: &[Direction]) {
        let count = directions.len();
        for l in 0..count {
            for m in 0..count {
                if directions[l].group == directions[m].group {
                    let (g, k) = (directions[l].group, self.parameters.sizes[directions[l].group]);
                    state.hessian[l + m * count] += 2.0 * inner(&directions[l].dt, &state.d[g], &directions[m].dt, k);
                }
            }
        }
    }

    fn degrees(&self) -> f64 {
        (if self.reml { self.gram.n - self.gram.p } else { self.gram.n }) as f64
    }

    /// Criterion in the units of the data.
    fn criterion_of(&self, e: &Elimination) -> f64 {
        let m = self.degrees();
        let r2 = e.r2 / self.gram.standard.y.scale.powi(2);
        let mut d = e.logdet_u + m * (1.0 + (2.0 * std::f64::consts::PI * r2 / m).ln()) - self.gram.sum_log_weights;
        if self.reml {
            d += e.logdet_x + self.gram.standard.log_determinant_correction();
        }
        d
    }

    /// Factorise, back-substitute, and take derivatives along the directions.
    fn state(
        &self,
        e: &mut Elimination,
        templates: &[Vec<f64>],
        directions: &[Direction],
    ) -> Result<State, EngineError> {
        let (gram, layout) = (&self.gram, &self.layout);
        e.factorise(gram, layout, templates)?;
        let s2 = e.r2 / self.degrees();
        let beta = e.beta(gram.p);
        let parts = back_substitute(gram, layout, e, &beta);
        let hessian = average_information(gram, layout, e, &parts, templates, directions, s2);
        let sums = trace_sums(gram, layout, e);
        let scale: Vec<Vec<f64>> = e.templates.iter().zip(&sums).map(|(t, s)| t.score_matrix(s)).collect();
        let d: Vec<Vec<f64>> = (0..gram.factors.len())
            .map(|g| {
                let k = gram.factors[g].k;
                let mut d = scale[g].clone();
                let outer = outer_sums(e, &parts[g], k, gram.p, s2, self.reml);
                d.iter_mut().zip(&outer).for_each(|(d, o)| *d -= o);
                d
            })
            .collect();
        let gradient = directions
            .iter()
            .map(|m| 2.0 * inner(&m.dt, &d[m.group], &templates[m.group], self.parameters.sizes[m.group]))
            .collect();
        Ok(State {
            criterion: self.criterion_of(e),
            beta,
            s2,
            r2: e.r2,
            logdet_u: e.logdet_u,
            logdet_x: e.logdet_x,
            fixed: e.fixed.clone(),
            parts,
            templates: e.templates.iter().map(|t| t.t.clone()).collect(),
            d,
            scale,
            gradient,
            hessian,
            phi_gradient: Vec::new(),
            basis: Vec::new(),
        })
    }

    fn solution_from_phi(&self, phi: &[f64], state: &State) -> Solution {
        let theta = self.chart.original(&self.parameters, phi, &self.gram.standard);
        self.solution(theta, state)
    }

    fn solution(&self, theta: Vec<f64>, state: &State) -> Solution {
        let (gram, p) = (&self.gram, self.gram.p);
        let y_scale = gram.standard.y.scale;
        let (j, shift) = gram.standard.fixed_map();
        let mut beta = shift;
        for (i, b) in beta.iter_mut().enumerate() {
            *b += (0..p).map(|m| j[i + m * p] * state.beta[m]).sum::<f64>() / y_scale;
        }
        // The intercept's shifts are in units of y already: rows of J act on beta / y_scale.
        let factor: Vec<f64> = (0..p * p).map(|m| state.fixed[m % p + (m / p) * (p + 1)]).collect();
        let inverse = inverse_from_cholesky(&factor, p);
        let (mut half, mut vcov) = (vec![0.0; p * p], vec![0.0; p * p]);
        multiply(&j, &inverse, p, &mut half);
        multiply_transpose_right(&half, &j, p, &mut vcov);
        let (b, u) = self.effects(&theta, state, y_scale);
        let certificate = self.certificate(state);
        Solution {
            criterion: state.criterion,
            beta,
            sigma: state.s2.sqrt() / y_scale,
            pwrss: state.r2 / y_scale.powi(2),
            logdet_u: state.logdet_u,
            logdet_x: state.logdet_x + gram.standard.log_determinant_correction(),
            vcov_unscaled: vcov,
            b,
            u,
            gradient: state.gradient.clone(),
            hessian: state.hessian.clone(),
            certificate,
            theta,
        }
    }

    fn certificate(&self, state: &State) -> Certificate {
        let predicted_decrease = predicted(&state.gradient, &state.hessian);
        let (mut min_score_eigenvalue, mut escape_gain) = (Vec::new(), 0.0f64);
        for (g, at, k) in self.parameters.slots() {
            let size = self.parameters.sizes[g];
            let (values, vectors) = symmetric(&cut(&state.d[g], size, at, k), k);
            let scale = cut(&state.scale[g], size, at, k);
            for (j, &value) in values.iter().enumerate().filter(|(_, v)| **v < 0.0) {
                escape_gain =
                    escape_gain.max(gain(value, &vectors[j * k..(j + 1) * k], &scale, self.gram.factors[g].levels));
            }
            min_score_eigenvalue.push(values[0]);
        }
        let holds = predicted_decrease <= DECREASE_SLACK && escape_gain <= DECREASE_SLACK;
        Certificate { predicted_decrease, min_score_eigenvalue, escape_gain, holds }
    }

    /// b = M^-1 (U S) u' of every term and the u of the user's T: u = T' s up to its units.
    fn effects(&self, theta: &[f64], state: &State, y_scale: f64) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let user = self.parameters.templates(theta);
        let back: Vec<Vec<f64>> = self
            .gram
            .standard
            .factors
            .iter()
            .zip(&state.templates)
            .map(|(f, t)| {
                let mut out = vec![0.0; t.len()];
                multiply(&f.inverse(), t, f.k(), &mut out);
                out
            })
            .collect();
        // s of the original columns is M's; u = T_user' M' s.
        let forward: Vec<Vec<f64>> = (0..user.len())
            .map(|g| {
                let mut out = vec![0.0; user[g].len()];
                multiply(&self.gram.standard.factors[g].matrix(), &user[g], self.parameters.sizes[g], &mut out);
                out
            })
            .collect();
        let (mut all_b, mut all_u) = (Vec::new(), Vec::new());
        for (g, at, k) in self.parameters.slots() {
            let size = self.parameters.sizes[g];
            let levels = self.gram.factors[g].levels;
            let (mut b, mut u) = (Vec::with_capacity(levels * k), Vec::with_capacity(levels * k));
            for level in 0..levels {
                let own = &state.parts[g].u[level * size..(level + 1) * size];
                let s = &state.parts[g].s[level * size..(level + 1) * size];
                for i in at..at + k {
                    b.push((0..size).map(|m| back[g][i + m * size] * own[m]).sum::<f64>() / y_scale);
                    u.push((0..size).map(|m| forward[g][m + i * size] * s[m]).sum::<f64>() / y_scale);
                }
            }
            all_b.push(b);
            all_u.push(u);
        }
        (all_b, all_u)
    }
}

/// Decrease promised by the unrestricted quadratic model.
fn predicted(gradient: &[f64], hessian: &[f64]) -> f64 {
    if gradient.is_empty() {
        return 0.0;
    }
    crate::optimize::promise(gradient, hessian)
}

/// Decrease from adding epsilon v v' to Sigma, slope `value` = v'D v: the curvature is about the sum over levels of
/// (v'[Z'V^-1 Z]_ll v)^2, at least its mean squared.
fn gain(value: f64, v: &[f64], scale: &[f64], levels: usize) -> f64 {
    let k = v.len();
    let mass: f64 = (0..k * k).map(|m| v[m % k] * scale[m] * v[m / k]).sum();
    0.5 * value * value * levels as f64 / (mass * mass).max(1e-300)
}

/// The block of one term out of its factor's matrix.
fn cut(matrix: &[f64], size: usize, at: usize, k: usize) -> Vec<f64> {
    (0..k * k).map(|m| matrix[at + m % k + (at + m / k) * size]).collect()
}

/// Replace singular values below [`SNAP`] by zero in one term's block; whether there was one.
fn flatten(t: &mut [f64], size: usize, at: usize, k: usize) -> bool {
    let (u, s) = crate::dense::eigen::left_singular(&cut(t, size, at, k), k);
    let largest = s.iter().fold(0.0f64, |m, &v| m.max(v));
    if s.iter().all(|&v| v >= SNAP * largest.max(1.0).min(1.0) || v == 0.0) {
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
    e: Elimination,
    trial: Option<State>,
    current: Option<State>,
    evaluations: usize,
    watch: &'a mut (dyn FnMut(usize, f64) -> bool + Send),
}

impl Objective for Search<'_> {
    type Error = EngineError;

    fn evaluate(&mut self, x: &[f64]) -> Result<Option<Point>, EngineError> {
        self.evaluations += 1;
        let state = match self.model.phi_state(&mut self.e, x) {
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
            gradient: state.phi_gradient.clone(),
            basis: state.basis.clone(),
            hessian: state.hessian.clone(),
        };
        self.trial = Some(state);
        Ok(Some(point))
    }

    fn accept(&mut self) {
        self.current = self.trial.take();
    }
}
