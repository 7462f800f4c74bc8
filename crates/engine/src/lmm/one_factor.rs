//! One grouping factor with up to four effects: the whole evaluation in two passes over the levels.
//!
//! Nothing couples the levels but `[X y]`. Pass 1 eliminates each level and keeps B_l = [Z'V^-1 Z]_ll and
//! T_x = [Z'V^-1 [X y]]_l; with beta known, pass 2 adds up s s', T_x (X'V^-1 X)^-1 T_x', T_x x s and B x s s', from
//! which D and the average information along any number of directions follow without the levels. Kernels are
//! compiled for each k, so that their loops unroll.

use rayon::prelude::*;

use super::classes::Classes;
use crate::dense::view::{View, ViewMut, positions};
use crate::effects::border::Border;
use crate::effects::information::Noise;
use crate::effects::layout::{LEAVES_PER_TASK, Layout};
use crate::effects::parameters::Direction;
use crate::effects::template::{Template, sigma_direction};
use crate::error::EngineError;
use crate::gram::{FactorBlocks, Gram};
use crate::stop;

/// Most effects that have a kernel.
pub(crate) const MOST_EFFECTS: usize = 4;

/// Whether a model takes this path.
pub(crate) fn serves(gram: &Gram, layout: &Layout) -> bool {
    layout.n_tail == 0 && layout.leaf.is_some_and(|leaf| gram.factors[leaf].k <= MOST_EFFECTS)
}

/// Buffers kept from one evaluation to the next.
pub(crate) struct OneFactor {
    /// B of each level (or class of levels), k x k.
    pub(super) b: Vec<f64>,
    /// T_x of each level, k rows of p + 1; of a class Q with T_x = Q Z'[X y], k rows of k.
    pub(super) tx: Vec<f64>,
    pub border: Border,
    pub logdet_u: f64,
}

/// Sums over levels, in the order of their names in the module's text.
pub(crate) struct Sums {
    /// sum of B (U S), k x k.
    pub trace: Vec<f64>,
    /// sum of s s', k x k.
    pub ss: Vec<f64>,
    /// sum of T_x (X'V^-1 X)^-1 T_x', k x k.
    pub past: Vec<f64>,
    /// sum of T_x[a, c] s[b], c along column a + k b.
    pub txs: Vec<f64>,
    /// sum of B s[i] s[j], matrix number i + k j.
    pub bss: Vec<f64>,
    /// s of every level; empty where levels are handled by class.
    pub s: Vec<f64>,
}

impl OneFactor {
    pub(crate) fn new(levels: usize, k: usize, p: usize, classes: Option<&Classes>) -> Self {
        let (units, row) = classes.map_or((levels, p + 1), |c| (c.len(), k));
        Self { b: vec![0.0; units * k * k], tx: vec![0.0; units * k * row], border: Border::new(p), logdet_u: 0.0 }
    }

    /// Pass 1: log-determinants and the border; returns sum B (U S).
    pub(crate) fn eliminate(
        &mut self,
        blocks: &FactorBlocks,
        classes: Option<&Classes>,
        fixed: &[f64],
        template: &Template,
    ) -> Result<Vec<f64>, EngineError> {
        if let Some(classes) = classes {
            return match blocks.k {
                1 => self.eliminate_classes::<1>(classes, fixed, template),
                2 => self.eliminate_classes::<2>(classes, fixed, template),
                3 => self.eliminate_classes::<3>(classes, fixed, template),
                _ => self.eliminate_classes::<4>(classes, fixed, template),
            };
        }
        match blocks.k {
            1 => self.eliminate_sized::<1>(blocks, fixed, template),
            2 => self.eliminate_sized::<2>(blocks, fixed, template),
            3 => self.eliminate_sized::<3>(blocks, fixed, template),
            _ => self.eliminate_sized::<4>(blocks, fixed, template),
        }
    }

