//! The leaves after their elimination, level by level, and their columns in the tail.

use std::ops::Range;

use rayon::prelude::*;

use super::border::Border;
use super::layout::{LEAVES_PER_TASK, Layout, Panel};
use super::template::Template;
use crate::dense::small::{self, cholesky, log_determinant, multiply};
use crate::dense::view::View;
use crate::error::EngineError;
use crate::gram::{CrossBlocks, Gram};
use crate::stop::{self, BIG};

/// What the elimination of the leaves leaves behind; buffers are kept from one evaluation to the next.
#[derive(Clone)]
pub(crate) struct Leaves {
    /// T of every factor, those of the tail included.
    pub templates: Vec<Template>,
    /// Inverse of the Cholesky factor of each leaf's block of C, k0 x k0 (lower).
    pub linv: Vec<f64>,
    /// P = T linv', so that T C^-1 T' = P P'.
    pub p: Vec<f64>,
    /// P' Z'[X y], k0 rows of p + 1 for each leaf.
    pub r: Vec<f64>,
}

impl Leaves {
    pub(crate) fn new(gram: &Gram, layout: &Layout) -> Self {
        let (levels, k) = layout.leaf.map_or((0, 0), |g| (gram.factors[g].levels, gram.factors[g].k));
        Self {
            templates: Vec::new(),
            linv: vec![0.0; levels * k * k],
            p: vec![0.0; levels * k * k],
            r: vec![0.0; levels * k * (gram.p + 1)],
        }
    }

    /// Step 1: every leaf's own block, and what it takes from `[X y]'[X y]`. The log-determinant of the blocks of C.
    pub(super) fn eliminate(&mut self, gram: &Gram, leaf: usize, border: &mut Border) -> Result<f64, EngineError> {
        let (blocks, template) = (&gram.factors[leaf], &self.templates[leaf]);
        let (k, width) = (blocks.k, gram.p + 1);
        let task = |level0: usize, linv: &mut [f64], p: &mut [f64], r: &mut [f64]| {
            stop::point(linv.len() * 2 * k + r.len() * width);
            let mut taken = vec![0.0; width * width];
            let mut logdet = 0.0;
            let (mut c, mut half) = (vec![0.0; k * k], vec![0.0; k * k]);
            for m in 0..linv.len() / (k * k) {
                if k >= BIG {
                    stop::point(8 * k * k * k + 2 * k * width * (k + width));
                }
                let level = level0 + m;
                let zz = &blocks.zz[level * k * k..(level + 1) * k * k];
                let zr = &blocks.zr[level * k * width..(level + 1) * k * width];
                let (linv, p) = (&mut linv[m * k * k..(m + 1) * k * k], &mut p[m * k * k..(m + 1) * k * k]);
                let r = &mut r[m * k * width..(m + 1) * k * width];
                multiply(zz, &template.t, k, &mut half);
                small::multiply_transpose_left(&template.t, &half, k, &mut c);
                for j in 0..k {
                    c[j + j * k] += 1.0;
                }
                cholesky(&mut c, k).map_err(|_| EngineError::NotFinite)?;
                logdet += log_determinant(&c, k);
                invert_lower(&c, k, linv);
                small::multiply_transpose_right(&template.t, linv, k, p);
                project(p, zr, k, width, r);
                add_squares(r, width, &mut taken);
            }
            Ok((logdet, taken))
        };
        let (kk, kw) = (k * k * LEAVES_PER_TASK, k * width * LEAVES_PER_TASK);
        let pieces =
            self.linv.par_chunks_mut(kk).zip(self.p.par_chunks_mut(kk)).zip(self.r.par_chunks_mut(kw)).enumerate();
        let sums: Vec<Result<(f64, Vec<f64>), EngineError>> = if blocks.levels <= LEAVES_PER_TASK {
            vec![task(0, &mut self.linv, &mut self.p, &mut self.r)]
        } else {
            pieces.map(|(m, ((l, p), r))| task(m * LEAVES_PER_TASK, l, p, r)).collect()
        };
        let mut whole = 0.0;
        for sum in sums {
            let (logdet, taken) = sum?;
            whole += logdet;
            border.subtract(&taken);
        }
        Ok(whole)
    }

    /// The same for another `[X y]`: r, and what it takes.
    pub(super) fn project_border(&mut self, gram: &Gram, leaf: usize, border: &mut Border) {
        let (blocks, width) = (&gram.factors[leaf], gram.p + 1);
        let (k, p) = (blocks.k, &self.p);
        let task = |level0: usize, r: &mut [f64]| {
            stop::point(r.len() * (k + width));
            let mut taken = vec![0.0; width * width];
            for (m, r) in r.chunks_exact_mut(k * width).enumerate() {
                let level = level0 + m;
                let zr = &blocks.zr[level * k * width..(level + 1) * k * width];
                project(&p[level * k * k..(level + 1) * k * k], zr, k, width, r);
                add_squares(r, width, &mut taken);
            }
            taken
        };
        let piece = k * width * LEAVES_PER_TASK;
        let sums: Vec<Vec<f64>> = if blocks.levels <= LEAVES_PER_TASK {
            vec![task(0, &mut self.r)]
        } else {
            self.r.par_chunks_mut(piece).enumerate().map(|(m, r)| task(m * LEAVES_PER_TASK, r)).collect()
        };
        sums.iter().for_each(|taken| border.subtract(taken));
    }

    /// Make room for a border of another width.
    pub(super) fn set_width(&mut self, gram: &Gram, layout: &Layout) {
        let (levels, k) = layout.leaf.map_or((0, 0), |g| (gram.factors[g].levels, gram.factors[g].k));
        self.r.resize(levels * k * (gram.p + 1), 0.0);
    }

