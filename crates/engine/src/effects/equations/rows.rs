//! Rows of a mixed model as the equations meet them: one level of each grouping factor, in the scale of u.

use super::{Equations, Frame};
use crate::error::EngineError;
use crate::rows::{Codes, Column, Rows};

/// A random term of some rows.
pub struct TermRows<'a> {
    /// Levels; a negative code is no level that the model knows, which contributes nothing.
    pub codes: Codes<'a>,
    pub columns: Vec<Column<'a>>,
}

/// X of some rows, in the model's columns.
pub enum FixedRows<'a> {
    Zeros,
    Columns(Vec<Column<'a>>),
    /// Row by row.
    Matrix(&'a [f64]),
}

/// Rows that something is asked about.
pub struct Asked<'a> {
    pub n: usize,
    pub x: FixedRows<'a>,
    /// For each term of the model; `None` takes no part.
    pub random: Vec<Option<TermRows<'a>>>,
}

impl<'a> Asked<'a> {
    /// The rows of a model themselves.
    pub fn own(rows: &Rows<'a>) -> Self {
        let term =
            |t: &crate::rows::Term<'a>| TermRows { codes: rows.groups[t.group].codes, columns: t.columns.clone() };
        Self {
            n: rows.n(),
            x: FixedRows::Columns(rows.x.clone()),
            random: rows.terms.iter().map(|t| Some(term(t))).collect(),
        }
    }
}

impl TermRows<'_> {
    #[inline]
    fn level(&self, row: usize) -> Option<usize> {
        // A negative code turns into a number that no code has.
        Some(self.codes.at(row)).filter(|&level| level <= i32::MAX as usize)
    }
}

/// One row [Z Lambda, X].
#[derive(Default, Clone)]
pub(super) struct Row {
    /// Level of the leaf factor.
    pub level: Option<usize>,
    /// Values in that level's columns.
    pub lead: Vec<f64>,
    /// Columns of the tail, and values in them.
    pub places: Vec<u32>,
    pub values: Vec<f64>,
    /// Standardised columns of X.
    pub x: Vec<f64>,
}

impl Frame {
    /// Shapes agree with the model and levels are known.
    pub(super) fn check(&self, asked: &Asked) -> Result<(), EngineError> {
        let (n, p) = (asked.n, self.gram.p);
        let shape = |what: String| Err(EngineError::shape(what));
        let of_length = |column: &Column| matches!(column, Column::Values(v) if v.len() != n);
        match &asked.x {
            FixedRows::Zeros => {}
            FixedRows::Columns(columns) => {
                if columns.len() != p || columns.iter().any(of_length) {
                    return shape(format!("X must have {p} columns of {n} rows"));
                }
            }
            FixedRows::Matrix(values) => {
                if values.len() != n * p {
                    return shape(format!("X must have {p} columns of {n} rows"));
                }
            }
        }
        if asked.random.len() != self.parameters.slots().count() {
            return shape("there must be rows, or None, for each random term".into());
        }
        for (t, (term, (group, _, k))) in asked.random.iter().zip(self.parameters.slots()).enumerate() {
            let Some(term) = term else { continue };
            if term.codes.len() != n || term.columns.len() != k || term.columns.iter().any(of_length) {
                return shape(format!("random term {t} must have {k} columns of {n} rows"));
            }
            let levels = self.gram.factors[group].levels;
            if (0..n).filter_map(|row| term.level(row)).any(|level| level >= levels) {
                return shape(format!("random term {t} holds a level beyond {levels}"));
            }
        }
        self.check_leaf(asked)
    }

    /// Terms of the leaf factor agree on the level of every row.
    fn check_leaf(&self, asked: &Asked) -> Result<(), EngineError> {
        let of_leaf = asked.random.iter().zip(self.parameters.slots()).filter(|(_, s)| Some(s.0) == self.layout.leaf);
        let terms: Vec<&TermRows> = of_leaf.filter_map(|(term, _)| term.as_ref()).collect();
        for pair in terms.windows(2) {
            let differ = |row: usize| pair[0].level(row) != pair[1].level(row);
            if (0..asked.n).any(differ) {
                return Err(EngineError::shape("terms of one grouping factor name different levels"));
            }
        }
        Ok(())
    }
}

impl Equations {
    /// Level of the leaf factor that a row belongs to.
    pub(super) fn leaf_level(&self, asked: &Asked, row: usize) -> Option<usize> {
        let mut terms = asked.random.iter().zip(self.frame.parameters.slots());
        terms.find_map(|(term, (group, _, _))| {
            term.as_ref().filter(|_| Some(group) == self.frame.layout.leaf).and_then(|term| term.level(row))
        })
    }

    /// Read one row.
    pub(super) fn load(&self, asked: &Asked, row: usize, out: &mut Row) {
        out.level = None;
        out.lead.clear();
        out.lead.resize(self.frame.leaf_size(), 0.0);
        out.places.clear();
        out.values.clear();
        for (term, (group, at, k)) in asked.random.iter().zip(self.frame.parameters.slots()) {
            let Some((term, level)) = term.as_ref().and_then(|term| term.level(row).map(|level| (term, level))) else {
                continue;
            };
            let (t, size) = (&self.user[group], self.frame.parameters.sizes[group]);
            let lead = Some(group) == self.frame.layout.leaf;
            if lead {
                out.level = Some(level);
            }
            let first = self.frame.offsets[group] + level * size + at;
            for j in 0..k {
                // T is lower triangular within a term.
                let value = (j..k).map(|i| t[at + i + (at + j) * size] * term.columns[i].at(row)).sum();
                if lead {
                    out.lead[at + j] = value;
                } else {
                    out.places.push((first + j) as u32);
                    out.values.push(value);
                }
            }
        }
        self.load_fixed(asked, row, &mut out.x);
    }

    /// Columns of X, shifted by what the intercept takes over and scaled.
    fn load_fixed(&self, asked: &Asked, row: usize, out: &mut Vec<f64>) {
        let (p, standard) = (self.p(), &self.frame.gram.standard);
        out.clear();
        match &asked.x {
            FixedRows::Zeros => out.resize(p, 0.0),
            FixedRows::Columns(columns) => out.extend(columns.iter().map(|c| c.at(row))),
            FixedRows::Matrix(values) => out.extend_from_slice(&values[row * p..(row + 1) * p]),
        }
        let one = standard.intercept.map_or(0.0, |i| out[i]);
        out.iter_mut().zip(&standard.x).for_each(|(x, affine)| *x = (*x - affine.shift * one) * affine.scale);
    }
}
