//! The matrix of the tail after the leaves are gone: absent, dense by tiles, or sparse by supernodes, whichever is
//! predicted to cost less.

mod dense;
mod scalar;
mod sparse;

use std::sync::Arc;

pub(crate) use self::scalar::Products;
use self::sparse::{SparsePlan, SparseTail};
use super::elimination::{Elimination, Layout, Panel};
use crate::factor::tiled::Tiled;
use crate::gram::Gram;

/// How the tail of a model is stored, decided once.
pub(crate) enum TailPlan {
    None,
    Dense,
    Sparse(Arc<SparsePlan>),
    /// Not stored: a factorisation is out of reach, and the model does without.
    Absent,
}

/// Operations and numbers stored from which a factorisation is out of reach: a minute for each evaluation on two
/// cores, eight gigabytes.
const MOST_FLOPS: f64 = 1e12;
const MOST_NUMBERS: f64 = 1e9;

impl TailPlan {
    /// Dense, unless the pattern left by the leaves is so sparse that supernodes are predicted to win.
    pub(crate) fn of(gram: &Gram, layout: &Layout) -> Self {
        if layout.n_tail == 0 {
            return Self::None;
        }
        SparsePlan::of(gram, layout).map_or(Self::Dense, |plan| Self::Sparse(Arc::new(plan)))
    }

    /// Whether such a factorisation is out of reach.
    pub(crate) fn is_far(&self, n_tail: usize) -> bool {
        self.flops(n_tail) > MOST_FLOPS || self.nonzeros(n_tail) > MOST_NUMBERS
    }

    pub(crate) fn path(&self, random: bool) -> &'static str {
        match self {
            Self::None if !random => "no random effects",
            Self::None => "one factor",
            Self::Dense => "dense tail",
            Self::Sparse(_) => "sparse tail",
            Self::Absent => "estimated",
        }
    }

    /// Numbers stored for the tail's factor.
    pub(crate) fn nonzeros(&self, n_tail: usize) -> f64 {
        match self {
            Self::None | Self::Absent => 0.0,
            Self::Dense => Tiled::predicted_len(n_tail) as f64,
            Self::Sparse(plan) => plan.nonzeros(),
        }
    }

    /// Operations of one factorisation.
    pub(crate) fn flops(&self, n_tail: usize) -> f64 {
        match self {
            Self::None | Self::Absent => 0.0,
            Self::Dense => (n_tail as f64).powi(3) / 3.0,
            Self::Sparse(plan) => plan.flops(),
        }
    }
}

/// The tail's numbers: the matrix, then its Cholesky factor, then its inverse.
#[derive(Clone)]
pub(crate) enum Tail {
    /// One grouping factor, or none.
    None,
    Dense(Tiled),
    Sparse(Box<SparseTail>),
}

impl Tail {
    pub(crate) fn new(layout: &Layout) -> Self {
        match &layout.plan {
            TailPlan::None | TailPlan::Absent => Self::None,
            TailPlan::Dense => Self::Dense(Tiled::new(layout.n_tail)),
            TailPlan::Sparse(plan) => Self::Sparse(Box::new(SparseTail::new(plan))),
        }
    }

    /// Fill in T'(A - sum_l A_tl T C_l^-1 T' A_lt) T + I.
    pub(crate) fn assemble(&mut self, gram: &Gram, layout: &Layout, e: &Elimination) {
        match self {
            Self::None => {}
            Self::Dense(matrix) => dense::assemble(matrix, gram, layout, e),
            Self::Sparse(sparse) => sparse.assemble(gram, layout, e),
        }
    }

    pub(crate) fn cholesky(&mut self) -> Result<(), usize> {
        match self {
            Self::None => Ok(()),
            Self::Dense(matrix) => matrix.cholesky(),
            Self::Sparse(sparse) => sparse.matrix.cholesky(),
        }
    }

