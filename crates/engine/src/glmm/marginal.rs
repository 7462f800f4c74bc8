//! Variance of every row's linear predictors given the data, S_i = Z_i Lambda H^-1 Lambda'Z_i', from the selected
//! inverse: the blocks of H^-1 between the levels that a row belongs to.

use rayon::prelude::*;

use super::blocks::run;
use super::data::{Data, FactorRows};
use super::likelihood::PIECE;
use crate::dense::small::{add, multiply, multiply_transpose_left, multiply_transpose_right};
use crate::dense::view::{View, positions};
use crate::effects::elimination::Elimination;
use crate::effects::layout::Panel;
use crate::family::pair;
use crate::gram::Gram;
use crate::stop;

/// From this many rows on leaves are handled side by side.
const MANY: usize = 5_000;

/// What the selected inverse gives.
pub(crate) struct Marginal {
    /// S_i in runs of the pairs of linear predictors.
    pub variances: Vec<f64>,
    /// Sum of the blocks of H^-1 of each factor's levels.
    pub inverse_blocks: Vec<Vec<f64>>,
}

/// The tail must be inverted already.
pub(crate) fn of(data: &Data, gram: &Gram, e: &Elimination) -> Marginal {
    let n = data.n;
    let runs = data.predictors * (data.predictors + 1) / 2;
    let mut inverse_blocks: Vec<Vec<f64>> = gram.factors.iter().map(|f| vec![0.0; f.k * f.k]).collect();
    let Some(leaf) = data.layout.leaf else { return Marginal { variances: vec![0.0; runs * n], inverse_blocks } };
    for &(f, offset) in &data.layout.tail {
        add_tail_inverses(gram, e, f, offset, &mut inverse_blocks[f]);
    }
    let intercepts = data.predictors == 1 && data.factors.iter().all(FactorRows::only_ones);
    let work = Variances { data, gram, e, leaf, tail_blocks: tail_blocks(data, gram, e), intercepts };
    let pieces: Vec<(Vec<f64>, Vec<f64>)> = if n < MANY {
        vec![work.piece(0, gram.factors[leaf].levels)]
    } else {
        cut(&data.leaf_start).into_par_iter().map(|(from, to)| work.piece(from, to)).collect()
    };
    let mut parts = Vec::with_capacity(pieces.len());
    for (part, sum) in pieces {
        add(&mut inverse_blocks[leaf], &sum);
        parts.push(part);
    }
    let variances = match parts.len() {
        1 => parts.swap_remove(0),
        _ if runs == 1 => parts.concat(),
        // Every piece has its own runs.
        _ => (0..runs).flat_map(|r| parts.iter().flat_map(move |p| run(p, r, p.len() / runs).to_vec())).collect(),
    };
    Marginal { variances, inverse_blocks }
}

fn add_tail_inverses(gram: &Gram, e: &Elimination, f: usize, offset: usize, sum: &mut [f64]) {
    let k = gram.factors[f].k;
    for level in 0..gram.factors[f].levels {
        let node = offset + level * k;
        for (m, sum) in sum.iter_mut().enumerate() {
            let (i, j) = (node + m % k, node + m / k);
            *sum += e.tail.inverse_at(i.max(j), i.min(j));
        }
    }
}

/// Ranges of leaves that hold about [`PIECE`] rows each.
fn cut(leaf_start: &[usize]) -> Vec<(usize, usize)> {
    let levels = leaf_start.len() - 1;
    let (mut out, mut first) = (Vec::new(), 0);
    for level in 0..levels {
        if leaf_start[level + 1] - leaf_start[first] >= PIECE || level + 1 == levels {
            out.push((first, level + 1));
            first = level + 1;
        }
    }
    out
}

/// T S T' of every level of the tail factors.
fn tail_blocks(data: &Data, gram: &Gram, e: &Elimination) -> Vec<Vec<f64>> {
    let one = |&(f, offset): &(usize, usize)| {
        let (levels, k) = (gram.factors[f].levels, gram.factors[f].k);
        let t = &e.leaves.templates[f].t;
        let mut out = vec![0.0; levels * k * k];
        let (mut s, mut half) = (vec![0.0; k * k], vec![0.0; k * k]);
        for (level, out) in out.chunks_exact_mut(k * k).enumerate() {
            stop::large(4 * k * k * k);
            let node = offset + level * k;
            for (m, s) in s.iter_mut().enumerate() {
                let (i, j) = (node + m % k, node + m / k);
                *s = e.tail.inverse_at(i.max(j), i.min(j));
            }
            multiply(t, &s, k, &mut half);
            multiply_transpose_right(&half, t, k, out);
        }
        out
    };
    data.layout.tail.iter().map(one).collect()
}