    fn eliminate_sized<const K: usize>(
        &mut self,
        blocks: &FactorBlocks,
        fixed: &[f64],
        template: &Template,
    ) -> Result<Vec<f64>, EngineError> {
        let width = self.border.p + 1;
        let (kk, kw) = (K * K * LEAVES_PER_TASK, K * width * LEAVES_PER_TASK);
        let (t, inverse_transpose) = (matrix::<K>(&template.t), matrix::<K>(&template.inverse_transpose));
        let task = |b: &mut [f64], tx: &mut [f64], zz: &[f64], zr: &[f64]| {
            stop::point(b.len() * 20 + tx.len() * width);
            // A literal width lets the loops over [X y] unroll for the commonest models.
            match width {
                2 => eliminate_levels::<K>(b, tx, zz, zr, &t, &inverse_transpose, 2),
                3 => eliminate_levels::<K>(b, tx, zz, zr, &t, &inverse_transpose, 3),
                4 => eliminate_levels::<K>(b, tx, zz, zr, &t, &inverse_transpose, 4),
                _ => eliminate_levels::<K>(b, tx, zz, zr, &t, &inverse_transpose, width),
            }
        };
        let sums: Vec<Option<Eliminated<K>>> = if blocks.levels <= LEAVES_PER_TASK {
            vec![task(&mut self.b, &mut self.tx, &blocks.zz, &blocks.zr)]
        } else {
            let out = self.b.par_chunks_mut(kk).zip(self.tx.par_chunks_mut(kw));
            out.zip(blocks.zz.par_chunks(kk).zip(blocks.zr.par_chunks(kw)))
                .map(|((b, tx), (zz, zr))| task(b, tx, zz, zr))
                .collect()
        };
        self.border.matrix.copy_from_slice(fixed);
        self.logdet_u = 0.0;
        let mut trace = vec![0.0; K * K];
        for sum in sums {
            let sum = sum.ok_or(EngineError::NotFinite)?;
            self.logdet_u += sum.logdet;
            self.border.subtract(&sum.taken);
            for j in 0..K {
                for i in 0..K {
                    trace[i + j * K] += sum.trace[j][i];
                }
            }
        }
        self.border.finish()?;
        Ok(trace)
    }

    /// Pass 2: everything that needs beta.
    pub(crate) fn sums(
        &self,
        blocks: &FactorBlocks,
        classes: Option<&Classes>,
        trace: Vec<f64>,
        beta: &[f64],
        reml: bool,
    ) -> Sums {
        if let Some(classes) = classes {
            return match blocks.k {
                1 => self.class_sums::<1>(classes, trace, beta, reml),
                2 => self.class_sums::<2>(classes, trace, beta, reml),
                3 => self.class_sums::<3>(classes, trace, beta, reml),
                _ => self.class_sums::<4>(classes, trace, beta, reml),
            };
        }
        let levels = blocks.levels;
        match blocks.k {
            1 => self.sums_sized::<1>(levels, trace, beta, reml),
            2 => self.sums_sized::<2>(levels, trace, beta, reml),
            3 => self.sums_sized::<3>(levels, trace, beta, reml),
            _ => self.sums_sized::<4>(levels, trace, beta, reml),
        }
    }

    fn sums_sized<const K: usize>(&self, levels: usize, trace: Vec<f64>, beta: &[f64], reml: bool) -> Sums {
        let width = self.border.p + 1;
        let mut s = vec![0.0; levels * K];
        let task = |(s, (b, tx)): (&mut [f64], (&[f64], &[f64]))| {
            stop::point(b.len() * K * K + tx.len() * (2 + width));
            match self.border.p {
                1 => self.sum_levels::<K>(s, b, tx, beta, reml, 1),
                2 => self.sum_levels::<K>(s, b, tx, beta, reml, 2),
                3 => self.sum_levels::<K>(s, b, tx, beta, reml, 3),
                p => self.sum_levels::<K>(s, b, tx, beta, reml, p),
            }
        };
        let parts: Vec<Vec<f64>> = if levels <= LEAVES_PER_TASK {
            vec![task((&mut s, (&self.b, &self.tx)))]
        } else {
            let rows = self.b.par_chunks(K * K * LEAVES_PER_TASK).zip(self.tx.par_chunks(K * width * LEAVES_PER_TASK));
            s.par_chunks_mut(K * LEAVES_PER_TASK).zip(rows).map(task).collect()
        };
        let mut all = vec![0.0; parts.first().map_or(0, Vec::len)];
        for part in &parts {
            for (a, v) in all.iter_mut().zip(part) {
                *a += v;
            }
        }
        let (kk, p) = (K * K, self.border.p);
        let bss = all.split_off(2 * kk + p * kk);
        let txs = all.split_off(2 * kk);
        let past = all.split_off(kk);
        Sums { trace, ss: all, past, txs, bss, s }
    }

