//! The Schur complement S = I + K on the tail and its block-Jacobi scaling S = R (I - M) R', R the Cholesky factors of
//! the diagonal blocks, so that M has none and tr M = 0; and the way back from d / dM to d / dS.

use rayon::prelude::*;

use super::pattern::Pattern;
use crate::dense::small::{cholesky, log_determinant, multiply, multiply_transpose_left};
use crate::effects::elimination::Elimination;
use crate::effects::layout::{Layout, Panel};
use crate::error::EngineError;
use crate::gram::Gram;
use crate::stop;

/// Rows of a matrix handled by one task.
const ROWS_PER_TASK: usize = 1024;

#[derive(Default)]
pub(super) struct Matrix {
    /// S - I: proportional to the templates also where S is not.
    pub k: Vec<f64>,
    pub m: Vec<f64>,
    /// Cholesky factors of the diagonal blocks of S.
    pub r: Vec<f64>,
    /// log-determinant of the diagonal blocks.
    pub logdet: f64,
}

impl Matrix {
    pub(super) fn assemble(
        &mut self,
        gram: &Gram,
        layout: &Layout,
        e: &Elimination,
        pattern: &Pattern,
    ) -> Result<(), EngineError> {
        self.k.clear();
        self.k.resize(pattern.index.len(), 0.0);
        self.add_own(gram, layout, e, pattern);
        self.subtract_leaves(gram, layout, e, pattern);
        self.scale(pattern)
    }

    /// T'A T within the tail.
    fn add_own(&mut self, gram: &Gram, layout: &Layout, e: &Elimination, pattern: &Pattern) {
        for &(f, offset) in &layout.tail {
            let (blocks, t) = (&gram.factors[f], &e.leaves.templates[f].t);
            let k = blocks.k;
            let (mut half, mut whole) = (vec![0.0; k * k], vec![0.0; k * k]);
            for level in 0..blocks.levels {
                multiply(&blocks.zz[level * k * k..(level + 1) * k * k], t, k, &mut half);
                multiply_transpose_left(t, &half, k, &mut whole);
                let first = offset + level * k;
                for a in 0..k {
                    let at = pattern.find(first + a, first);
                    for b in 0..k {
                        self.k[at + b] = whole[a + b * k];
                    }
                }
            }
        }
        for (cross, first, second) in layout.tail_pairs(gram) {
            let (kf, ks) = (gram.factors[cross.first].k, gram.factors[cross.second].k);
            let (tf, ts) = (&e.leaves.templates[cross.first].t, &e.leaves.templates[cross.second].t);
            for level in 0..gram.factors[cross.first].levels {
                for pair in cross.pairs(level) {
                    let block = cross.block(pair);
                    for a in 0..ks {
                        let row = second + cross.index[pair] as usize * ks + a;
                        let at = pattern.find(row, first + level * kf);
                        for b in 0..kf {
                            let mut value = 0.0;
                            for n in 0..kf {
                                let left: f64 = (0..ks).map(|m| ts[m + a * ks] * block[m + n * ks]).sum();
                                value += left * tf[n + b * kf];
                            }
                            self.k[at + b] += value;
                            self.k[pattern.mirror[at + b] as usize] += value;
                        }
                    }
                }
            }
        }
    }

    /// - h h' of every leaf.
    fn subtract_leaves(&mut self, gram: &Gram, layout: &Layout, e: &Elimination, pattern: &Pattern) {
        let Some(leaf) = layout.leaf else { return };
        let k = gram.factors[leaf].k;
        let mut panel = Panel::default();
        for level in 0..gram.factors[leaf].levels {
            e.leaves.panel(gram, layout, leaf, level, 0, &mut panel);
            let mut entries = pattern.leaf_entries[pattern.leaf_start[level]..pattern.leaf_start[level + 1]].iter();
            for (a, ha) in panel.h.chunks_exact(k).enumerate() {
                for (b, hb) in panel.h.chunks_exact(k).enumerate().take(a + 1) {
                    let Some(&entry) = entries.next() else { return };
                    let value: f64 = ha.iter().zip(hb).map(|(x, y)| x * y).sum();
                    self.k[entry as usize] -= value;
                    if b < a {
                        self.k[pattern.mirror[entry as usize] as usize] -= value;
                    }
                }
            }
        }
    }

    fn scale(&mut self, pattern: &Pattern) -> Result<(), EngineError> {
        self.r.clear();
        self.logdet = 0.0;
        let mut block = Vec::new();
        for &(first, k) in &pattern.levels {
            block.clear();
            block.resize(k * k, 0.0);
            for a in 0..k {
                let at = pattern.find(first + a, first);
                for b in 0..k {
                    block[a + b * k] = self.k[at + b] + f64::from(u8::from(a == b));
                }
            }
            cholesky(&mut block, k).map_err(|_| EngineError::NotFinite)?;
            self.logdet += log_determinant(&block, k);
            self.r.extend_from_slice(&block);
        }
        self.m.clear();
        self.m.extend(self.k.iter().map(|v| -v));
        for (level, &(first, k)) in pattern.levels.iter().enumerate() {
            let r = &self.r[pattern.block[level]..];
            let width = pattern.row(first).len();
            let rows = &mut self.m[pattern.start[first]..pattern.start[first] + k * width];
            for c in 0..width {
                forward(r, k, rows, c, width);
            }
            for a in 0..k {
                let at = pattern.find(first + a, first) - pattern.start[first];
                rows[at..at + k].fill(0.0);
                each_block(pattern, first + a, |at, other, ko| {
                    forward(&self.r[other..], ko, &mut rows[a * width + at..], 0, 1);
                });
            }
        }
        Ok(())
    }

