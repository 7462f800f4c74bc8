//! Crossed factors too large to factorise: the criterion by Krylov methods.
//!
//! The leaves are eliminated exactly; their Schur complement S on the tail is kept on its pattern (the first step of
//! a sparse Cholesky factorisation, without its fill). Whatever needs S^-1 b is a solve by preconditioned conjugate
//! gradients, exact to rounding: beta, sigma, s = Z'Py, the border and the average information. Only log|S| and its
//! derivative are estimated, by stochastic Lanczos quadrature (Ubaru, Chen & Saad 2017) with two exact parts: the
//! outlying eigenpairs (deflation, as in Hutch++: Meyer et al. 2021) and a polynomial whose trace is had from exact
//! powers of M. The probes are fixed, and the derivative is that of the estimate itself, so that an optimiser sees one
//! smooth function and its true gradient.
//!
//! | file | holds |
//! |---|---|
//! | `pattern` | where S has numbers |
//! | `matrix` | S, its block-Jacobi scaling I - M, the way back of derivatives |
//! | `moments` | exact tr M^j and their derivatives |
//! | `polynomial` | what stands in for log(1 - x) on the bulk |
//! | `lanczos` | outliers, quadratures, conjugate gradients |
//! | `estimate` | log abs S, its standard error, its derivative |
//! | `pullback` | from d / dS to d / dSigma |
//! | `information` | average information by solves |

mod estimate;
mod information;
mod lanczos;
mod matrix;
mod moments;
mod pattern;
mod polynomial;
mod pullback;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use self::estimate::Estimator;
use self::matrix::Matrix;
use self::pattern::Pattern;
use super::system::{Parts, System};
use crate::effects::border::Border;
use crate::effects::elimination::Elimination;
use crate::effects::layout::{Layout, Panel};
use crate::effects::parameters::Direction;
use crate::effects::score::{back_substitute, outer_sums};
use crate::effects::tail::plan::TailPlan;
use crate::error::EngineError;
use crate::gram::Gram;

/// Entries that S may have here: about 40 bytes each.
const MOST_ENTRIES: f64 = 4e7;

/// Buffers of the evaluations of one model, its probes and its outliers.
pub(crate) struct Krylov {
    /// The leaves, which are eliminated exactly.
    exact: Elimination,
    /// The model's layout without its tail: what the exact elimination sees.
    alone: Layout,
    pattern: Pattern,
    matrix: Matrix,
    estimator: Estimator,
    /// log|C|, estimated.
    pub logdet_u: f64,
    /// Standard error of `logdet_u`.
    pub standard_error: f64,
}

/// Numbers that this path would store, or `None` if they are too many, or there is nothing to estimate.
pub(crate) fn predicted_entries(gram: &Gram, layout: &Layout) -> Option<f64> {
    if layout.n_tail < 2 {
        return None;
    }
    let (entries, pairs) = pattern::predicted_entries(gram, layout);
    (entries.max(pairs) <= MOST_ENTRIES).then_some(entries)
}

impl Krylov {
    pub(crate) fn new(system: System) -> Self {
        let (gram, layout) = (system.gram, system.layout);
        let pattern = Pattern::of(gram, layout);
        let alone = Layout { leaf: layout.leaf, tail: Vec::new(), n_tail: 0, plan: TailPlan::None, small: false };
        Self {
            exact: Elimination::new(gram, &alone),
            alone,
            estimator: Estimator::new(&pattern),
            pattern,
            matrix: Matrix::default(),
            logdet_u: 0.0,
            standard_error: 0.0,
        }
    }

    /// `[X y]'V^-1 [X y]`, factorised, as the last evaluation left it.
    pub(crate) fn border(&self) -> &Border {
        &self.exact.border
    }

    /// Probes behind the estimate, chosen by the first evaluation.
    pub(crate) fn probes(&self) -> usize {
        self.estimator.probes.unwrap_or(0)
    }

    /// Where the standard error came to exceed twice its target, as it may far from the start, choose powers and probes
    /// anew at the last point: true if the criterion is another function, of less noise, from now on.
    pub(crate) fn settle(&mut self) -> bool {
        if self.standard_error <= 2.0 * estimate::TARGET {
            return false;
        }
        let before = (self.estimator.steps(), self.probes());
        self.estimator.settle(&self.pattern, &self.matrix);
        before != (self.estimator.steps(), self.probes())
    }

    /// What the criterion needs: afterwards `border()` and `logdet_u` hold it.
    pub(crate) fn criterion(&mut self, system: System, templates: &[Vec<f64>]) -> Result<(), EngineError> {
        self.eliminate(system, templates)?;
        self.estimate(None)
    }