    /// One piece of pass 2: ss, past, txs and bss one after another.
    #[inline(always)]
    fn sum_levels<const K: usize>(
        &self,
        s: &mut [f64],
        b: &[f64],
        tx: &[f64],
        beta: &[f64],
        reml: bool,
        p: usize,
    ) -> Vec<f64> {
        let (width, kk) = (p + 1, K * K);
        let mut ss = [[0.0; K]; K];
        let mut past = [[0.0; K]; K];
        let mut bss = [[[[0.0; K]; K]; K]; K];
        let mut txs = vec![0.0; p * kk];
        let mut half = vec![0.0; K * p];
        let inverse = self.border.x_inverse_rows();
        for ((s, b), tx) in s.chunks_exact_mut(K).zip(b.chunks_exact(kk)).zip(tx.chunks_exact(K * width)) {
            for a in 0..K {
                let row = &tx[a * width..(a + 1) * width];
                s[a] = row[p] - row.iter().zip(beta).map(|(t, b)| t * b).sum::<f64>();
            }
            for i in 0..K {
                for j in 0..=i {
                    let both = s[i] * s[j];
                    ss[i][j] += both;
                    for a in 0..K {
                        for c in 0..=a {
                            bss[i][j][a][c] += both * b[a + c * K];
                        }
                    }
                }
            }
            for (i, s) in s.iter().enumerate() {
                for a in 0..K {
                    let row = &tx[a * width..a * width + p];
                    for (o, t) in ViewMut::new(&mut txs, p, kk).col(a + K * i).iter_mut().zip(row) {
                        *o += t * s;
                    }
                }
            }
            if reml {
                for a in 0..K {
                    // R^-T by rows of its inverse: one division a coefficient, not a level.
                    let row = &tx[a * width..a * width + p];
                    for (i, o) in half[a * p..(a + 1) * p].iter_mut().enumerate() {
                        *o = row[..=i].iter().zip(&inverse[i * p..]).map(|(t, r)| t * r).sum();
                    }
                }
                for a in 0..K {
                    for c in 0..=a {
                        let (x, y) = (&half[a * p..(a + 1) * p], &half[c * p..(c + 1) * p]);
                        past[a][c] += x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
                    }
                }
            }
        }
        let mut out = Vec::with_capacity(2 * kk + p * kk + kk * kk);
        out.extend(positions(K, K).map(|(i, j)| ss[i.max(j)][i.min(j)]));
        out.extend(positions(K, K).map(|(i, j)| past[i.max(j)][i.min(j)]));
        out.extend_from_slice(&txs);
        for (i, j) in positions(K, K) {
            let own = &bss[i.max(j)][i.min(j)];
            out.extend(positions(K, K).map(|(a, c)| own[a.max(c)][a.min(c)]));
        }
        out
    }

    /// What D needs at any beta and sigma^2: s s' / sigma^2 (and REML's term) summed, and the trace handed through.
    pub(crate) fn slope_sums(
        &self,
        blocks: &FactorBlocks,
        trace: Vec<f64>,
        beta: &[f64],
        s2: f64,
        reml: bool,
    ) -> (Vec<f64>, Vec<f64>) {
        if reml {
            let sums = self.sums(blocks, None, trace, beta, reml);
            return (self.outer(&sums, s2), sums.trace);
        }
        let (k, width) = (blocks.k, self.border.p + 1);
        let mut out = vec![0.0; k * k];
        let mut s = [0.0; MOST_EFFECTS];
        for tx in self.tx.chunks_exact(k * width) {
            for (s, row) in s.iter_mut().zip(tx.chunks_exact(width)) {
                *s = row[width - 1] - row.iter().zip(beta).map(|(t, b)| t * b).sum::<f64>();
            }
            for j in 0..k {
                for i in 0..k {
                    out[i + j * k] += s[i] * s[j];
                }
            }
        }
        out.iter_mut().for_each(|v| *v /= s2);
        (out, trace)
    }

