//! What is wrong with rows that cannot be fitted in double precision: looked for once a fit has failed, so that others
//! pay nothing.

use std::fmt;

use crate::rows::{Column, Rows};

/// Beyond these a square overflows, or loses digits.
const LARGEST: f64 = 1e150;
const SMALLEST: f64 = 1e-150;

/// A column of a model: the response, one of X, or one of a random term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Response,
    Fixed(usize),
    Random(usize, usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// Squares of a column do not fit into a double.
    OutOfScale { part: Part, largest: f64 },
    /// Those of the weights do not.
    Weights { least: f64, largest: f64 },
    /// The response is one number.
    Constant { value: f64 },
    /// A grouping factor determines the response, so that nothing is left for a residual variance; `value` is that of
    /// its first level.
    ConstantWithin { group: usize, value: f64 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfScale { largest, .. } => write!(f, "a column has values up to {largest:e}"),
            Self::Weights { least, largest } => write!(f, "the weights run from {least:e} to {largest:e}"),
            Self::Constant { value } => write!(f, "the response is {value} in all rows"),
            Self::ConstantWithin { group, .. } => {
                write!(f, "the response has one value in each level of grouping factor {group}")
            }
        }
    }
}

/// The first fault that is found, worst first.
pub fn fault(rows: &Rows) -> Option<Fault> {
    out_of_scale(rows).or_else(|| constant(rows)).or_else(|| constant_within(rows))
}

fn out_of_scale(rows: &Rows) -> Option<Fault> {
    let fixed = rows.x.iter().enumerate().map(|(j, c)| (Part::Fixed(j), *c));
    let random = rows
        .terms
        .iter()
        .enumerate()
        .flat_map(|(t, term)| term.columns.iter().enumerate().map(move |(j, c)| (Part::Random(t, j), *c)));
    let response = std::iter::once((Part::Response, Column::Values(rows.y)));
    response.chain(fixed).chain(random).find_map(|(part, column)| beyond(part, &column)).or_else(|| weights(rows))
}

fn beyond(part: Part, column: &Column) -> Option<Fault> {
    let Column::Values(values) = column else { return None };
    let largest = values.iter().fold(0.0f64, |most, v| most.max(v.abs()));
    (largest > LARGEST || (largest > 0.0 && largest < SMALLEST)).then_some(Fault::OutOfScale { part, largest })
}

fn weights(rows: &Rows) -> Option<Fault> {
    let weights = rows.weights?;
    let largest = weights.iter().fold(f64::NEG_INFINITY, |most, w| most.max(*w));
    let least = weights.iter().fold(f64::INFINITY, |most, w| most.min(*w));
    (largest > LARGEST || least < SMALLEST).then_some(Fault::Weights { least, largest })
}

fn constant(rows: &Rows) -> Option<Fault> {
    let value = *rows.y.first()?;
    rows.y.iter().all(|y| *y == value).then_some(Fault::Constant { value })
}

fn constant_within(rows: &Rows) -> Option<Fault> {
    rows.groups.iter().enumerate().find_map(|(group, grouping)| {
        let mut one = vec![0.0; grouping.levels];
        for (row, y) in rows.y.iter().enumerate() {
            *one.get_mut(grouping.codes.at(row))? = *y;
        }
        let value = *one.first()?;
        let same = rows.y.iter().enumerate().all(|(row, y)| one[grouping.codes.at(row)] == *y);
        same.then_some(Fault::ConstantWithin { group, value })
    })
}
