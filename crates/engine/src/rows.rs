//! The engine's input: borrowed columns, one number a row, and integer codes of grouping factors.

use crate::error::{EngineError, Index, Misfit};

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

/// Codes in the width that the caller's table has them: a factor of 2,000 levels needs no copy to four bytes.
#[derive(Debug, Clone, Copy)]
pub enum Codes<'a> {
    Byte(&'a [i8]),
    Short(&'a [i16]),
    Int(&'a [i32]),
}

impl<'a> From<&'a [i32]> for Codes<'a> {
    fn from(codes: &'a [i32]) -> Self {
        Self::Int(codes)
    }
}

impl Codes<'_> {
    pub fn len(&self) -> usize {
        match self {
            Self::Byte(c) => c.len(),
            Self::Short(c) => c.len(),
            Self::Int(c) => c.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The level of one row; codes have been checked not to be negative.
    #[inline]
    pub fn at(&self, row: usize) -> usize {
        match self {
            Self::Byte(c) => c[row] as usize,
            Self::Short(c) => c[row] as usize,
            Self::Int(c) => c[row] as usize,
        }
    }

    /// The levels of consecutive rows.
    pub fn fill(&self, start: usize, out: &mut [u32]) {
        let rows = start..start + out.len();
        match self {
            Self::Byte(c) => out.iter_mut().zip(&c[rows]).for_each(|(o, &c)| *o = c as u32),
            Self::Short(c) => out.iter_mut().zip(&c[rows]).for_each(|(o, &c)| *o = c as u32),
            Self::Int(c) => out.iter_mut().zip(&c[rows]).for_each(|(o, &c)| *o = c as u32),
        }
    }

    /// Whether every code lies in 0 .. levels-1: branch-free scans, which the compiler vectorises.
    fn within(&self, levels: usize) -> bool {
        fn scan<T: Copy + Into<i64>>(codes: &[T], levels: i64) -> bool {
            codes.iter().fold(true, |good, &c| {
                let c: i64 = c.into();
                good & (c >= 0) & (c < levels)
            })
        }
        let levels = i64::try_from(levels).unwrap_or(i64::MAX);
        match self {
            Self::Byte(c) => scan(c, levels),
            Self::Short(c) => scan(c, levels),
            Self::Int(c) => scan(c, levels),
        }
    }
}

/// A grouping factor: a code 0 .. levels-1 for every row.
#[derive(Debug, Clone, Copy)]
pub struct Grouping<'a> {
    pub codes: Codes<'a>,
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

    /// Lengths agree and codes are within their levels.
    pub fn check(&self) -> Result<(), EngineError> {
        let n = self.n();
        if n == 0 {
            return Err(EngineError::Empty);
        }
        let shape = |index: Index, what: String| Err(EngineError::shape(Misfit::at(index, what)));
        if let Some(j) = self.x.iter().position(|c| !c.has_length(n)) {
            return shape(Index::Column(j), format!("column {j} of X does not have {n} rows"));
        }
        if self.weights.is_some_and(|w| w.len() != n) {
            return Err(EngineError::shape(format!("the weights do not have {n} rows")));
        }
        for (g, grouping) in self.groups.iter().enumerate() {
            if grouping.codes.len() != n {
                return shape(Index::Group(g), format!("grouping factor {g} does not have {n} rows"));
            }
            if !grouping.codes.within(grouping.levels) {
                let last = grouping.levels.saturating_sub(1);
                return shape(Index::Group(g), format!("grouping factor {g} holds a code outside 0 .. {last}"));
            }
        }
        for (t, term) in self.terms.iter().enumerate() {
            if term.group >= self.groups.len() || term.columns.is_empty() {
                return shape(Index::Term(t), format!("random term {t} has no column or no grouping factor"));
            }
            if term.columns.iter().any(|c| !c.has_length(n)) {
                return shape(Index::Term(t), format!("a column of random term {t} does not have {n} rows"));
            }
        }
        Ok(())
    }
}
