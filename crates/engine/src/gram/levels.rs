//! One pass over the rows: `[X y]'[X y]` and, for every grouping factor, `Z'Z` and `Z'[X y]` of each level.

use super::blocks::{CHUNK, FactorBlocks};
use super::fixed::FixedSums;
use super::standard::{Affine, Standard};
use crate::dense::small::add;
use crate::rows::{Column, Rows};
use crate::stop;
use crate::threads;

/// From this many rows on, two halves are accumulated side by side (whatever the number of threads, so that the
/// result does not depend on it).
const HALVES: usize = 200_000;

pub(crate) fn accumulate(rows: &Rows, standard: &Standard) -> (Vec<f64>, Vec<FactorBlocks>) {
    let n = rows.n();
    let blocks: usize = standard.factors.iter().zip(&rows.groups).map(|(f, g)| f.k() * g.levels).sum();
    // Two copies of the blocks must stay small beside the rows themselves.
    if n < HALVES || blocks * (rows.x.len() + 4) > n {
        let mut all = Accumulator::new(rows, standard);
        all.add(rows, standard, 0, n);
        return all.finish();
    }
    let (mut first, mut second) = (Accumulator::new(rows, standard), Accumulator::new(rows, standard));
    let middle = n / 2;
    threads::run(|| {
        rayon::join(|| first.add(rows, standard, 0, middle), || second.add(rows, standard, middle, n));
    });
    first.merge(&second);
    drop(second);
    first.finish()
}

struct Accumulator {
    fixed: FixedSums,
    factors: Vec<FactorBlocks>,
}

impl Accumulator {
    fn new(rows: &Rows, standard: &Standard) -> Self {
        let width = rows.x.len() + 1;
        let factors = standard
            .factors
            .iter()
            .zip(&rows.groups)
            .map(|(f, g)| {
                let (k, levels) = (f.k(), g.levels);
                FactorBlocks { levels, k, zz: vec![0.0; levels * k * k], zr: vec![0.0; levels * k * width] }
            })
            .collect();
        Self { fixed: FixedSums::new(width), factors }
    }

