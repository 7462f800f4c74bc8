//! Rows become blocks: the cross products `[Z X y]' W [Z X y]` are all that a linear mixed model needs of its data.
//!
//! Columns are standardised on the way (shifted and scaled, [`Standard`]), which is an exact reparametrisation:
//! it removes the cancellation that a large mean causes in a sum of squares and makes the optimiser's steps free of
//! the units of measurement. Blocks of two sets of rows that share one `Standard` add up ([`Gram::merge`]).

mod blocks;
pub(crate) mod cross;
mod fixed;
mod levels;
pub mod rank;
pub(crate) mod response;
pub(crate) mod standard;

pub use blocks::FactorBlocks;
pub use cross::CrossBlocks;
pub use standard::{FactorStandard, Standard};

use crate::dense::small::add;
use crate::error::EngineError;
use crate::rows::Rows;

/// All cross products of a model.
#[derive(Debug, Clone)]
pub struct Gram {
    pub n: usize,
    pub p: usize,
    pub sum_log_weights: f64,
    pub standard: Standard,
    /// `[X y]'[X y]`, (p + 1) x (p + 1), symmetric.
    pub fixed: Vec<f64>,
    /// In the order of `Rows::groups`.
    pub factors: Vec<FactorBlocks>,
    /// One for each pair of factors (first, second) with `first` before `second` in `order`.
    pub cross: Vec<CrossBlocks>,
    /// Factors in the order of elimination.
    pub order: Vec<usize>,
}

impl Gram {
    /// Accumulate all blocks of `rows`, with a standardisation taken from the rows themselves.
    pub fn of(rows: &Rows) -> Result<Self, EngineError> {
        rows.check()?;
        let standard = Standard::of(rows)?;
        Self::with_standard(rows, standard)
    }

    /// Accumulate all blocks of `rows` under a given standardisation, so that the result can be merged.
    pub fn with_standard(rows: &Rows, standard: Standard) -> Result<Self, EngineError> {
        rows.check()?;
        let order = elimination_order(rows);
        let sum_log_weights = rows.weights.map_or(0.0, |w| w.iter().map(|w| w.ln()).sum());
        let (fixed, factors) = levels::accumulate(rows, &standard);
        let cross = cross::all_pairs(rows, &standard, &order);
        let gram = Self { n: rows.n(), p: rows.x.len(), sum_log_weights, standard, fixed, factors, cross, order };
        if gram.fixed.iter().all(|v| v.is_finite()) { Ok(gram) } else { Err(EngineError::NotFinite) }
    }

    /// Add the blocks of other rows of the same model (same columns, same levels, same standardisation).
    pub fn merge(&mut self, other: &Self) -> Result<(), EngineError> {
        if self.standard != other.standard || self.p != other.p || self.factors.len() != other.factors.len() {
            return Err(EngineError::shape("blocks with different standardisations do not add up"));
        }
        if self.order != other.order {
            return Err(EngineError::shape("blocks with different elimination orders do not add up"));
        }
        if self.factors.iter().zip(&other.factors).any(|(a, b)| a.levels != b.levels || a.k != b.k) {
            return Err(EngineError::shape("blocks with different levels do not add up"));
        }
        self.n += other.n;
        self.sum_log_weights += other.sum_log_weights;
        add(&mut self.fixed, &other.fixed);
        for (mine, theirs) in self.factors.iter_mut().zip(&other.factors) {
            add(&mut mine.zz, &theirs.zz);
            add(&mut mine.zr, &theirs.zr);
        }
        for (mine, theirs) in self.cross.iter_mut().zip(&other.cross) {
            *mine = mine.sum(theirs);
        }
        Ok(())
    }

    /// Random effects altogether.
    pub fn q(&self) -> usize {
        self.factors.iter().map(|f| f.levels * f.k).sum()
    }
}

/// The factor with most random effects first: its levels form one block-diagonal set that is eliminated without
/// fill among themselves. The others follow by size.
pub(crate) fn elimination_order(rows: &Rows) -> Vec<usize> {
    let effects = |g: usize| {
        let k: usize = rows.terms.iter().filter(|t| t.group == g).map(|t| t.columns.len()).sum();
        rows.groups[g].levels * k
    };
    let mut order: Vec<usize> = (0..rows.groups.len()).collect();
    order.sort_by_key(|&g| std::cmp::Reverse(effects(g)));
    order
}