struct Variances<'a> {
    data: &'a Data,
    gram: &'a Gram,
    e: &'a Elimination,
    leaf: usize,
    /// By tail factor.
    tail_blocks: Vec<Vec<f64>>,
    /// Whether all effects are random intercepts of one linear predictor.
    intercepts: bool,
}

impl Variances<'_> {
    /// Rows of the leaves `from..to`, and the sum of their blocks of H^-1.
    fn piece(&self, from: usize, to: usize) -> (Vec<f64>, Vec<f64>) {
        let data = self.data;
        let m = data.predictors;
        let (first, last) = (data.leaf_start[from], data.leaf_start[to]);
        let len = last - first;
        let mut out = vec![0.0; m * (m + 1) / 2 * len];
        let k = self.gram.factors[self.leaf].k;
        let mut panel = Panel::default();
        let mut y: Vec<f64> = Vec::new();
        let (mut inner, mut half, mut own) = (vec![0.0; k * k], vec![0.0; k * k], vec![0.0; k * k]);
        let mut to_tail: Vec<f64> = Vec::new();
        let mut sum = vec![0.0; k * k];
        for level in from..to {
            let rows = data.leaf_start[level + 1] - data.leaf_start[level];
            stop::point(20 + 8 * k * k * k + 4 * rows * k * k);
            let p = &self.e.leaves.p[level * k * k..(level + 1) * k * k];
            inner.fill(0.0);
            (0..k).for_each(|j| inner[j + j * k] = 1.0);
            if data.layout.n_tail > 0 {
                self.e.leaves.panel(self.gram, &data.layout, self.leaf, level, 0, &mut panel);
                stop::large(2 * panel.index.len() * k * (panel.index.len() + k));
                self.e.tail.multiply_inverse(level, &panel, k, &mut y);
                for (h, y) in panel.h.chunks_exact(k).zip(y.chunks_exact(k)) {
                    for b in 0..k {
                        for a in 0..k {
                            inner[a + b * k] += h[a] * y[b];
                        }
                    }
                }
                self.rows_to_tail(level, p, &y, &mut to_tail);
            }
            // The block of H^-1 is linv'(I + h'S h) linv, and P = T linv'.
            let linv = &self.e.leaves.linv[level * k * k..(level + 1) * k * k];
            multiply(&inner, linv, k, &mut half);
            multiply_transpose_left(linv, &half, k, &mut own);
            add(&mut sum, &own);
            multiply(p, &inner, k, &mut half);
            multiply_transpose_right(&half, p, k, &mut own);
            if self.intercepts {
                self.intercepts_of(level, own[0], &to_tail, &mut out[data.leaf_start[level] - first..]);
                continue;
            }
            for row in data.leaf_start[level]..data.leaf_start[level + 1] {
                if data.layout.n_tail > 0 {
                    let tail: usize = data.layout.tail.iter().map(|&(f, _)| self.gram.factors[f].k).sum();
                    stop::large(4 * tail * (tail + k));
                }
                self.add_own(&own, row, row - first, len, &mut out);
                if data.layout.n_tail > 0 {
                    self.add_tail(level, &to_tail, row, row - first, len, &mut out);
                }
            }
        }
        (out, sum)
    }

    /// Rows of one leaf where every factor has a random intercept and nothing else.
    fn intercepts_of(&self, level: usize, own: f64, to_tail: &[f64], out: &mut [f64]) {
        let data = self.data;
        let rows = data.leaf_start[level]..data.leaf_start[level + 1];
        out[..rows.len()].fill(own);
        let mut start = 0;
        for (t, &(f, _)) in data.layout.tail.iter().enumerate() {
            let (codes, slots) = (&data.factors[f].codes[rows.clone()], &data.slots[t][rows.clone()]);
            let pairs = self.gram.cross[t].pairs(level);
            for ((o, &code), &slot) in out.iter_mut().zip(codes).zip(slots) {
                *o += self.tail_blocks[t][code as usize] + 2.0 * to_tail[start + slot as usize - pairs.start];
            }
            start += pairs.len();
        }
        for (cross, first, second) in data.layout.tail_pairs(self.gram) {
            let (a, b) =
                (&data.factors[cross.first].codes[rows.clone()], &data.factors[cross.second].codes[rows.clone()]);
            let scale = 2.0 * self.e.leaves.templates[cross.first].t[0] * self.e.leaves.templates[cross.second].t[0];
            for ((o, &a), &b) in out.iter_mut().zip(a).zip(b) {
                let (i, j) = (first + a as usize, second + b as usize);
                *o += scale * self.e.tail.inverse_at(i.max(j), i.min(j));
            }
        }
    }

    /// -P y' T_f' for every pair of this leaf with a level of a tail factor: k_leaf x k_f column-major, one after
    /// another.
    fn rows_to_tail(&self, level: usize, p: &[f64], y: &[f64], out: &mut Vec<f64>) {
        out.clear();
        let k = self.gram.factors[self.leaf].k;
        if self.intercepts {
            let ends = self.data.layout.tail.iter().zip(&self.gram.cross);
            let mut y = y.iter();
            for (&(f, _), cross) in ends {
                let scale = -p[0] * self.e.leaves.templates[f].t[0];
                out.extend(y.by_ref().take(cross.pairs(level).len()).map(|y| scale * y));
            }
            return;
        }
        let (mut entry, mut half) = (0, Vec::new());
        for (&(f, _), cross) in self.data.layout.tail.iter().zip(&self.gram.cross) {
            let (kf, t) = (self.gram.factors[f].k, &self.e.leaves.templates[f].t);
            for _ in cross.pairs(level) {
                stop::large(2 * k * kf * (k + kf));
                half.clear();
                for y in y[entry * k..(entry + kf) * k].chunks_exact(k) {
                    half.extend((0..k).map(|a| (0..k).map(|b| p[a + b * k] * y[b]).sum::<f64>()));
                }
                for c in 0..kf {
                    for a in 0..k {
                        out.push(-(0..kf).fold(0.0, |sum, e| sum + half[a + e * k] * t[c + e * kf]));
                    }
                }
                entry += kf;
            }
        }
    }

    fn add_own(&self, block: &[f64], row: usize, at: usize, len: usize, out: &mut [f64]) {
        let rows = &self.data.factors[self.leaf];
        add_square(rows, block, row, at, len, out);
    }

    /// What the tail's effects add: their own blocks, those with the leaf, and those among each other.
    fn add_tail(&self, level: usize, to_tail: &[f64], row: usize, at: usize, len: usize, out: &mut [f64]) {
        let (data, gram) = (self.data, self.gram);
        let leaf = &data.factors[self.leaf];
        let mut start = 0;
        for (t, &(f, _)) in data.layout.tail.iter().enumerate() {
            let rows = &data.factors[f];
            let (k, kf) = (leaf.k(), rows.k());
            let code = rows.codes[row] as usize;
            add_square(rows, &self.tail_blocks[t][code * kf * kf..(code + 1) * kf * kf], row, at, len, out);
            let pairs = gram.cross[t].pairs(level);
            let place = start + (data.slots[t][row] as usize - pairs.start) * k * kf;
            add_rectangle(leaf, rows, &to_tail[place..place + k * kf], row, at, len, out);
            start += pairs.len() * k * kf;
        }
        for (cross, first, second) in data.layout.tail_pairs(gram) {
            let (a, b) = (&data.factors[cross.first], &data.factors[cross.second]);
            let (ka, kb) = (a.k(), b.k());
            let (i, j) = (first + a.codes[row] as usize * ka, second + b.codes[row] as usize * kb);
            let (ta, tb) = (&self.e.leaves.templates[cross.first].t, &self.e.leaves.templates[cross.second].t);
            let inverse = |x: usize, y: usize| self.e.tail.inverse_at((i + x).max(j + y), (i + x).min(j + y));
            let (ta, tb) = (View::square(ta, ka), View::square(tb, kb));
            let cell = |(r, c)| positions(ka, kb).map(|(x, y)| ta.at(r, x) * inverse(x, y) * tb.at(c, y)).sum();
            let block: Vec<f64> = positions(ka, kb).map(cell).collect();
            add_rectangle(a, b, &block, row, at, len, out);
        }
    }
}

