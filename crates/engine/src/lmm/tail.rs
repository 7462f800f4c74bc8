//! The matrix of the tail after the leaves are gone: absent, dense by tiles, or sparse by supernodes, whichever is
//! predicted to cost less.

use rayon::prelude::*;

use super::elimination::{Elimination, Layout, Panel};
use crate::factor::tiled::Tiled;
use crate::gram::Gram;

pub(crate) enum Tail {
    /// One grouping factor, or none.
    None,
    Dense(Tiled),
}

/// Column ranges that are assembled side by side (fixed, so that sums do not depend on the number of threads).
const STRIPS: usize = 4;
/// Below this many columns one strip is enough.
const ONE_STRIP: usize = 200;

impl Tail {
    pub(crate) fn plan(_gram: &Gram, layout: &Layout) -> Self {
        if layout.n_tail == 0 {
            return Self::None;
        }
        Self::Dense(Tiled::new(layout.n_tail))
    }

    pub(crate) fn path(&self, random: bool) -> &'static str {
        match self {
            Self::None if !random => "no random effects",
            Self::None => "one factor",
            Self::Dense(_) => "dense tail",
        }
    }

    /// Numbers stored.
    pub(crate) fn nonzeros(&self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Dense(matrix) => matrix.len() as f64,
        }
    }

    /// Operations of one factorisation.
    pub(crate) fn flops(&self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Dense(matrix) => (matrix.n() as f64).powi(3) / 3.0,
        }
    }

    /// Fill in T'(A - sum_l A_tl T C_l^-1 T' A_lt) T + I.
    pub(crate) fn assemble(&mut self, gram: &Gram, layout: &Layout, e: &Elimination) {
        match self {
            Self::None => {}
            Self::Dense(matrix) => {
                matrix.fill_zero();
                let base: Vec<usize> = (0..layout.n_tail).map(|j| matrix.column_base(j)).collect();
                let row: Vec<usize> = (0..layout.n_tail).map(|i| matrix.row_offset(i)).collect();
                let values = matrix.values_mut();
                own_entries(gram, layout, e, |i, j, v| values[base[j] + row[i]] += v);
                let mut pieces = Vec::new();
                let mut rest = values;
                let mut done = 0;
                for (first, last) in strips(layout.n_tail, &base, &row) {
                    let end = if last == layout.n_tail { done + rest.len() } else { base[last] + row[last] };
                    let (piece, after) = rest.split_at_mut(end - done);
                    pieces.push((first, last, done, piece));
                    rest = after;
                    done = end;
                }
                let subtract = |(first, last, at, piece): (usize, usize, usize, &mut [f64])| {
                    subtract_leaves(gram, layout, e, (first, last), piece, at, &base, &row);
                };
                if layout.small {
                    pieces.into_iter().for_each(subtract);
                } else {
                    pieces.into_par_iter().for_each(subtract);
                }
            }
        }
    }

    pub(crate) fn cholesky(&mut self) -> Result<(), usize> {
        match self {
            Self::None => Ok(()),
            Self::Dense(matrix) => matrix.cholesky(),
        }
    }

    pub(crate) fn logdet(&self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Dense(matrix) => matrix.logdet(),
        }
    }

    pub(crate) fn solve_lower(&self, rhs: &mut [f64], columns: usize) {
        match self {
            Self::None => {}
            Self::Dense(matrix) => matrix.solve_lower(rhs, columns),
        }
    }

    pub(crate) fn solve_lower_transpose(&self, rhs: &mut [f64], columns: usize) {
        match self {
            Self::None => {}
            Self::Dense(matrix) => matrix.solve_lower_transpose(rhs, columns),
        }
    }

    /// Replace the factor by (the needed entries of) the inverse.
    pub(crate) fn invert(&mut self) {
        match self {
            Self::None => {}
            Self::Dense(matrix) => matrix.invert(),
        }
    }

    /// Entry (i, j) of the inverse after [`Self::invert`]; i >= j.
    #[inline]
    pub(crate) fn inverse_at(&self, i: usize, j: usize) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Dense(matrix) => matrix.get(i, j),
        }
    }

    /// y = S h on the indices of a panel (k numbers each), S the inverse.
    pub(crate) fn multiply_inverse(&self, panel: &Panel, k: usize, y: &mut Vec<f64>) {
        y.clear();
        y.resize(panel.h.len(), 0.0);
        match self {
            Self::None => {}
            Self::Dense(matrix) => {
                let values = matrix.values();
                let offsets: Vec<usize> = panel.index.iter().map(|&i| matrix.row_offset(i as usize)).collect();
                let m = panel.index.len();
                for a in 0..m {
                    let column = matrix.column_base(panel.index[a] as usize);
                    if k == 1 {
                        let ha = panel.h[a];
                        let mut sum = values[column + offsets[a]] * ha;
                        for b in a + 1..m {
                            let s = values[column + offsets[b]];
                            y[b] += s * ha;
                            sum += s * panel.h[b];
                        }
                        y[a] += sum;
                        continue;
                    }
                    for b in a..m {
                        let s = values[column + offsets[b]];
                        for c in 0..k {
                            y[b * k + c] += s * panel.h[a * k + c];
                        }
                        if b > a {
                            for c in 0..k {
                                y[a * k + c] += s * panel.h[b * k + c];
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The tail's own cross products, scaled by the templates, plus the identity: calls `add(i, j, value)` for i >= j.
pub(crate) fn own_entries(gram: &Gram, layout: &Layout, e: &Elimination, mut add: impl FnMut(usize, usize, f64)) {
    for &(f, offset) in &layout.tail {
        let (blocks, t) = (&gram.factors[f], &e.templates[f].t);
        let k = blocks.k;
        for level in 0..blocks.levels {
            let zz = &blocks.zz[level * k * k..(level + 1) * k * k];
            for j in 0..k {
                for i in j..k {
                    let value = sandwich(t, zz, t, i, j, k, k) + f64::from(u8::from(i == j));
                    add(offset + level * k + i, offset + level * k + j, value);
                }
            }
        }
    }
    for cross in &gram.cross {
        let place = |g: usize| layout.tail.iter().find(|t| t.0 == g).map(|t| t.1);
        let (Some(first), Some(second)) = (place(cross.first), place(cross.second)) else { continue };
        let (kf, ks) = (gram.factors[cross.first].k, gram.factors[cross.second].k);
        let (tf, ts) = (&e.templates[cross.first].t, &e.templates[cross.second].t);
        for level in 0..gram.factors[cross.first].levels {
            for pair in cross.pairs(level) {
                let row = second + cross.index[pair] as usize * ks;
                for j in 0..kf {
                    for i in 0..ks {
                        add(row + i, first + level * kf + j, sandwich(ts, cross.block(pair), tf, i, j, ks, kf));
                    }
                }
            }
        }
    }
}

/// Element (i, j) of A' B C with B of ka x kc.
#[inline]
fn sandwich(a: &[f64], b: &[f64], c: &[f64], i: usize, j: usize, ka: usize, kc: usize) -> f64 {
    let mut sum = 0.0;
    for n in 0..kc {
        let mut inner = 0.0;
        for m in 0..ka {
            inner += a[m + i * ka] * b[m + n * ka];
        }
        sum += inner * c[n + j * kc];
    }
    sum
}

/// Cut the columns at tile boundaries into strips of about the same area.
fn strips(n: usize, base: &[usize], row: &[usize]) -> Vec<(usize, usize)> {
    // A strip may only begin where the storage of its first column begins a tile column: the address of the
    // diagonal entry then exceeds that of everything before it.
    let begins = |j: usize| j == 0 || base[j] + row[j] > base[j - 1] + row[n - 1];
    if n <= ONE_STRIP {
        return vec![(0, n)];
    }
    let area = n * (n + 1) / 2;
    let (mut out, mut first, mut sum) = (Vec::new(), 0, 0);
    for j in 0..n {
        if j > first && begins(j) && sum * STRIPS >= area {
            out.push((first, j));
            first = j;
            sum = 0;
        }
        sum += n - j;
    }
    out.push((first, n));
    out
}

/// Subtract H H' of every leaf from the columns `first..last`, which `piece` holds from address `at` on.
#[allow(clippy::too_many_arguments)]
fn subtract_leaves(
    gram: &Gram,
    layout: &Layout,
    e: &Elimination,
    (first, last): (usize, usize),
    piece: &mut [f64],
    at: usize,
    base: &[usize],
    row: &[usize],
) {
    let Some(leaf) = layout.leaf else { return };
    let k = gram.factors[leaf].k;
    let mut panel = Panel::default();
    let mut offsets: Vec<usize> = Vec::new();
    for level in 0..gram.factors[leaf].levels {
        e.panel(gram, layout, leaf, level, first, &mut panel);
        offsets.clear();
        offsets.extend(panel.index.iter().map(|&i| row[i as usize]));
        let m = panel.index.len();
        for a in 0..m {
            let column = panel.index[a] as usize;
            if column < first {
                continue; // the first node of the strip may straddle its boundary
            }
            if column >= last {
                break;
            }
            let start = base[column] - at.min(base[column]);
            let short = at - at.min(base[column]);
            if k == 1 {
                let ha = panel.h[a];
                for b in a..m {
                    piece[start + offsets[b] - short] -= ha * panel.h[b];
                }
            } else {
                let ha = &panel.h[a * k..(a + 1) * k];
                for b in a..m {
                    let hb = &panel.h[b * k..(b + 1) * k];
                    let sum: f64 = ha.iter().zip(hb).map(|(x, y)| x * y).sum();
                    piece[start + offsets[b] - short] -= sum;
                }
            }
        }
    }
}
