//! The inner problem: the conditional mode of the random effects at given parameters, by Newton's method with step
//! halving (penalised iteratively reweighted least squares with the observed weights).

use super::blocks::{
    UNKNOWN, add_effects, add_fixed, bordered, fill_border, fill_matrix, fixed_part, leading_products, leading_sums,
    run, weighted_columns,
};
use super::chord_method::ChordMethod;
use super::data::Data;
use super::likelihood::Likelihood;
use super::mode::{Mode, effects, inner_product};
use crate::effects::elimination::Elimination;
use crate::effects::score::{LevelParts, back_substitute};
use crate::effects::template::Template;
use crate::error::EngineError;
use crate::family::pair;
use crate::gram::Gram;

/// Relative rounding error of the objective: a step that raises it by no more than this is as good as one that does not.
const ROUNDING: f64 = 1e-14;
/// Newton steps before the search for a mode is given up.
const MOST_STEPS: usize = 100;
/// Halvings of one step.
const MOST_HALVINGS: usize = 40;
/// A start that needs more steps than this is doubted: the search begins again from b = 0.
const WARM_STEPS: usize = 25;

/// Buffers of the inner problem. After [`Inner::solve`] they hold g, W and the factorisation at the mode.
pub(crate) struct Inner {
    pub gram: Gram,
    pub elimination: Elimination,
    pub g: Vec<f64>,
    pub w: Vec<f64>,
    /// The Newton step that is left at the mode: of the linear predictors, and the squared length that it has.
    pub step: Vec<f64>,
    pub decrement: f64,
    /// What it adds to s. Where T vanishes it is all of s: such effects move nothing, and no step is taken for them.
    pub step_of_s: Vec<Vec<f64>>,
    /// Factorisations so far.
    pub count: usize,
    /// A known mode nearby.
    chord_method: Option<Box<ChordMethod>>,
    /// Leading columns of X whose coefficients are part of the inner problem.
    pub joint: usize,
    /// The known part of the linear predictors: the offset and the other columns of X times beta.
    known: Vec<f64>,
    trial: Vec<f64>,
}

impl Inner {
    pub(crate) fn new(data: &Data, joint: usize) -> Self {
        let runs = data.predictors * data.n;
        let pairs = data.predictors * (data.predictors + 1) / 2 * data.n;
        let gram = Gram::clone(&data.pattern);
        let elimination = Elimination::new(&gram, &data.layout);
        Self {
            gram,
            elimination,
            g: vec![0.0; runs],
            w: vec![0.0; pairs],
            step: vec![0.0; runs],
            decrement: 0.0,
            step_of_s: Vec::new(),
            count: 0,
            chord_method: None,
            joint,
            known: vec![0.0; runs],
            trial: vec![0.0; runs],
        }
    }

    /// Find modes next to the one where the problem stands by its factorisation.
    pub(crate) fn stay_near(&mut self) {
        let method = ChordMethod::new(&self.gram, &self.elimination, &self.g, &self.w);
        self.chord_method = Some(Box::new(method));
    }

    /// Find each mode by factorisations of its own again.
    pub(crate) fn roam(&mut self) {
        self.chord_method = None;
    }

    /// The mode at `beta` (in the joint problem: its leading elements from there), from the effects `start`. `None`: there is no mode that
    /// can be reached, or it is no maximum.
    pub(crate) fn solve(
        &mut self,
        likelihood: Likelihood,
        templates: &[Vec<f64>],
        psi: &[f64],
        beta: &[f64],
        start: &Mode,
        tolerance: f64,
    ) -> Option<Mode> {
        let data = likelihood.data;
        let begin = if start.beta.is_empty() { beta[..self.joint].to_vec() } else { start.beta.clone() };
        let mut outer = beta.to_vec();
        outer[..self.joint].fill(0.0);
        fixed_part(data, &outer, &mut self.known);
        self.elimination.leaves.templates =
            templates.iter().zip(likelihood.data.factors.iter()).map(|(t, f)| Template::of(t, f.k())).collect();
        let near = self.near(likelihood, psi, start);
        let warm = near
            .or_else(|| self.first(likelihood, psi, &start.b, &begin))
            .and_then(|mode| self.iterate(likelihood, psi, mode, tolerance, WARM_STEPS));
        if warm.is_some() {
            return warm;
        }
        let mut cold = self.origin(data, &begin);
        cold.value = likelihood.second(&cold.eta, psi, &mut self.g, &mut self.w);
        if cold.value == f64::NEG_INFINITY {
            return None;
        }
        self.iterate(likelihood, psi, cold, tolerance, MOST_STEPS)
    }