    /// T_f' Z'[X y] of every tail level.
    pub(super) fn start_rhs(&self, gram: &Gram, layout: &Layout, rhs: &mut [f64]) {
        let (width, n_tail) = (gram.p + 1, layout.n_tail);
        for &(f, offset) in &layout.tail {
            let (blocks, t) = (&gram.factors[f], &self.templates[f].t);
            let k = blocks.k;
            for level in 0..blocks.levels {
                stop::large(2 * k * k * width);
                let zr = &blocks.zr[level * k * width..(level + 1) * k * width];
                for c in 0..width {
                    for a in 0..k {
                        let sum: f64 = (0..k).map(|m| t[m + a * k] * zr[m * width + c]).sum();
                        rhs[c * n_tail + offset + level * k + a] = sum;
                    }
                }
            }
        }
    }

    /// Subtract H r of every leaf.
    pub(super) fn update_rhs(&self, gram: &Gram, layout: &Layout, rhs: &mut [f64]) {
        let Some(leaf) = layout.leaf else { return };
        let (width, n_tail, k) = (gram.p + 1, layout.n_tail, gram.factors[leaf].k);
        let mut panel = Panel::default();
        for level in 0..gram.factors[leaf].levels {
            self.panel(gram, layout, leaf, level, 0, &mut panel);
            stop::large(2 * panel.index.len() * k * width);
            let r = &self.r[level * k * width..(level + 1) * k * width];
            for (e, &index) in panel.index.iter().enumerate() {
                for (a, h) in panel.h[e * k..(e + 1) * k].iter().enumerate() {
                    for (c, value) in r[a * width..(a + 1) * width].iter().enumerate() {
                        rhs[c * n_tail + index as usize] -= h * value;
                    }
                }
            }
        }
    }

    /// The column panel of one leaf, from the scalar tail column `from` on.
    #[inline]
    pub(crate) fn panel(&self, gram: &Gram, layout: &Layout, leaf: usize, level: usize, from: usize, out: &mut Panel) {
        out.index.clear();
        out.g.clear();
        out.h.clear();
        let k0 = gram.factors[leaf].k;
        let p = &self.p[level * k0 * k0..(level + 1) * k0 * k0];
        for (&(f, offset), cross) in layout.tail.iter().zip(&gram.cross) {
            let kf = gram.factors[f].k;
            let mut pairs = cross.pairs(level);
            if offset + gram.factors[f].levels * kf <= from {
                continue;
            }
            if from > offset {
                let first = ((from - offset) / kf) as u32;
                pairs.start += cross.index[pairs.clone()].partition_point(|&i| i < first);
            }
            if kf == 1 && k0 == 1 {
                let (t, tp, first) = (self.templates[f].t[0], self.templates[f].t[0] * p[0], offset as u32);
                out.index.extend(cross.index[pairs.clone()].iter().map(|i| first + i));
                out.g.extend(cross.value[pairs.clone()].iter().map(|v| t * v));
                out.h.extend(cross.value[pairs].iter().map(|v| tp * v));
            } else {
                let t = View::square(&self.templates[f].t, kf);
                out.add_blocks(cross, pairs, offset, t, View::square(p, k0));
            }
        }
    }
}

impl Panel {
    /// Rows of some pairs of a factor whose columns begin at `offset`: T_f is `t`, P of the leaf `p`.
    fn add_blocks(&mut self, cross: &CrossBlocks, pairs: Range<usize>, offset: usize, t: View, p: View) {
        let (kf, k0) = (t.rows, p.rows);
        for pair in pairs {
            stop::large(2 * kf * k0 * (kf + k0));
            let block = cross.block(pair);
            let node = offset + cross.index[pair] as usize * kf;
            for a in 0..kf {
                self.index.push((node + a) as u32);
                let at = self.g.len();
                for b in 0..k0 {
                    let sum: f64 = (0..kf).map(|m| t.at(m, a) * block[m + b * kf]).sum();
                    self.g.push(sum);
                }
                for c in 0..k0 {
                    let sum: f64 = (0..k0).map(|b| self.g[at + b] * p.at(b, c)).sum();
                    self.h.push(sum);
                }
            }
        }
    }
}

/// Inverse of a lower-triangular k x k matrix.
#[inline]
fn invert_lower(l: &[f64], k: usize, out: &mut [f64]) {
    if k == 1 {
        out[0] = 1.0 / l[0];
        return;
    }
    out.fill(0.0);
    for j in 0..k {
        out[j + j * k] = 1.0 / l[j + j * k];
        for i in j + 1..k {
            let sum: f64 = (j..i).map(|m| l[i + m * k] * out[m + j * k]).sum();
            out[i + j * k] = -sum / l[i + i * k];
        }
    }
}

/// taken += r'r over rows of `width`, the lower triangle.
#[inline]
fn add_squares(r: &[f64], width: usize, taken: &mut [f64]) {
    for row in r.chunks_exact(width) {
        for j in 0..width {
            let value = row[j];
            for i in j..width {
                taken[i + j * width] += row[i] * value;
            }
        }
    }
}

/// out = P' zr, rows of `width`.
#[inline]
fn project(p: &[f64], zr: &[f64], k: usize, width: usize, out: &mut [f64]) {
    for a in 0..k {
        let row = &mut out[a * width..(a + 1) * width];
        row.fill(0.0);
        for m in 0..k {
            let factor = p[m + a * k];
            for (o, z) in row.iter_mut().zip(&zr[m * width..(m + 1) * width]) {
                *o += factor * z;
            }
        }
    }
}