    pub(crate) fn logdet(&self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Dense(matrix) => matrix.logdet(),
            Self::Sparse(sparse) => sparse.matrix.logdet(),
        }
    }

    pub(crate) fn solve_lower(&self, rhs: &mut [f64], columns: usize) {
        match self {
            Self::None => {}
            Self::Dense(matrix) => matrix.solve_lower(rhs, columns),
            Self::Sparse(sparse) => sparse.matrix.solve_lower(rhs, columns),
        }
    }

    pub(crate) fn solve_lower_transpose(&self, rhs: &mut [f64], columns: usize) {
        match self {
            Self::None => {}
            Self::Dense(matrix) => matrix.solve_lower_transpose(rhs, columns),
            Self::Sparse(sparse) => sparse.matrix.solve_lower_transpose(rhs, columns),
        }
    }

    /// Row that each number before [`Self::solve_lower_transpose`] belongs to, where that is not the same one.
    pub(crate) fn order(&self) -> Option<&[u32]> {
        match self {
            Self::None | Self::Dense(_) => None,
            Self::Sparse(sparse) => Some(sparse.matrix.symbolic().order()),
        }
    }

    /// Replace the factor by (the needed entries of) the inverse.
    pub(crate) fn invert(&mut self) {
        match self {
            Self::None => {}
            Self::Dense(matrix) => matrix.invert(),
            Self::Sparse(sparse) => sparse.matrix.invert_selected(),
        }
    }

    /// Entry (i, j) of the inverse after [`Self::invert`]; i >= j.
    #[inline]
    pub(crate) fn inverse_at(&self, i: usize, j: usize) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Dense(matrix) => matrix.get(i, j),
            Self::Sparse(sparse) => sparse.matrix.get(i, j),
        }
    }

    /// h'S h of all leaves at once, where that is faster than one by one: a large dense tail, one effect each.
    pub(crate) fn scalar_products(&self, gram: &Gram, layout: &Layout, e: &Elimination) -> Option<scalar::Products> {
        match self {
            Self::Dense(matrix) if !layout.small && gram.factors.iter().all(|f| f.k == 1) => {
                Some(scalar::products(matrix, gram, layout, e))
            }
            _ => None,
        }
    }

    /// y = S h on the indices of one leaf's panel (k numbers each), S the inverse.
    pub(crate) fn multiply_inverse(&self, level: usize, panel: &Panel, k: usize, y: &mut Vec<f64>) {
        y.clear();
        y.resize(panel.h.len(), 0.0);
        match self {
            Self::None => {}
            Self::Dense(matrix) => {
                let values = matrix.values();
                let offsets: Vec<usize> = panel.index.iter().map(|&i| matrix.row_offset(i as usize)).collect();
                let m = offsets.len();
                if k == 1 && m > 0 && offsets[m - 1] - offsets[0] == m - 1 {
                    // Neighbours without gaps: each column is one run.
                    for a in 0..m {
                        let first = matrix.column_base(panel.index[a] as usize) + offsets[a];
                        add_column(&values[first..first + m - a], &panel.h[a..], &mut y[a..]);
                    }
                    return;
                }
                symmetric_product(panel, k, y, |a| {
                    let base = matrix.column_base(panel.index[a] as usize);
                    let offsets = &offsets;
                    move |b: usize| values[base + offsets[b]]
                });
            }
            Self::Sparse(sparse) => {
                let values = sparse.matrix.values();
                let positions = sparse.positions(level);
                let m = panel.index.len();
                symmetric_product(panel, k, y, |a| {
                    // Pairs (a, a), (a, a + 1), ... lie one after another.
                    let first = a * m - a * a.saturating_sub(1) / 2;
                    move |b: usize| values[positions[first + b - a] as usize]
                });
            }
        }
    }
}

/// y += what one column of S on and below its diagonal gives, the entries above it included.
#[inline]
fn add_column(column: &[f64], h: &[f64], y: &mut [f64]) {
    let head = h[0];
    let mut sums = [0.0; 4];
    let (below, h, rest) = (&column[1..], &h[1..column.len()], &mut y[1..column.len()]);
    rest.iter_mut().zip(below).for_each(|(y, s)| *y += s * head);
    let (fours, h_fours) = (below.chunks_exact(4), h.chunks_exact(4));
    let tail: f64 = fours.remainder().iter().zip(h_fours.remainder()).map(|(s, h)| s * h).sum();
    for (s, h) in fours.zip(h_fours) {
        for c in 0..4 {
            sums[c] += s[c] * h[c];
        }
    }
    y[0] += column[0] * head + sums.iter().sum::<f64>() + tail;
}

/// y += S h where `column(a)(b)` is the element of S between the entries a <= b of the panel.
#[inline]
fn symmetric_product<C: Fn(usize) -> f64>(panel: &Panel, k: usize, y: &mut [f64], column: impl Fn(usize) -> C) {
    let m = panel.index.len();
    for a in 0..m {
        let s = column(a);
        if k == 1 {
            let ha = panel.h[a];
            let mut sum = s(a) * ha;
            for (b, (y, hb)) in y.iter_mut().zip(&panel.h).enumerate().skip(a + 1) {
                let value = s(b);
                *y += value * ha;
                sum += value * hb;
            }
            y[a] += sum;
            continue;
        }
        for b in a..m {
            let value = s(b);
            for c in 0..k {
                y[b * k + c] += value * panel.h[a * k + c];
            }
            if b > a {
                for c in 0..k {
                    y[a * k + c] += value * panel.h[b * k + c];
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
    for (cross, first, second) in layout.tail_pairs(gram) {
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
