//! What can go wrong inside the engine, as values: nothing here panics across the border to Python.

use std::fmt;
use std::ops::Deref;

/// What an error is about, numbered from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// Column of X.
    Column(usize),
    /// Grouping factor.
    Group(usize),
    /// Random-effects term.
    Term(usize),
    /// Linear predictor.
    Predictor(usize),
    /// One of many responses.
    Response(usize),
}

/// What contradicts what, with the index of the culprit where there is one. Reads like its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Misfit {
    what: String,
    index: Option<Index>,
}

impl Misfit {
    pub fn at(index: Index, what: impl Into<String>) -> Self {
        Self { what: what.into(), index: Some(index) }
    }
}

impl<T: Into<String>> From<T> for Misfit {
    fn from(what: T) -> Self {
        Self { what: what.into(), index: None }
    }
}

impl Deref for Misfit {
    type Target = str;

    fn deref(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// A failure of the engine, with the index that caused it where there is one.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineError {
    /// Array lengths, codes or counts that contradict each other.
    Shape(Misfit),
    /// Not a single row, or no row with a positive weight.
    Empty,
    /// The fixed-effects matrix is rank deficient at this column (after `pivot_columns` this means a caller's slip).
    RankDeficient(usize),
    /// The response is a linear combination of the columns: the residual sum of squares is zero.
    PerfectFit,
    /// A factorisation failed although the matrix is at least the identity: the input holds NaN or infinite values.
    NotFinite,
    /// Something that needs a factorisation which is too large for this model.
    OutOfReach(&'static str),
    /// No starting value lies in the domain of the link.
    OutsideDomain,
    /// The conditional mode of the random effects could not be found at the start.
    NoMode,
    /// The caller asked to stop (Ctrl-C).
    Interrupted,
}

impl EngineError {
    pub(crate) fn shape(what: impl Into<Misfit>) -> Self {
        Self::Shape(what.into())
    }

    /// What it is about, where one thing is to blame.
    pub fn index(&self) -> Option<Index> {
        match self {
            Self::Shape(misfit) => misfit.index,
            Self::RankDeficient(column) => Some(Index::Column(*column)),
            _ => None,
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(what) => write!(f, "{what}"),
            Self::Empty => write!(f, "there is no row to fit"),
            Self::RankDeficient(column) => {
                write!(f, "column {column} of X is a linear combination of earlier columns")
            }
            Self::PerfectFit => write!(f, "the model fits the response exactly, so that the residual variance is zero"),
            Self::NotFinite => write!(f, "the data hold a NaN or an infinite value"),
            Self::OutOfReach(what) => {
                write!(f, "{what} need a factorisation that is out of reach for a crossed design of this size")
            }
            Self::OutsideDomain => write!(f, "no starting value gives means inside the domain of the link"),
            Self::NoMode => {
                write!(f, "the conditional modes of the random effects cannot be found at the starting values")
            }
            Self::Interrupted => write!(f, "interrupted"),
        }
    }
}

impl std::error::Error for EngineError {}