    fn add(&mut self, rows: &Rows, standard: &Standard, from: usize, to: usize) {
        let width = rows.x.len() + 1;
        let size = CHUNK.min(to - from);
        let mut columns = vec![0.0; width * size];
        let mut by_row = vec![0.0; width * size];
        let z_columns: Vec<Vec<Column>> = (0..rows.groups.len())
            .map(|g| rows.terms.iter().filter(|t| t.group == g).flat_map(|t| t.columns.iter().copied()).collect())
            .collect();
        let k_max = self.factors.iter().map(|f| f.k).max().unwrap_or(0);
        let mut z = vec![0.0; k_max * size];
        let mut codes = vec![0u32; size];
        let mut start = from;
        while start < to {
            let m = size.min(to - start);
            let effects: usize = self.factors.iter().map(|f| f.k * (f.k + width)).sum();
            stop::point(m * (width * width + 2 * effects + 20));
            let weights = rows.weights.map(|w| &w[start..start + m]);
            for (j, (column, affine)) in rows.x.iter().zip(&standard.x).enumerate() {
                fill(&mut columns[j * m..(j + 1) * m], column, *affine, start, weights);
            }
            let y = Column::Values(rows.y);
            fill(&mut columns[(width - 1) * m..width * m], &y, standard.y, start, weights);
            self.fixed.add_chunk(&columns[..width * m], m);
            for j in 0..width {
                for r in 0..m {
                    by_row[r * width + j] = columns[j * m + r];
                }
            }
            for (g, blocks) in self.factors.iter_mut().enumerate() {
                for (j, (column, affine)) in z_columns[g].iter().zip(&standard.factors[g].columns).enumerate() {
                    fill(&mut z[j * m..(j + 1) * m], column, *affine, start, weights);
                }
                rows.groups[g].codes.fill(start, &mut codes[..m]);
                add_levels(blocks, &codes[..m], &z, &by_row, m, width);
            }
            start += m;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.fixed.merge(&other.fixed);
        for (a, b) in self.factors.iter_mut().zip(&other.factors) {
            add(&mut a.zz, &b.zz);
            add(&mut a.zr, &b.zr);
        }
    }

    fn finish(mut self) -> (Vec<f64>, Vec<FactorBlocks>) {
        for f in &mut self.factors {
            mirror(f);
        }
        (self.fixed.finish(), self.factors)
    }
}

/// Standardised, weighted values of one column for the rows of a chunk.
#[inline]
pub(crate) fn fill(out: &mut [f64], column: &Column, affine: Affine, start: usize, weights: Option<&[f64]>) {
    match column {
        Column::Ones => out.fill(1.0),
        Column::Values(values) => {
            let values = &values[start..start + out.len()];
            for (o, v) in out.iter_mut().zip(values) {
                *o = (v - affine.shift) * affine.scale;
            }
        }
    }
    if let Some(weights) = weights {
        for (o, w) in out.iter_mut().zip(weights) {
            *o *= w.sqrt();
        }
    }
}

/// Add the rows of a chunk to their levels. The common sizes are compiled apart: their inner loops unroll.
fn add_levels(blocks: &mut FactorBlocks, codes: &[u32], z: &[f64], by_row: &[f64], m: usize, width: usize) {
    match (blocks.k, width) {
        (1, 2) => add_sized::<1, 2>(blocks, codes, z, by_row, m),
        (1, 3) => add_sized::<1, 3>(blocks, codes, z, by_row, m),
        (2, 2) => add_sized::<2, 2>(blocks, codes, z, by_row, m),
        (2, 3) => add_sized::<2, 3>(blocks, codes, z, by_row, m),
        (2, 4) => add_sized::<2, 4>(blocks, codes, z, by_row, m),
        (3, 4) => add_sized::<3, 4>(blocks, codes, z, by_row, m),
        _ => add_any(blocks, codes, z, by_row, m, width),
    }
}

#[inline]
fn add_sized<const K: usize, const W: usize>(
    blocks: &mut FactorBlocks,
    codes: &[u32],
    z: &[f64],
    by_row: &[f64],
    m: usize,
) {
    for (r, &code) in codes.iter().enumerate() {
        let level = code as usize;
        let zz = &mut blocks.zz[level * K * K..(level + 1) * K * K];
        let zr = &mut blocks.zr[level * K * W..(level + 1) * K * W];
        let row = &by_row[r * W..(r + 1) * W];
        for a in 0..K {
            let za = z[a * m + r];
            for b in a..K {
                zz[b + a * K] += za * z[b * m + r];
            }
            for c in 0..W {
                zr[a * W + c] += za * row[c];
            }
        }
    }
}

fn add_any(blocks: &mut FactorBlocks, codes: &[u32], z: &[f64], by_row: &[f64], m: usize, width: usize) {
    let k = blocks.k;
    for (r, &code) in codes.iter().enumerate() {
        let level = code as usize;
        let zz = &mut blocks.zz[level * k * k..(level + 1) * k * k];
        let zr = &mut blocks.zr[level * k * width..(level + 1) * k * width];
        let row = &by_row[r * width..(r + 1) * width];
        for a in 0..k {
            let za = z[a * m + r];
            if za == 0.0 {
                continue; // indicator columns are mostly zero
            }
            for b in a..k {
                zz[b + a * k] += za * z[b * m + r];
            }
            for (out, value) in zr[a * width..(a + 1) * width].iter_mut().zip(row) {
                *out += za * value;
            }
        }
    }
}

/// Only the lower triangle of Z'Z was added up.
fn mirror(blocks: &mut FactorBlocks) {
    let k = blocks.k;
    for zz in blocks.zz.chunks_exact_mut(k * k) {
        for j in 0..k {
            for i in j + 1..k {
                zz[j + i * k] = zz[i + j * k];
            }
        }
    }
}
