//! What the engine chose for a model, in numbers that a user may read.

use super::layout::Layout;
use crate::gram::Gram;

/// The elimination in figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// "no random effects", "one factor", "dense tail" or "sparse tail".
    pub path: &'static str,
    /// Index of the grouping factor whose levels are the leaves.
    pub eliminated: Option<usize>,
    pub leaves: usize,
    /// Scalar columns of the tail.
    pub tail: usize,
    /// Pairs of levels that occur together.
    pub pairs: usize,
    /// Numbers stored for the tail's factor.
    pub nonzeros: f64,
    /// Floating-point operations of one evaluation with gradient, predicted.
    pub flops: f64,
}

pub(crate) fn plan(gram: &Gram, layout: &Layout) -> Plan {
    let leaf = layout.leaf.map(|g| &gram.factors[g]);
    let (leaves, k) = leaf.map_or((0, 0), |f| (f.levels, f.k));
    let k = k as f64;
    let width = (gram.p + 1) as f64;
    let blocks = leaves as f64 * (2.0 * k * k * k + 2.0 * k * k * width + 2.0 * k * width * width);
    let touched: f64 = (0..leaves)
        .map(|level| {
            let m: usize =
                layout.tail.iter().zip(&gram.cross).map(|(&(f, _), c)| c.pairs(level).len() * gram.factors[f].k).sum();
            (m * m) as f64
        })
        .sum();
    // Assembly and selected inverse each touch every pair of neighbours of every leaf.
    let flops = blocks + 3.0 * touched * k + 3.0 * layout.plan.flops(layout.n_tail);
    Plan {
        path: layout.plan.path(layout.leaf.is_some()),
        eliminated: layout.leaf,
        leaves,
        tail: layout.n_tail,
        pairs: gram.cross.iter().map(|c| c.index.len()).sum(),
        nonzeros: layout.plan.nonzeros(layout.n_tail),
        flops,
    }
}
