//! Shifts and scales of columns, and what they do to coefficients, covariance factors and log-determinants.
//!
//! Where X has a column of ones, every other column and y are centred by their means: the space spanned by X is
//! the same, only the intercept changes its meaning, and back. A random term that has a column of ones and an
//! unstructured covariance is centred likewise, since T may be any matrix. All columns are scaled to unit root mean
//! square. Nothing is assumed: the original parametrisation is restored exactly in every result.

use crate::error::EngineError;
use crate::rows::{Column, Rows};

/// Shift and scale of one column: the engine works with `(value - shift) * scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    pub shift: f64,
    pub scale: f64,
}

impl Affine {
    pub(crate) const NONE: Self = Self { shift: 0.0, scale: 1.0 };

    pub(crate) fn is_finite(self) -> bool {
        self.shift.is_finite() && self.scale.is_finite()
    }
}

/// Standardisation of the columns of one grouping factor.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorStandard {
    pub columns: Vec<Affine>,
    /// Sizes of the diagonal blocks of T: one for each term on this factor.
    pub blocks: Vec<usize>,
    /// Position of the column of ones that absorbs the shift of each column (itself where nothing is shifted).
    pub anchor: Vec<usize>,
}

impl FactorStandard {
    /// Of the columns of some terms: each with a column of ones is centred on it.
    pub fn of(terms: &[&[Column]]) -> Self {
        let (mut columns, mut blocks, mut anchor) = (Vec::new(), Vec::new(), Vec::new());
        for term in terms {
            let first = columns.len();
            let ones = term.iter().position(|c| matches!(c, Column::Ones));
            for (j, column) in term.iter().enumerate() {
                let affine = of_column(column, ones.is_some());
                anchor.push(ones.filter(|_| affine.shift != 0.0).map_or(first + j, |o| first + o));
                columns.push(affine);
            }
            blocks.push(term.len());
        }
        Self { columns, blocks, anchor }
    }

    pub fn k(&self) -> usize {
        self.columns.len()
    }

    /// M with b_standardised = M b, k x k column-major: Z b = (Z M^-1)(M b).
    pub fn matrix(&self) -> Vec<f64> {
        let k = self.k();
        let mut m = vec![0.0; k * k];
        for (j, column) in self.columns.iter().enumerate() {
            m[j + j * k] = 1.0 / column.scale;
            if self.anchor[j] != j {
                m[self.anchor[j] + j * k] = column.shift;
            }
        }
        m
    }

    /// The inverse of [`Self::matrix`].
    pub fn inverse(&self) -> Vec<f64> {
        let k = self.k();
        let mut m = vec![0.0; k * k];
        for (j, column) in self.columns.iter().enumerate() {
            m[j + j * k] = column.scale;
            if self.anchor[j] != j {
                m[self.anchor[j] + j * k] = -column.shift * column.scale;
            }
        }
        m
    }
}

/// Standardisation of all columns of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Standard {
    pub y: Affine,
    pub x: Vec<Affine>,
    /// Position of the column of ones in X.
    pub intercept: Option<usize>,
    pub factors: Vec<FactorStandard>,
}

impl Standard {
    pub fn of(rows: &Rows) -> Result<Self, EngineError> {
        let intercept = rows.x.iter().position(|c| matches!(c, Column::Ones));
        let x: Vec<Affine> = rows.x.iter().map(|c| of_column(c, intercept.is_some())).collect();
        let factors = (0..rows.groups.len()).map(|g| of_factor(rows, g)).collect();
        let mut standard = Self { y: Affine::NONE, x, intercept, factors };
        standard.take_response(rows.y)?;
        if standard.x.iter().any(|a| !a.is_finite()) {
            return Err(EngineError::NotFinite);
        }
        Ok(standard)
    }

    /// Standardise another response.
    pub fn take_response(&mut self, y: &[f64]) -> Result<(), EngineError> {
        self.y = of_column(&Column::Values(y), self.intercept.is_some());
        if self.y.is_finite() { Ok(()) } else { Err(EngineError::NotFinite) }
    }

    /// J, p x p column-major, and c with beta = y_scale^-1 J beta_standardised + c. Row of the intercept collects
    /// the shifts.
    pub fn fixed_map(&self) -> (Vec<f64>, Vec<f64>) {
        let p = self.x.len();
        let (mut j, mut c) = (vec![0.0; p * p], vec![0.0; p]);
        for (m, column) in self.x.iter().enumerate() {
            j[m + m * p] = column.scale;
            if let Some(i) = self.intercept.filter(|&i| i != m) {
                j[i + m * p] = -column.shift * column.scale;
            }
        }
        if let Some(i) = self.intercept {
            c[i] = self.y.shift;
        }
        (j, c)
    }

    /// J^-1, p x p column-major.
    pub fn fixed_map_inverse(&self) -> Vec<f64> {
        let p = self.x.len();
        let mut out = vec![0.0; p * p];
        for (m, column) in self.x.iter().enumerate() {
            out[m + m * p] = 1.0 / column.scale;
            if let Some(i) = self.intercept.filter(|&i| i != m) {
                out[i + m * p] = column.shift;
            }
        }
        out
    }

    /// log |X'V^-1 X| = that of the standardised columns + this.
    pub fn log_determinant_correction(&self) -> f64 {
        -2.0 * self.x.iter().map(|a| a.scale.ln()).sum::<f64>()
    }
}

fn of_factor(rows: &Rows, group: usize) -> FactorStandard {
    let terms: Vec<&[Column]> = rows.terms.iter().filter(|t| t.group == group).map(|t| t.columns.as_slice()).collect();
    FactorStandard::of(&terms)
}

/// Mean (where centred) and reciprocal root mean square about it, from one pass with eight running sums.
pub(crate) fn of_column(column: &Column, centred: bool) -> Affine {
    let Column::Values(values) = column else { return Affine::NONE };
    let n = values.len() as f64;
    // A shifted sum: the first value as a provisional mean keeps the squares from cancelling.
    let origin = if centred { values.first().copied().unwrap_or(0.0) } else { 0.0 };
    let (mut sums, mut squares) = ([0.0f64; 8], [0.0f64; 8]);
    let mut chunks = values.chunks_exact(8);
    for chunk in &mut chunks {
        for m in 0..8 {
            let d = chunk[m] - origin;
            sums[m] += d;
            squares[m] += d * d;
        }
    }
    for (m, value) in chunks.remainder().iter().enumerate() {
        let d = value - origin;
        sums[m] += d;
        squares[m] += d * d;
    }
    let (sum, square): (f64, f64) = (sums.iter().sum(), squares.iter().sum());
    let shift = if centred { origin + sum / n } else { 0.0 };
    let mean_square = if centred { square / n - (sum / n).powi(2) } else { square / n };
    // A constant column keeps its scale; a non-finite one is reported by the caller.
    let scale = if mean_square > 0.0 { 1.0 / mean_square.sqrt() } else { 1.0 };
    Affine { shift, scale: if shift.is_finite() { scale } else { f64::NAN } }
}
