//! Another response in the blocks of a model: only the columns of y change.

use super::Gram;
use super::blocks::{CHUNK, FactorBlocks};
use super::fixed::dot;
use super::levels::fill;
use crate::error::EngineError;
use crate::rows::{Column, Rows};
use crate::stop;

/// Buffers of a chunk of rows, kept from one response to the next.
#[derive(Default)]
pub(crate) struct ResponseWork {
    y: Vec<f64>,
    column: Vec<f64>,
    z: Vec<f64>,
    codes: Vec<u32>,
}

impl Gram {
    /// The same model with another response; everything of `rows` but its y must be what the blocks are made of.
    pub fn with_response(&self, rows: &Rows) -> Result<Self, EngineError> {
        rows.check()?;
        let levels = rows.groups.iter().map(|g| g.levels).eq(self.factors.iter().map(|f| f.levels));
        if rows.n() != self.n || rows.x.len() != self.p || !levels {
            return Err(EngineError::shape("the rows of a new response must be those of the model"));
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
            stop::point(m * (10 + 4 * p));
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
                work.z.resize(blocks.k * m, 0.0);
                for ((column, affine), z) in
                    columns.zip(&self.standard.factors[g].columns).zip(work.z.chunks_exact_mut(m))
                {
                    fill(z, column, *affine, start, weights);
                }
                match blocks.k {
                    1 => add_response::<1>(blocks, width, work),
                    2 => add_response::<2>(blocks, width, work),
                    3 => add_response::<3>(blocks, width, work),
                    4 => add_response::<4>(blocks, width, work),
                    _ => add_any_response(blocks, width, work),
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

/// Z'y of every level. Rows of one level often follow each other: their sums stay in registers until the level changes.
fn add_response<const K: usize>(blocks: &mut FactorBlocks, width: usize, work: &ResponseWork) {
    let m = work.y.len();
    let mut sums = [0.0; K];
    let mut level = work.codes[0];
    let mut flush = |level: u32, sums: &mut [f64; K]| {
        for (a, sum) in sums.iter_mut().enumerate() {
            blocks.zr[(level as usize * K + a + 1) * width - 1] += *sum;
            *sum = 0.0;
        }
    };
    for (r, (&code, y)) in work.codes.iter().zip(&work.y).enumerate() {
        if code != level {
            flush(level, &mut sums);
            level = code;
        }
        for (a, sum) in sums.iter_mut().enumerate() {
            *sum += work.z[a * m + r] * y;
        }
    }
    flush(level, &mut sums);
}

fn add_any_response(blocks: &mut FactorBlocks, width: usize, work: &ResponseWork) {
    let k = blocks.k;
    for (a, z) in work.z.chunks_exact(work.y.len()).enumerate() {
        for ((&level, z), y) in work.codes.iter().zip(z).zip(&work.y) {
            blocks.zr[(level as usize * k + a + 1) * width - 1] += z * y;
        }
    }
}