    /// A point next to the mode where one nearby is known.
    fn near(&mut self, likelihood: Likelihood, psi: &[f64], start: &Mode) -> Option<Mode> {
        let chord_method = self.chord_method.as_mut()?;
        let mode = chord_method.approach(likelihood, psi, &self.elimination.leaves.templates, &self.known, start)?;
        self.g.copy_from_slice(&chord_method.g);
        self.w.copy_from_slice(&chord_method.w);
        Some(mode)
    }

    /// b = 0.
    fn origin(&self, data: &Data, beta: &[f64]) -> Mode {
        let mut mode = Mode::zero(data);
        mode.beta = beta.to_vec();
        mode.eta = self.known.clone();
        add_fixed(data, beta, &mut mode.eta);
        mode
    }

    /// A Newton step from effects b that need not be possible under these templates (they come from others).
    fn first(&mut self, likelihood: Likelihood, psi: &[f64], b: &[Vec<f64>], beta: &[f64]) -> Option<Mode> {
        let data = likelihood.data;
        let mut mode = self.origin(data, beta);
        if b.iter().flatten().all(|&v| v == 0.0) {
            mode.value = likelihood.second(&mode.eta, psi, &mut self.g, &mut self.w);
            return (mode.value > f64::NEG_INFINITY).then_some(mode);
        }
        add_effects(data, b, &mut mode.eta);
        let value = likelihood.second(&mode.eta, psi, &mut self.g, &mut self.w);
        if value == f64::NEG_INFINITY || self.factorise(data, &mode.eta).is_err() {
            return None;
        }
        (mode.s, mode.b, mode.beta) = self.solution(data);
        mode.eta.copy_from_slice(&self.known);
        add_fixed(data, &mode.beta, &mut mode.eta);
        add_effects(data, &mode.b, &mut mode.eta);
        mode.penalty = inner_product(&mode.s, &mode.b);
        mode.value = likelihood.second(&mode.eta, psi, &mut self.g, &mut self.w);
        (mode.value > f64::NEG_INFINITY).then_some(mode)
    }

    /// Newton steps until the decrement is below the tolerance; g and W belong to the mode's eta at every turn.
    fn iterate(
        &mut self,
        likelihood: Likelihood,
        psi: &[f64],
        mut mode: Mode,
        tolerance: f64,
        most: usize,
    ) -> Option<Mode> {
        let data = likelihood.data;
        let mut last = f64::INFINITY;
        for _ in 0..most {
            let observed = self.factorise(data, &mode.eta).is_ok();
            if !observed {
                self.factorise_positive(likelihood, psi, &mode.eta).ok()?;
            }
            let step = self.newton_step(data, &mode);
            let decrement = self.decrement;
            // The second condition: steps no longer get shorter because they are rounding errors.
            if decrement.abs() <= tolerance || (decrement.abs() <= 1e-4 * noise(&mode) && decrement.abs() >= 0.5 * last)
            {
                self.step_of_s = step.s;
                return observed.then_some(mode);
            }
            if decrement.is_nan() || decrement < 0.0 {
                return None;
            }
            last = decrement;
            mode = self.move_along(likelihood, psi, &mode, &step)?;
        }
        None
    }

    /// From a mode to the solution of the linear system at hand; `step` and `decrement` are those of the linear predictors.
    fn newton_step(&mut self, data: &Data, mode: &Mode) -> NewtonStep {
        let (mut s, mut b, mut beta) = self.solution(data);
        subtract(&mut s, &mode.s);
        subtract(&mut b, &mode.b);
        beta.iter_mut().zip(&mode.beta).for_each(|(d, b)| *d -= b);
        self.step.fill(0.0);
        add_fixed(data, &beta, &mut self.step);
        add_effects(data, &b, &mut self.step);
        self.decrement = self.curvature_along_step(data) + inner_product(&s, &b);
        NewtonStep { s, b, beta }
    }

    /// The longest of the steps 1, 1/2, 1/4, ... that lowers the objective enough.
    fn move_along(&mut self, likelihood: Likelihood, psi: &[f64], mode: &Mode, step: &NewtonStep) -> Option<Mode> {
        let (objective, decrement, noise) = (0.5 * mode.penalty - mode.value, self.decrement, noise(mode));
        // Penalty along the step: s'b + 2 a s'db + a^2 ds'db (Sigma is symmetric).
        let (linear, square) = (inner_product(&mode.s, &step.b), inner_product(&step.s, &step.b));
        let mut length = 1.0;
        for _ in 0..MOST_HALVINGS {
            for ((t, e), d) in self.trial.iter_mut().zip(&mode.eta).zip(&self.step) {
                *t = e + length * d;
            }
            let value = likelihood.second(&self.trial, psi, &mut self.g, &mut self.w);
            let penalty = mode.penalty + length * (2.0 * linear + length * square);
            if 0.5 * penalty - value <= objective - 1e-4 * length * decrement + noise {
                let along = |from: &[Vec<f64>], by: &[Vec<f64>]| -> Vec<Vec<f64>> {
                    from.iter().zip(by).map(|(f, b)| f.iter().zip(b).map(|(f, b)| f + length * b).collect()).collect()
                };
                return Some(Mode {
                    s: along(&mode.s, &step.s),
                    b: along(&mode.b, &step.b),
                    beta: mode.beta.iter().zip(&step.beta).map(|(b, d)| b + length * d).collect(),
                    eta: self.trial.clone(),
                    value,
                    penalty,
                });
            }
            length *= 0.5;
        }
        None
    }

