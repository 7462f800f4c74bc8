//! The restricted likelihood: Laplace's approximation of the integral over the random effects and the mean's fixed effects,
//! these under a flat prior. With the mode in both and V^-1 as ever, the criterion gains
//!
//! log|X'V^-1 X| - p log 2 pi,    X the columns of the first linear predictor,
//!
//! and wherever H^-1 stands for the variance of what is integrated out, that of the fixed effects joins it: a row's variance
//! S_i grows by e_i (X'V^-1 X)^-1 e_i' with E = X - Z Sigma Z'V^-1 X, and Z'V^-1 Z becomes Z'P Z.

use super::blocks::{add_effects, run};
use super::data::Data;
use super::inner::Inner;
use super::mode::effects;
use crate::effects::elimination::Elimination;
use crate::effects::score::{LevelParts, back_substitute, outer_sums};
use crate::family::pairs;
use crate::stop;

/// What the design contributes.
pub(crate) struct Restricted {
    /// Columns that are integrated out, the first ones of X.
    pub count: usize,
    /// From log|X'V^-1 X| of standardised columns to that of the columns as they came, less p log 2 pi.
    constant: f64,
}

impl Restricted {
    pub(crate) fn of(data: &Data) -> Self {
        let count = data.x.iter().filter(|x| x.predictor == 0).count();
        let scales: f64 = data.x_standard.columns[..count].iter().map(|a| a.scale.ln()).sum();
        let constant = -2.0 * scales - count as f64 * (2.0 * std::f64::consts::PI).ln();
        Self { count, constant }
    }

    /// At a mode: the factorisation must be that which found it, with X in its border.
    pub(crate) fn at(&self, data: &Data, inner: &Inner) -> PastFixed {
        let (p, e) = (self.count, &inner.elimination);
        let mut parts = back_substitute(&inner.gram, &data.layout, e, &vec![0.0; p]);
        let errors = errors(data, e, &parts, p);
        let columns = turned(&errors, &e.border.x_inverse_rows(), p);
        let blocks = parts.iter_mut().zip(data.factors.iter()).map(|(part, factor)| {
            part.s.fill(0.0);
            outer_sums(e, part, factor.k(), p, 1.0, true)
        });
        PastFixed { logdet: e.border.logdet_x + self.constant, columns, blocks: blocks.collect() }
    }
}

/// What integrating out the fixed effects adds at one point.
pub(crate) struct PastFixed {
    logdet: f64,
    /// E R^-1 with R'R = X'V^-1 X, each column in runs of the linear predictors.
    columns: Vec<Vec<f64>>,
    /// Sum over levels of T_x (X'V^-1 X)^-1 T_x' of every factor.
    blocks: Vec<Vec<f64>>,
}

impl PastFixed {
    /// To log|H|, the variances of the rows and [Z'V^-1 Z] of every factor.
    pub(crate) fn add_to(&self, logdet: &mut f64, variances: &mut [f64], scale: &mut [Vec<f64>]) {
        *logdet += self.logdet;
        for (scale, block) in scale.iter_mut().zip(&self.blocks) {
            scale.iter_mut().zip(block).for_each(|(s, b)| *s -= b);
        }
        let Some(first) = self.columns.first() else { return };
        // m runs of n make m (m + 1) / 2 runs of variances.
        let m = 2 * variances.len() / first.len() - 1;
        let n = first.len() / m;
        for column in &self.columns {
            stop::point(2 * variances.len());
            for ((s, t), out) in pairs(m).zip(variances.chunks_exact_mut(n)) {
                let both = run(column, s, n).iter().zip(run(column, t, n));
                out.iter_mut().zip(both).for_each(|(o, (a, b))| *o += a * b);
            }
        }
    }
}

/// E, column by column in runs of the linear predictors.
fn errors(data: &Data, e: &Elimination, parts: &[LevelParts], p: usize) -> Vec<Vec<f64>> {
    let n = data.n;
    let one = |j: usize| {
        let moved = |(part, template): (&LevelParts, _)| {
            let tx = part.column(j, p + 1).iter().map(|v| -v).collect::<Vec<f64>>();
            effects(template, &tx)
        };
        let b: Vec<Vec<f64>> = parts.iter().zip(&e.leaves.templates).map(moved).collect();
        let mut out = vec![0.0; data.predictors * n];
        let x = &data.x[j];
        match &x.values {
            Some(values) => out[x.predictor * n..(x.predictor + 1) * n].copy_from_slice(values),
            None => out[x.predictor * n..(x.predictor + 1) * n].fill(1.0),
        }
        add_effects(data, &b, &mut out);
        out
    };
    (0..p).map(one).collect()
}

/// E R^-1 from rows of R^-T (row i holds i + 1 numbers).
fn turned(errors: &[Vec<f64>], rows: &[f64], p: usize) -> Vec<Vec<f64>> {
    let one = |i: usize| {
        let mut out = vec![0.0; errors[i].len()];
        for (factor, column) in rows[i * p..=i * p + i].iter().zip(errors) {
            stop::point(2 * out.len());
            out.iter_mut().zip(column).for_each(|(o, c)| *o += factor * c);
        }
        out
    };
    (0..p).map(one).collect()
}