/// z'M z of one factor's effects, M symmetric.
#[inline]
fn add_square(rows: &FactorRows, block: &[f64], row: usize, at: usize, len: usize, out: &mut [f64]) {
    let k = rows.k();
    if k == 1 {
        let z = rows.columns[0].at(row);
        out[pair(rows.columns[0].predictor, rows.columns[0].predictor) * len + at] += block[0] * z * z;
        return;
    }
    for b in 0..k {
        let zb = &rows.columns[b];
        for a in 0..k {
            let za = &rows.columns[a];
            // Of two linear predictors one order counts: S is kept once for each pair.
            if za.predictor <= zb.predictor {
                out[pair(za.predictor, zb.predictor) * len + at] += block[a + b * k] * za.at(row) * zb.at(row);
            }
        }
    }
}

/// z_a'M z_b and its transpose for the effects of two factors.
#[inline]
fn add_rectangle(a: &FactorRows, b: &FactorRows, block: &[f64], row: usize, at: usize, len: usize, out: &mut [f64]) {
    let k = a.k();
    for (j, zb) in b.columns.iter().enumerate() {
        for (i, za) in a.columns.iter().enumerate() {
            let value = block[i + j * k] * za.at(row) * zb.at(row);
            let twice = if za.predictor == zb.predictor { 2.0 } else { 1.0 };
            out[pair(za.predictor, zb.predictor) * len + at] += twice * value;
        }
    }
}
