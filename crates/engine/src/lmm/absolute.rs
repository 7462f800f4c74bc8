//! The deviance in absolute parameters: square roots of the covariances, log sigma unless sigma is known, and values of
//! some linear combinations of beta. The rest of beta is at its optimum.
//!
//! With T = S / sigma, a fit of the relative problem and A beta held at c,
//!
//!     value = log|C| + n log(2 pi sigma^2) + (r^2 + delta'(A Phi A')^-1 delta) / sigma^2,     delta = c - A beta_hat,
//!
//! Phi = (X'V^-1 X)^-1. At the constrained beta the slope in Sigma is that of equation (1), whatever beta is.

use super::problem::Lmm;
use super::state::Work;
use super::system::System;
use crate::dense::small::{cholesky, multiply, multiply_transpose_left, solve_lower, solve_lower_transpose};
use crate::dense::view::{View, ViewMut, positions};
use crate::effects::score::{back_substitute, outer_sums, trace_sums};
use crate::effects::template::Template;
use crate::error::EngineError;
use crate::profile::{Deviance, Point, Slope};

/// The deviance, or the REML criterion, of a model as a function of (S, log sigma, A beta).
pub struct Absolute<'a> {
    system: System<'a>,
    model: &'a Lmm,
    work: Work,
    /// Rows of A for the standardised beta, and what A beta is where that is zero.
    rows: Vec<Vec<f64>>,
    shift: Vec<f64>,
    /// Standardisation of each factor, and the map of beta.
    factors: Vec<Vec<f64>>,
    fixed: (Vec<f64>, Vec<f64>),
    /// Sum of the diagonal of [Z'V^-1 Z]_ll over sigma^2 of each factor at the last evaluation.
    weights: Vec<Vec<f64>>,
}

/// What the elimination leaves: log|C|, and for each factor sum of [Z'V^-1 Z]_ll and what D subtracts from it.
struct Sums {
    trace: Vec<Vec<f64>>,
    outer: Vec<Vec<f64>>,
}

impl<'a> Absolute<'a> {
    /// `rows` of A, each of p numbers.
    pub fn new(model: &'a Lmm, reml: bool, rows: &[Vec<f64>]) -> Result<Self, EngineError> {
        // Levels one by one: beta need not be at its optimum.
        let system = System { reml, classes: None, ..model.system() };
        let work = Work::new(system);
        if matches!(work, Work::Krylov(_)) {
            return Err(EngineError::OutOfReach("profiles"));
        }
        let (p, standard) = (model.gram.p, &model.gram.standard);
        if reml && !rows.is_empty() {
            return Err(EngineError::shape("the restricted likelihood has no fixed effects to be profiled"));
        }
        if rows.iter().any(|r| r.len() != p) {
            return Err(EngineError::shape(format!("a combination of fixed effects must have {p} coefficients")));
        }
        let fixed = standard.fixed_map();
        let (j, c) = &fixed;
        let map = |row: &Vec<f64>| {
            (0..p).map(|m| (0..p).map(|i| row[i] * j[i + m * p]).sum::<f64>() / standard.y.scale).collect()
        };
        let shift = rows.iter().map(|r| r.iter().zip(c).map(|(a, c)| a * c).sum()).collect();
        Ok(Self {
            system,
            model,
            work,
            rows: rows.iter().map(map).collect(),
            shift,
            factors: standard.factors.iter().map(|f| f.matrix()).collect(),
            fixed,
            weights: Vec::new(),
        })
    }

    /// For each term the standard deviations that matter beside sigma: what one level can tell.
    pub fn spread(&self, sigma: f64) -> Vec<Vec<f64>> {
        let gram = &self.model.gram;
        self.model
            .parameters
            .slots()
            .map(|(g, at, k)| {
                let levels = gram.factors[g].levels as f64;
                (at..at + k).map(|i| sigma * (levels / self.weights[g][i].max(1e-300)).sqrt()).collect()
            })
            .collect()
    }

    /// Standard errors of A beta at the last point evaluated.
    pub fn errors(&self, sigma: f64) -> Vec<f64> {
        let border = self.work.border();
        let y_scale = self.model.gram.standard.y.scale;
        let length = |row: &Vec<f64>| {
            let mut v = row.clone();
            border.half_solve(&mut v);
            v.iter().map(|v| v * v).sum::<f64>().sqrt()
        };
        self.rows.iter().map(|r| sigma * y_scale * length(r)).collect()
    }