    /// Average information along directions of T (see `information`).
    pub(crate) fn average_information(
        &self,
        sums: &Sums,
        t: &[f64],
        directions: &[Direction],
        k: usize,
        noise: Noise,
    ) -> Vec<f64> {
        let (count, p) = (directions.len(), self.border.p);
        let (txs, bss) = (View::new(&sums.txs, p, k * k), View::square(&sums.bss, k));
        let sigma: Vec<Vec<f64>> = directions.iter().map(|d| sigma_direction(t, &d.dt, k)).collect();
        let mut fixed = vec![0.0; count * p];
        let mut sw = vec![0.0; count];
        for (m, d) in sigma.iter().enumerate() {
            let own = &mut fixed[m * p..(m + 1) * p];
            for b in 0..k {
                for a in 0..k {
                    for (o, v) in own.iter_mut().zip(txs.col(a + k * b)) {
                        *o += d[a + b * k] * v;
                    }
                    sw[m] += d[a + b * k] * sums.ss[a + b * k];
                }
            }
            self.border.half_solve(own);
        }
        let mut out = vec![0.0; count * count];
        for l in 0..count {
            // sum over levels of (D_l s) (B s-part): contract the first direction once.
            let mut left = vec![0.0; k * k]; // index b + k j
            for j in 0..k {
                for i in 0..k {
                    for b in 0..k {
                        for a in 0..k {
                            left[b + k * j] += sigma[l][a + i * k] * bss.block(i + k * j).at(a, b);
                        }
                    }
                }
            }
            for m in 0..=l {
                let whole: f64 = left.iter().zip(&sigma[m]).map(|(x, y)| x * y).sum();
                let (x, y) = (View::new(&fixed, p, count).col(l), View::new(&fixed, p, count).col(m));
                let past: f64 = x.iter().zip(y).map(|(x, y)| x * y).sum();
                let value = (whole - past - sw[l] * sw[m] * noise.pull) / noise.s2;
                out[l + m * count] = value;
                out[m + l * count] = value;
            }
        }
        out
    }

    /// s s' / sigma^2 and, for REML, T_x (X'V^-1 X)^-1 T_x': what D subtracts from sum B.
    pub(crate) fn outer(&self, sums: &Sums, s2: f64) -> Vec<f64> {
        sums.ss.iter().zip(&sums.past).map(|(s, past)| s / s2 + past).collect()
    }
}

/// Columns of a K x K matrix.
pub(super) type Square<const K: usize> = [[f64; K]; K];

pub(super) fn matrix<const K: usize>(values: &[f64]) -> Square<K> {
    let mut out = [[0.0; K]; K];
    for (j, column) in out.iter_mut().enumerate() {
        column.copy_from_slice(&values[j * K..(j + 1) * K]);
    }
    out
}

/// Sums of one piece of pass 1.
pub(super) struct Eliminated<const K: usize> {
    pub logdet: f64,
    pub taken: Vec<f64>,
    pub trace: Square<K>,
}