    /// Factorise H with the weights at hand; the border is the working response g + W (eta - known), with the columns
    /// of X beside it in the joint problem.
    fn factorise(&mut self, data: &Data, eta: &[f64]) -> Result<(), EngineError> {
        self.count += 1;
        fill_matrix(data, &self.w, &mut self.gram);
        let (g, w, known, n, m) = (&self.g, &self.w, &self.known, data.n, data.predictors);
        let working = |r: usize, from: usize, to: usize, out: &mut [f64]| {
            out.copy_from_slice(&run(g, r, n)[from..to]);
            for t in 0..m {
                let w = &run(w, pair(r, t), n)[from..to];
                let (eta, known) = (&run(eta, t, n)[from..to], &run(known, t, n)[from..to]);
                for (((o, w), e), f) in out.iter_mut().zip(w).zip(eta).zip(known) {
                    *o += w * (e - f);
                }
            }
        };
        let p = self.joint;
        let width = p + 1;
        fill_border(data, width, &mut self.gram, &|from, to, out| {
            let len = to - from;
            weighted_columns(data, &data.x[..p], w, (from, to), width, out);
            for r in 0..m {
                working(r, from, to, &mut out[(r * width + p) * len..][..len]);
            }
        });
        self.gram.p = p;
        self.gram.fixed = vec![0.0];
        if p > 0 {
            let mut response = vec![0.0; m * n];
            response.chunks_exact_mut(n).enumerate().for_each(|(r, out)| working(r, 0, n, out));
            self.gram.fixed = bordered(&leading_products(data, p, w), &leading_sums(data, p, &response), UNKNOWN);
        }
        if self.elimination.border.p != p {
            self.elimination.set_width(&self.gram, &data.layout);
        }
        self.elimination.eliminate(&self.gram, &data.layout)?;
        if p > 0 { self.elimination.border.finish() } else { Ok(()) }
    }

    /// The same with weights that are never negative.
    fn factorise_positive(&mut self, likelihood: Likelihood, psi: &[f64], eta: &[f64]) -> Result<(), EngineError> {
        likelihood.positive(eta, psi, &mut self.w);
        self.factorise(likelihood.data, eta)
    }

    /// s, b and beta that solve the linear system.
    fn solution(&self, data: &Data) -> (Vec<Vec<f64>>, Vec<Vec<f64>>, Vec<f64>) {
        let beta = if self.joint > 0 { self.elimination.border.beta() } else { Vec::new() };
        let parts = back_substitute(&self.gram, &data.layout, &self.elimination, &beta);
        let s: Vec<Vec<f64>> = parts.into_iter().map(|p: LevelParts| p.s).collect();
        let b = s.iter().zip(&self.elimination.leaves.templates).map(|(s, t)| effects(t, s)).collect();
        (s, b, beta)
    }

    /// d eta'W d eta.
    fn curvature_along_step(&self, data: &Data) -> f64 {
        let (n, m) = (data.n, data.predictors);
        let mut sum = 0.0;
        for s in 0..m {
            for t in 0..m {
                let (a, b, w) = (run(&self.step, s, n), run(&self.step, t, n), run(&self.w, pair(s, t), n));
                sum += a.iter().zip(b).zip(w).map(|((a, b), w)| a * b * w).sum::<f64>();
            }
        }
        sum
    }
}

/// What a Newton step adds to s, b and beta.
struct NewtonStep {
    s: Vec<Vec<f64>>,
    b: Vec<Vec<f64>>,
    beta: Vec<f64>,
}

/// By how much the objective at a mode may be off by rounding.
fn noise(mode: &Mode) -> f64 {
    ROUNDING * (1.0 + mode.value.abs() + mode.penalty)
}

fn subtract(a: &mut [Vec<f64>], b: &[Vec<f64>]) {
    for (a, b) in a.iter_mut().zip(b) {
        a.iter_mut().zip(b).for_each(|(a, b)| *a -= b);
    }
}
