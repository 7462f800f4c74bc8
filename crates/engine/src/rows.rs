//! The engine's input: borrowed columns, one number a row, and integer codes of grouping factors.

use crate::error::EngineError;

/// One column of X or Z. A column of ones is never stored.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    Ones,
    Values(&'a [f64]),
}

impl Column<'_> {
    #[inline]
    pub fn at(&self, row: usize) -> f64 {
        match self {
            Self::Ones => 1.0,
            Self::Values(values) => values[row],
        }
    }

    fn has_length(&self, n: usize) -> bool {
        match self {
            Self::Ones => true,
            Self::Values(values) => values.len() == n,
        }
    }
}

/// A grouping factor: a code 0 .. levels-1 for every row.
#[derive(Debug, Clone, Copy)]
pub struct Grouping<'a> {
    pub codes: &'a [i32],
    pub levels: usize,
}

/// A random-effects term: the columns whose coefficients vary by the levels of one grouping factor.
#[derive(Debug, Clone)]
pub struct Term<'a> {
    pub group: usize,
    pub columns: Vec<Column<'a>>,
}

/// The rows of a linear mixed model, y = X beta + Z b + e with Var(e_i) = sigma^2 / w_i. An offset is subtracted
/// from y by the caller.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    pub y: &'a [f64],
    pub x: Vec<Column<'a>>,
    pub groups: Vec<Grouping<'a>>,
    pub terms: Vec<Term<'a>>,
    pub weights: Option<&'a [f64]>,
}

impl Rows<'_> {
    pub fn n(&self) -> usize {
        self.y.len()
    }

    /// Lengths agree, codes are within their levels, every level occurs in no more than memory can index.
    pub fn check(&self) -> Result<(), EngineError> {
        let n = self.n();
        if n == 0 {
            return Err(EngineError::Empty);
        }
        let shape = |what: String| Err(EngineError::Shape(what));
        if let Some(j) = self.x.iter().position(|c| !c.has_length(n)) {
            return shape(format!("column {j} of X does not have {n} rows"));
        }
        if self.weights.is_some_and(|w| w.len() != n) {
            return shape(format!("the weights do not have {n} rows"));
        }
        for (g, grouping) in self.groups.iter().enumerate() {
            if grouping.codes.len() != n {
                return shape(format!("grouping factor {g} does not have {n} rows"));
            }
            let levels = i32::try_from(grouping.levels).unwrap_or(i32::MAX);
            // A branch-free scan: the compiler vectorises it, so that a check of ten million codes is cheap.
            let bad = grouping.codes.iter().fold(false, |bad, &c| bad | (c < 0) | (c >= levels));
            if bad {
                return shape(format!(
                    "grouping factor {g} holds a code outside 0 .. {}",
                    grouping.levels.saturating_sub(1)
                ));
            }
        }
        for (t, term) in self.terms.iter().enumerate() {
            if term.group >= self.groups.len() || term.columns.is_empty() {
                return shape(format!("random term {t} has no column or no grouping factor"));
            }
            if term.columns.iter().any(|c| !c.has_length(n)) {
                return shape(format!("a column of random term {t} does not have {n} rows"));
            }
        }
        Ok(())
    }
}
