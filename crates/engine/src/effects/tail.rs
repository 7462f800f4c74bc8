//! The matrix of the tail after the leaves are gone: absent, dense by tiles, or sparse by supernodes, whichever is
//! predicted to cost less.

mod dense;
mod own;
pub(crate) mod plan;
mod scalar;
mod sparse;

use std::sync::Arc;

use self::plan::TailPlan;
pub(crate) use self::scalar::Products;
use self::sparse::SparseTail;
use super::layout::{Layout, Panel};
use super::leaves::Leaves;
use crate::factor::tiled::Tiled;
use crate::gram::Gram;

/// Who is a leaf and how the tail is stored: dense, unless the pattern left by the leaves is so sparse that supernodes are
/// predicted to win.
pub(crate) fn layout(gram: &Gram) -> Layout {
    let mut layout = Layout::unplanned(gram);
    if layout.n_tail > 0 {
        let sparse = sparse::plan(gram, &layout);
        layout.plan = sparse.map_or(TailPlan::Dense, |plan| TailPlan::Sparse(Arc::new(plan)));
    }
    layout
}

/// The plan of a sparse tail, whether it pays or not.
pub(crate) fn sparse_plan(gram: &Gram, layout: &Layout) -> TailPlan {
    TailPlan::Sparse(Arc::new(sparse::on_any_pattern(gram, layout)))
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
    pub(crate) fn assemble(&mut self, gram: &Gram, layout: &Layout, leaves: &Leaves) {
        match self {
            Self::None => {}
            Self::Dense(matrix) => dense::assemble(matrix, gram, layout, leaves),
            Self::Sparse(sparse) => sparse.assemble(gram, layout, leaves),
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

    /// The same; `None` where a sparse inverse lacks the entry.
    #[inline]
    pub(crate) fn inverse_entry(&self, i: usize, j: usize) -> Option<f64> {
        match self {
            Self::None => None,
            Self::Dense(matrix) => Some(matrix.get(i, j)),
            Self::Sparse(sparse) => sparse.matrix.symbolic().find(i, j).map(|at| sparse.matrix.values()[at]),
        }
    }

    /// h'S h of all leaves at once, where that is faster than one by one: a large dense tail, one effect each.
    pub(crate) fn scalar_products(&self, gram: &Gram, layout: &Layout, leaves: &Leaves) -> Option<scalar::Products> {
        match self {
            Self::Dense(matrix) if !layout.small && gram.factors.iter().all(|f| f.k == 1) => {
                Some(scalar::products(matrix, gram, layout, leaves))
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