    /// out = M x.
    pub(super) fn multiply(&self, pattern: &Pattern, x: &[f64], out: &mut [f64]) {
        out.par_chunks_mut(ROWS_PER_TASK).enumerate().for_each(|(chunk, out)| {
            let rows = chunk * ROWS_PER_TASK..chunk * ROWS_PER_TASK + out.len();
            stop::point(4 * (pattern.start[rows.end] - pattern.start[rows.start]));
            for (a, out) in out.iter_mut().enumerate() {
                let row = pattern.row(chunk * ROWS_PER_TASK + a);
                let (values, index) = (&self.m[row.clone()], &pattern.index[row]);
                *out = values.iter().zip(index).map(|(v, &j)| v * x[j as usize]).sum();
            }
        });
    }

    /// x = R^-1 x.
    pub(super) fn scale_down(&self, pattern: &Pattern, x: &mut [f64]) {
        for (level, &(first, k)) in pattern.levels.iter().enumerate() {
            forward(&self.r[pattern.block[level]..], k, &mut x[first..first + k], 0, 1);
        }
    }

    /// x = R^-T x.
    pub(super) fn scale_back(&self, pattern: &Pattern, x: &mut [f64]) {
        for (level, &(first, k)) in pattern.levels.iter().enumerate() {
            backward(&self.r[pattern.block[level]..], k, &mut x[first..first + k], 0, 1);
        }
    }

    /// From dE / dM (on the pattern, in place) to dE / dS, where E contains log-determinant of the diagonal blocks, too.
    /// M = I - R^-1 S R^-T; with N the diagonal blocks of (dE/dM) M and dR = R Phi(R^-1 dS R^-T), Phi the lower
    /// triangle with half the diagonal, the diagonal blocks are R^-T (I - N) R^-1, of N the lower triangle mirrored.
    pub(super) fn adjoint(&self, pattern: &Pattern, bar: &mut [f64]) {
        for (level, &(first, k)) in pattern.levels.iter().enumerate() {
            let r = &self.r[pattern.block[level]..];
            let width = pattern.row(first).len();
            let begin = pattern.start[first];
            let m = &self.m[begin..begin + k * width];
            let rows = &mut bar[begin..begin + k * width];
            let mut own = vec![0.0; k * k];
            for a in 0..k {
                for b in 0..=a {
                    // The diagonal blocks of M are zero: what `bar` holds there does not count.
                    let (x, y) = (&rows[a * width..(a + 1) * width], &m[b * width..(b + 1) * width]);
                    let n: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
                    own[a * k + b] = f64::from(u8::from(a == b)) - n;
                    own[b * k + a] = own[a * k + b];
                }
            }
            rows.iter_mut().for_each(|v| *v = -*v);
            for a in 0..k {
                let at = pattern.find(first + a, first) - begin;
                rows[at..at + k].copy_from_slice(&own[a * k..(a + 1) * k]);
            }
            for c in 0..width {
                backward(r, k, rows, c, width);
            }
            for a in 0..k {
                each_block(pattern, first + a, |at, other, ko| {
                    backward(&self.r[other..], ko, &mut rows[a * width + at..], 0, 1);
                });
            }
        }
    }
}

/// Calls `visit(offset in the row, block of the level, effects)` for the levels that row i meets.
fn each_block(pattern: &Pattern, i: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let row = pattern.row(i);
    let mut at = row.start;
    while at < row.end {
        let level = pattern.level_of[pattern.index[at] as usize] as usize;
        let k = pattern.levels[level].1;
        visit(at - row.start, pattern.block[level], k);
        at += k;
    }
}

/// Solve R x = b for the k numbers x[at], x[at + step], ...
#[inline]
fn forward(r: &[f64], k: usize, x: &mut [f64], at: usize, step: usize) {
    for a in 0..k {
        let mut value = x[at + a * step];
        for b in 0..a {
            value -= r[a + b * k] * x[at + b * step];
        }
        x[at + a * step] = value / r[a + a * k];
    }
}

/// Solve R'x = b likewise.
#[inline]
fn backward(r: &[f64], k: usize, x: &mut [f64], at: usize, step: usize) {
    for a in (0..k).rev() {
        let mut value = x[at + a * step];
        for b in a + 1..k {
            value -= r[b + a * k] * x[at + b * step];
        }
        x[at + a * step] = value / r[a + a * k];
    }
}