    fn templates(&self, at: &Point, sigma: f64) -> Vec<Vec<f64>> {
        let sizes = &self.model.parameters.sizes;
        let mut out: Vec<Vec<f64>> = sizes.iter().map(|k| vec![0.0; k * k]).collect();
        for ((g, first, k), root) in self.model.parameters.slots().zip(&at.roots) {
            ViewMut::square(&mut out[g], sizes[g]).put(first, k, root.iter().map(|s| s / sigma));
        }
        for (g, t) in out.iter_mut().enumerate() {
            let relative = t.clone();
            multiply(&self.factors[g], &relative, sizes[g], t);
        }
        out
    }

    /// The constrained beta, what holding costs, and its slope in c: all in standardised units.
    fn constrained(&self, held: &[f64]) -> Option<(Vec<f64>, f64, Vec<f64>)> {
        let border = self.work.border();
        let (p, mut beta) = (self.system.gram.p, border.beta());
        let r = self.rows.len();
        if r == 0 {
            return Some((beta, 0.0, Vec::new()));
        }
        let halves: Vec<Vec<f64>> = self
            .rows
            .iter()
            .map(|row| {
                let mut v = row.clone();
                border.half_solve(&mut v);
                v
            })
            .collect();
        let mut delta: Vec<f64> = (0..r)
            .map(|m| held[m] - self.shift[m] - self.rows[m].iter().zip(&beta).map(|(a, b)| a * b).sum::<f64>())
            .collect();
        let mut covariance: Vec<f64> =
            positions(r, r).map(|(i, j)| halves[i].iter().zip(&halves[j]).map(|(a, b)| a * b).sum()).collect();
        cholesky(&mut covariance, r).ok()?;
        solve_lower(&covariance, r, &mut delta);
        let cost = delta.iter().map(|v| v * v).sum();
        solve_lower_transpose(&covariance, r, &mut delta);
        // beta moves by Phi A' (A Phi A')^-1 delta.
        let mut step = vec![0.0; p];
        for (half, d) in halves.iter().zip(&delta) {
            step.iter_mut().zip(half).for_each(|(s, h)| *s += d * h);
        }
        let factor = border.x_factor();
        solve_lower_transpose(&factor, p, &mut step);
        beta.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
        Some((beta, cost, delta))
    }

    fn sums(&mut self, beta: &[f64], s2: f64, trace: Option<(Vec<f64>, Template)>) -> Sums {
        let (gram, reml) = (self.system.gram, self.system.reml);
        match (&mut self.work, trace) {
            (Work::OneFactor(one), Some((trace, template))) => {
                let blocks = &gram.factors[0];
                let (outer, trace) = one.slope_sums(blocks, trace, beta, s2, reml);
                Sums { trace: vec![template.score_matrix(&trace)], outer: vec![outer] }
            }
            (Work::General(e), _) => {
                let layout = self.system.layout;
                let parts = back_substitute(gram, layout, e, beta);
                e.tail.invert();
                let sums = trace_sums(gram, layout, e);
                let trace = e.leaves.templates.iter().zip(&sums).map(|(t, s)| t.score_matrix(s)).collect();
                let outer = (0..gram.factors.len())
                    .map(|g| outer_sums(e, &parts[g], gram.factors[g].k, gram.p, s2, reml))
                    .collect();
                Sums { trace, outer }
            }
            _ => Sums { trace: Vec::new(), outer: Vec::new() },
        }
    }
}

