//! How a tail is stored, and what that costs.

use std::sync::Arc;

use crate::factor::sparse::Symbolic;
use crate::factor::tiled::Tiled;

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

/// The pattern of a sparse tail, analysed once for a model.
pub(crate) struct SparsePlan {
    pub(super) symbolic: Arc<Symbolic>,
    /// Positions of the pairs (a <= b) of every leaf's neighbours, leaf after leaf.
    pub(super) pairs: Vec<u32>,
    /// Where each leaf's pairs begin.
    pub(super) start: Vec<usize>,
}

impl SparsePlan {
    pub(crate) fn nonzeros(&self) -> f64 {
        self.symbolic.nnz() as f64
    }

    pub(crate) fn flops(&self) -> f64 {
        self.symbolic.flops()
    }
}
