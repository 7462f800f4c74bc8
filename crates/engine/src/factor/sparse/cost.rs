//! What a factor costs, before it is laid out: entries of every column, operations, modelled time.

use super::ordering::{self, Graph, NONE};

/// Size of a factor: entries of `L` and floating point operations of the factorisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    pub nnz: u64,
    pub flops: f64,
}

/// Column counts of the factor in a fill-reducing postorder.
pub(super) struct Counts {
    pub(super) order: Vec<u32>,
    pub(super) graph: Graph,
    pub(super) parent: Vec<u32>,
    /// Entries of every column, diagonal included.
    pub(super) count: Vec<u32>,
}

impl Counts {
    pub(super) fn new(n: usize, col_ptr: &[usize], row_idx: &[u32]) -> Self {
        let graph = Graph::new(n, col_ptr, row_idx);
        let degree = ordering::minimum_degree(n, col_ptr, row_idx);
        let by_degree = graph.renumbered(&degree);
        let tree = ordering::elimination_tree(&by_degree);
        let post = ordering::postorder(&tree, |_| ());
        let name = ordering::inverse(&post);
        let rename = |p: u32| if p == NONE { NONE } else { name[p as usize] };
        let parent: Vec<u32> = post.iter().map(|&old| rename(tree[old as usize])).collect();
        let graph = by_degree.renumbered(&post);
        let count = ordering::column_counts(&graph, &parent);
        let order = post.iter().map(|&k| degree[k as usize]).collect();
        Self { order, graph, parent, count }
    }

    pub(super) fn prediction(&self) -> Prediction {
        let flops = self.count.iter().map(|&c| f64::from(c).powi(2)).sum();
        Prediction { nnz: self.count.iter().map(|&c| u64::from(c)).sum(), flops }
    }
}

/// Size of the factor of a pattern without laying it out: time and memory of the order of
/// the pattern, whatever the fill.
pub fn predict(n: usize, col_ptr: &[usize], row_idx: &[u32]) -> Prediction {
    Counts::new(n, col_ptr, row_idx).prediction()
}

/// Nanoseconds, roughly, to eliminate a supernode: a fixed cost, arithmetic whose speed grows
/// with the width, and the addition of the update to the parent.
pub(super) fn time(w: u32, r: u32) -> f64 {
    let (wide, tall) = (f64::from(w), f64::from(r));
    let rate = 1.0 + 40.0 * wide / (wide + 32.0);
    60.0 + flops(w as usize, r as usize) / rate + tall * (tall + 1.0)
}

/// Operations of eliminating `w` columns above `r` rows: `sum_k (m - k)^2`.
pub(super) fn flops(w: usize, r: usize) -> f64 {
    let cumulative = |x: f64| x * (x + 1.0) * (2.0 * x + 1.0) / 6.0;
    cumulative((w + r) as f64) - cumulative(r as f64)
}
