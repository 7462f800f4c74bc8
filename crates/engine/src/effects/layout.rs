//! Who is a leaf and where the columns of the tail lie, and one leaf's columns in the tail.

use super::tail::plan::TailPlan;
use crate::gram::{CrossBlocks, Gram};

/// Leaves handled by one task: fixed, so that sums do not depend on the number of threads.
pub(crate) const LEAVES_PER_TASK: usize = 2048;

/// A tail of one tile and so few leaves are too small for threads.
const SMALL_TAIL: usize = 64;
pub(crate) const SMALL_LEAVES: usize = 64;

/// What never changes while theta does: who is a leaf, where tail columns lie.
pub(crate) struct Layout {
    /// The factor whose levels are the leaves; `None` for a model without random effects.
    pub leaf: Option<usize>,
    /// Tail factors in order, with the first scalar column of each.
    pub tail: Vec<(usize, usize)>,
    /// Scalar columns of the tail.
    pub n_tail: usize,
    pub plan: TailPlan,
    /// Everything happens on the caller's own thread: no loop of this model is cut into pieces.
    pub small: bool,
}

impl Layout {
    /// Blocks between two tail factors, with the first scalar columns of either.
    pub(crate) fn tail_pairs<'a>(&'a self, gram: &'a Gram) -> impl Iterator<Item = (&'a CrossBlocks, usize, usize)> {
        let place = |g: usize| self.tail.iter().find(|t| t.0 == g).map(|t| t.1);
        gram.cross.iter().filter_map(move |c| Some((c, place(c.first)?, place(c.second)?)))
    }

    /// Of a model whose tail is not planned yet: `tail::layout` plans it.
    pub(super) fn unplanned(gram: &Gram) -> Self {
        let mut n_tail = 0;
        let mut tail = Vec::new();
        for &g in gram.order.iter().skip(1) {
            tail.push((g, n_tail));
            n_tail += gram.factors[g].levels * gram.factors[g].k;
        }
        let leaf = gram.order.first().copied();
        let leaves = leaf.map_or(0, |g| gram.factors[g].levels);
        let small = n_tail <= SMALL_TAIL && leaves <= LEAVES_PER_TASK && (n_tail == 0 || leaves <= SMALL_LEAVES);
        Self { leaf, tail, n_tail, plan: TailPlan::None, small }
    }
}

/// The nonzero rows of one leaf's column panel, as scalars of the tail in ascending order.
#[derive(Default)]
pub(crate) struct Panel {
    /// Scalar columns of the tail.
    pub index: Vec<u32>,
    /// T_f'A_il, a row of k0 numbers for each index.
    pub g: Vec<f64>,
    /// T_f'A_il P, likewise.
    pub h: Vec<f64>,
}