impl Deviance for Absolute<'_> {
    fn evaluate(&mut self, at: &Point) -> Result<Option<Slope>, EngineError> {
        let (gram, layout) = (self.system.gram, self.system.layout);
        let y_scale = gram.standard.y.scale;
        let (log_sigma, held) = self.model.log_sigma_and_rest(&at.others);
        let sigma = log_sigma.exp();
        let s2 = (sigma * y_scale).powi(2);
        if !(s2.is_finite() && s2 > 0.0) {
            return Ok(None);
        }
        let templates = self.templates(at, sigma);
        let mut kept = None;
        let found = match &mut self.work {
            Work::OneFactor(one) => {
                let template = Template::of(&templates[0], gram.factors[0].k);
                one.eliminate(&gram.factors[0], None, &gram.fixed, &template)
                    .map(|trace| kept = Some((trace, template)))
            }
            Work::General(e) => e.factorise(gram, layout, &templates),
            Work::Krylov(_) => Err(EngineError::OutOfReach("profiles")),
        };
        match found {
            Ok(()) => {}
            // So long a step that numbers overflow, or that nothing is left of X, is a bad step.
            Err(EngineError::NotFinite | EngineError::RankDeficient(_)) => return Ok(None),
            Err(other) => return Err(other),
        }
        let Some((beta, cost, pull)) = self.constrained(held) else { return Ok(None) };
        let (logdet, r2, logdet_x) = match &self.work {
            Work::OneFactor(one) => (one.logdet_u, one.border.r2, one.border.logdet_x),
            Work::General(e) => (e.logdet_u, e.border.r2, e.border.logdet_x),
            Work::Krylov(_) => return Ok(None),
        };
        let m = self.system.degrees();
        let q = (r2 + cost) / s2;
        let mut value = logdet + m * ((2.0 * std::f64::consts::PI).ln() + 2.0 * log_sigma) + q - gram.sum_log_weights;
        if self.system.reml {
            value += logdet_x + gram.standard.log_determinant_correction();
        }
        let sums = self.sums(&beta, s2, kept);
        let (d, scaling) = self.in_data_units(&sums, &templates, sigma);
        let mut others: Vec<f64> =
            self.model.sigma.is_none().then_some(2.0 * (m - q) - 2.0 * scaling).into_iter().collect();
        others.extend(pull.iter().map(|v| 2.0 * v / s2));
        let (j, c) = &self.fixed;
        let p = gram.p;
        let beta = (0..p).map(|i| c[i] + (0..p).map(|m| j[i + m * p] * beta[m]).sum::<f64>() / y_scale).collect();
        let weights = self
            .model
            .parameters
            .slots()
            .map(|(g, at, k)| self.weights[g][at..at + k].iter().map(|w| w / (sigma * sigma)).collect())
            .collect();
        Ok(Some(Slope { value, d, others, beta, weights }))
    }
}

impl Absolute<'_> {
    /// D of each term in absolute units, and <D, Sigma> over all factors.
    fn in_data_units(&mut self, sums: &Sums, templates: &[Vec<f64>], sigma: f64) -> (Vec<Vec<f64>>, f64) {
        let sizes = &self.model.parameters.sizes;
        let mut scaling = 0.0;
        let mut weights = Vec::with_capacity(sizes.len());
        let mut per_factor = Vec::with_capacity(sizes.len());
        for (g, &k) in sizes.iter().enumerate() {
            let d: Vec<f64> = sums.trace[g].iter().zip(&sums.outer[g]).map(|(b, o)| b - o).collect();
            scaling += crate::effects::template::inner(&templates[g], &d, &templates[g], k);
            let turned = |matrix: &[f64]| {
                let (mut half, mut out) = (vec![0.0; k * k], vec![0.0; k * k]);
                multiply(matrix, &self.factors[g], k, &mut half);
                multiply_transpose_left(&self.factors[g], &half, k, &mut out);
                out
            };
            let whole = turned(&sums.trace[g]);
            weights.push((0..k).map(|i| whole[i + i * k]).collect());
            per_factor.push(turned(&d));
        }
        self.weights = weights;
        let d = self
            .model
            .parameters
            .slots()
            .map(|(g, at, k)| {
                View::square(&per_factor[g], sizes[g]).cut(at, k).iter().map(|v| v / (sigma * sigma)).collect()
            })
            .collect();
        (d, scaling)
    }
}

impl Lmm {
    /// Covariances S S' of an optimum's theta and sigma (the known one, where sigma is known).
    pub fn profile_point(&self, theta: &[f64], sigma: f64, held: &[f64]) -> Point {
        let templates = self.parameters.templates(theta);
        let roots = self
            .parameters
            .slots()
            .map(|(g, at, k)| {
                View::square(&templates[g], self.parameters.sizes[g]).cut(at, k).iter().map(|v| v * sigma).collect()
            })
            .collect();
        let mut others: Vec<f64> = self.sigma.is_none().then(|| sigma.ln()).into_iter().collect();
        others.extend_from_slice(held);
        Point { roots, others }
    }

    /// log sigma, which is the first of a point's others unless it is known, and what is held.
    fn log_sigma_and_rest<'a>(&self, others: &'a [f64]) -> (f64, &'a [f64]) {
        self.sigma.map_or_else(|| (others[0], &others[1..]), |sigma| (sigma.ln(), others))
    }
}