    /// Everything, along the given directions.
    pub(crate) fn evaluate(
        &mut self,
        system: System,
        templates: &[Vec<f64>],
        directions: &[Direction],
    ) -> Result<Parts, EngineError> {
        let (gram, layout) = (system.gram, system.layout);
        self.eliminate(system, templates)?;
        let mut bar = Vec::new();
        self.estimate(Some(&mut bar))?;
        let e = &self.exact;
        let noise = system.noise(e.border.r2);
        let beta = e.border.beta();
        // `tail_rhs` is solved already, which an elimination without tail takes as it is.
        let parts = back_substitute(gram, layout, e, &beta);
        let solve = |c: Vec<f64>| self.solve(c);
        let information = information::average_information(system, e, &parts, templates, directions, noise, solve);
        let outer = (0..gram.factors.len())
            .map(|g| outer_sums(e, &parts[g], gram.factors[g].k, gram.p, noise.s2, system.reml))
            .collect();
        Ok(Parts {
            border: e.border.clone(),
            logdet_u: self.logdet_u,
            criterion_error: self.standard_error,
            beta,
            s2: noise.s2,
            scale: pullback::scale(gram, layout, e, &self.pattern, &self.matrix, &bar),
            outer,
            s: parts.into_iter().map(|p| p.s).collect(),
            templates: e.leaves.templates.iter().map(|t| t.t.clone()).collect(),
            information,
        })
    }

    /// Leaves, S, and by solves the border.
    fn eliminate(&mut self, system: System, templates: &[Vec<f64>]) -> Result<(), EngineError> {
        let (gram, layout) = (system.gram, system.layout);
        self.exact.factorise(gram, &self.alone, templates)?;
        self.matrix.assemble(gram, layout, &self.exact, &self.pattern)?;
        self.estimator.deflate(&self.pattern, &self.matrix);
        let (width, n_tail) = (gram.p + 1, layout.n_tail);
        let rhs = right_hand_sides(gram, layout, &self.exact);
        let solved: Vec<Vec<f64>> = rhs.par_chunks(n_tail).map(|c| self.solve(c.to_vec())).collect();
        let border = &mut self.exact.border;
        multiply_back(&mut border.matrix, width);
        for (j, solved) in solved.iter().enumerate() {
            for i in j..width {
                let b = &rhs[i * n_tail..(i + 1) * n_tail];
                border.matrix[i + j * width] -= b.iter().zip(solved).map(|(x, y)| x * y).sum::<f64>();
            }
        }
        border.finish()?;
        self.exact.tail_rhs = solved.concat();
        Ok(())
    }

    fn estimate(&mut self, bar: Option<&mut Vec<f64>>) -> Result<(), EngineError> {
        let estimate = self.estimator.estimate(&self.pattern, &self.matrix, bar);
        self.logdet_u = self.exact.logdet_u + estimate.logdet;
        self.standard_error = estimate.standard_error;
        if self.logdet_u.is_finite() { Ok(()) } else { Err(EngineError::NotFinite) }
    }

    /// S^-1 c.
    fn solve(&self, mut c: Vec<f64>) -> Vec<f64> {
        self.matrix.scale_down(&self.pattern, &mut c);
        let mut x = lanczos::solve(&self.pattern, &self.matrix, &self.estimator.deflation, &c);
        self.matrix.scale_back(&self.pattern, &mut x);
        x
    }
}

/// T'Z'[X y] of the tail with the leaves eliminated, n_tail x (p + 1).
fn right_hand_sides(gram: &Gram, layout: &Layout, e: &Elimination) -> Vec<f64> {
    let (width, n_tail) = (gram.p + 1, layout.n_tail);
    let mut rhs = vec![0.0; n_tail * width];
    for &(f, offset) in &layout.tail {
        let (blocks, t) = (&gram.factors[f], &e.leaves.templates[f].t);
        let k = blocks.k;
        for (level, zr) in blocks.zr.chunks_exact(k * width).enumerate() {
            for a in 0..k {
                for c in 0..width {
                    rhs[c * n_tail + offset + level * k + a] = (0..k).map(|m| t[m + a * k] * zr[m * width + c]).sum();
                }
            }
        }
    }
    let Some(leaf) = layout.leaf else { return rhs };
    let k = gram.factors[leaf].k;
    let mut panel = Panel::default();
    for (level, r) in e.leaves.r.chunks_exact(k * width).enumerate() {
        e.leaves.panel(gram, layout, leaf, level, 0, &mut panel);
        for (h, &index) in panel.h.chunks_exact(k).zip(&panel.index) {
            for (h, r) in h.iter().zip(r.chunks_exact(width)) {
                for (c, r) in r.iter().enumerate() {
                    rhs[c * n_tail + index as usize] -= h * r;
                }
            }
        }
    }
    rhs
}

/// From a Cholesky factor back to its matrix (lower triangle), in place.
fn multiply_back(l: &mut [f64], n: usize) {
    for i in (0..n).rev() {
        for j in (0..=i).rev() {
            l[i + j * n] = (0..=j).map(|m| l[i + m * n] * l[j + m * n]).sum();
        }
    }
}
