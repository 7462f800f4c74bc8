//! Another response in the blocks of a model: only the columns of y change.

use super::fixed::dot;
use super::levels::fill;
use super::{CHUNK, FactorBlocks, Gram};
use crate::error::EngineError;
use crate::rows::{Column, Rows};

/// Buffers of a chunk of rows, kept from one response to the next.
#[derive(Default)]
pub(crate) struct ResponseWork {
    y: Vec<f64>,
    column: Vec<f64>,
    codes: Vec<u32>,
}

impl Gram {
    /// The same model with another response; everything of `rows` but its y must be what the blocks are made of.
    pub fn with_response(&self, rows: &Rows) -> Result<Self, EngineError> {
        rows.check()?;
        let levels = rows.groups.iter().map(|g| g.levels).eq(self.factors.iter().map(|f| f.levels));
        if rows.n() != self.n || rows.x.len() != self.p || !levels {
            return Err(EngineError::Shape("the rows of a new response must be those of the model".into()));
        }
        let mut out = self.clone();
        out.take_response(rows.y, rows, &mut ResponseWork::default())?;
        Ok(out)
    }

    /// Put `y` in the place of the response; `rows` has been checked.
    pub(crate) fn take_response(&mut self, y: &[f64], rows: &Rows, work: &mut ResponseWork) -> Result<(), EngineError> {
        self.standard.take_response(y)?;
        let (p, width) = (self.p, self.p + 1);
        let mut products = vec![0.0; width];
        for blocks in &mut self.factors {
            blocks.zr.iter_mut().skip(p).step_by(width).for_each(|v| *v = 0.0);
        }
        let mut start = 0;
        while start < self.n {
            let m = CHUNK.min(self.n - start);
            let weights = rows.weights.map(|w| &w[start..start + m]);
            work.y.resize(m, 0.0);
            work.column.resize(m, 0.0);
            work.codes.resize(m, 0);
            fill(&mut work.y, &Column::Values(y), self.standard.y, start, weights);
            for ((column, affine), out) in rows.x.iter().zip(&self.standard.x).zip(&mut products) {
                fill(&mut work.column, column, *affine, start, weights);
                *out += dot(&work.column, &work.y);
            }
            products[p] += dot(&work.y, &work.y);
            for (g, blocks) in self.factors.iter_mut().enumerate() {
                rows.groups[g].codes.fill(start, &mut work.codes);
                let columns = rows.terms.iter().filter(|t| t.group == g).flat_map(|t| t.columns.iter());
                for (a, (column, affine)) in columns.zip(&self.standard.factors[g].columns).enumerate() {
                    fill(&mut work.column, column, *affine, start, weights);
                    add_response(blocks, a, width, work);
                }
            }
            start += m;
        }
        for (j, value) in products.into_iter().enumerate() {
            self.fixed[j + p * width] = value;
            self.fixed[p + j * width] = value;
        }
        let finite = self.fixed[p * width..].iter().all(|v| v.is_finite());
        if finite { Ok(()) } else { Err(EngineError::NotFinite) }
    }
}

/// Z'y of effect `a` of every level.
fn add_response(blocks: &mut FactorBlocks, a: usize, width: usize, work: &ResponseWork) {
    let (k, last) = (blocks.k, width - 1);
    for ((&level, z), y) in work.codes.iter().zip(&work.column).zip(&work.y) {
        blocks.zr[(level as usize * k + a) * width + last] += z * y;
    }
}