/// Pass 1 over some levels; `None` where a pivot is not positive, which finite data cannot cause.
#[inline(always)]
pub(super) fn eliminate_levels<const K: usize>(
    b: &mut [f64],
    tx: &mut [f64],
    zz: &[f64],
    zr: &[f64],
    t: &Square<K>,
    inverse_transpose: &Square<K>,
    width: usize,
) -> Option<Eliminated<K>> {
    let mut taken = vec![0.0; width * width];
    let mut trace = [[0.0; K]; K];
    let (mut logdet, mut product) = (0.0, 1.0);
    let mut r = vec![0.0; K * width];
    let levels = b.chunks_exact_mut(K * K).zip(tx.chunks_exact_mut(K * width));
    for ((b, tx), (zz, zr)) in levels.zip(zz.chunks_exact(K * K).zip(zr.chunks_exact(K * width))) {
        let zz = matrix::<K>(zz);
        let (linv, diagonal) = inverse_factor(&zz, t)?;
        product *= diagonal;
        if product > 1e150 {
            logdet += f64::ln(product);
            product = 1.0;
        }
        // P = T linv', so that T C^-1 T' = P P' and [Z'V^-1 Z] T = ZZ P linv.
        let p = times_transpose(t, &linv);
        let e = times(&times(&zz, &p), &linv);
        for j in 0..K {
            for i in 0..K {
                trace[j][i] += e[j][i];
                let value: f64 = (0..K).map(|m| e[m][i] * inverse_transpose[m][j]).sum();
                b[i + j * K] = value;
            }
        }
        // r = P'zr takes r'r from the border; T_x = T^-T linv' r.
        for a in 0..K {
            let row = &mut r[a * width..(a + 1) * width];
            row.fill(0.0);
            for m in 0..K {
                for (o, z) in row.iter_mut().zip(&zr[m * width..(m + 1) * width]) {
                    *o += p[a][m] * z;
                }
            }
            for j in 0..width {
                for i in j..width {
                    taken[i + j * width] += row[i] * row[j];
                }
            }
        }
        let back = times_transpose(inverse_transpose, &linv);
        // back = T^-T linv' as (U S^-1) (linv)': rows act on r.
        for a in 0..K {
            let row = &mut tx[a * width..(a + 1) * width];
            row.fill(0.0);
            for m in 0..K {
                for (o, v) in row.iter_mut().zip(&r[m * width..(m + 1) * width]) {
                    *o += back[m][a] * v;
                }
            }
        }
    }
    logdet += product.ln();
    Some(Eliminated { logdet: 2.0 * logdet, taken, trace })
}

/// Inverse of the Cholesky factor of T'ZZ T + I, and the product of the factor's diagonal.
#[inline(always)]
fn inverse_factor<const K: usize>(zz: &Square<K>, t: &Square<K>) -> Option<(Square<K>, f64)> {
    let half = times(zz, t);
    let mut c = [[0.0; K]; K];
    for j in 0..K {
        for i in j..K {
            c[j][i] = (0..K).map(|m| t[i][m] * half[j][m]).sum();
        }
        c[j][j] += 1.0;
    }
    let mut product = 1.0;
    let mut reciprocal = [0.0; K]; // divisions are slow: each pivot is divided by once
    for j in 0..K {
        for m in 0..j {
            let (earlier, factor) = (c[m], c[m][j]);
            for (value, e) in c[j].iter_mut().zip(&earlier).skip(j) {
                *value -= e * factor;
            }
        }
        if c[j][j].is_nan() || c[j][j] <= 0.0 {
            return None;
        }
        let root = c[j][j].sqrt();
        product *= root;
        reciprocal[j] = 1.0 / root;
        c[j].iter_mut().skip(j + 1).for_each(|value| *value *= reciprocal[j]);
    }
    let mut inverse = [[0.0; K]; K];
    for j in 0..K {
        inverse[j][j] = reciprocal[j];
        for i in j + 1..K {
            let sum: f64 = (j..i).map(|m| c[m][i] * inverse[j][m]).sum();
            inverse[j][i] = -sum * reciprocal[i];
        }
    }
    Some((inverse, product))
}

/// A B.
#[inline(always)]
fn times<const K: usize>(a: &Square<K>, b: &Square<K>) -> Square<K> {
    let mut out = [[0.0; K]; K];
    for j in 0..K {
        for m in 0..K {
            for i in 0..K {
                out[j][i] += a[m][i] * b[j][m];
            }
        }
    }
    out
}

/// A B'.
#[inline(always)]
fn times_transpose<const K: usize>(a: &Square<K>, b: &Square<K>) -> Square<K> {
    let mut out = [[0.0; K]; K];
    for m in 0..K {
        for j in 0..K {
            for i in 0..K {
                out[j][i] += a[m][i] * b[m][j];
            }
        }
    }
    out
}
