//! Weighted cross products of the random effects' columns, written into the pattern that the data have.

use rayon::prelude::*;

use super::data::{Data, DataColumn, FactorRows};
use super::likelihood::PIECE;
use crate::family::pair;
use crate::gram::{CrossBlocks, FactorBlocks, Gram};
use crate::stop;

/// From this many rows on the blocks are filled side by side.
const MANY: usize = 20_000;

/// Z'WZ, W in runs of the pairs of linear predictors.
pub(crate) fn fill_matrix(data: &Data, w: &[f64], gram: &mut Gram) {
    let own = |(rows, blocks): (&FactorRows, &mut FactorBlocks)| own_products(rows, w, data.n, &mut blocks.zz);
    let between = |(cross, slots): (&mut CrossBlocks, &Vec<u32>)| {
        cross_products(&data.factors[cross.first], &data.factors[cross.second], slots, w, data.n, &mut cross.value);
    };
    if data.n < MANY {
        data.factors.iter().zip(&mut gram.factors).for_each(own);
        gram.cross.iter_mut().zip(data.slots.iter()).for_each(between);
        return;
    }
    rayon::join(
        || data.factors.par_iter().zip(gram.factors.par_iter_mut()).for_each(own),
        || gram.cross.par_iter_mut().zip(data.slots.par_iter()).for_each(between),
    );
}

fn own_products(rows: &FactorRows, w: &[f64], n: usize, zz: &mut [f64]) {
    zz.fill(0.0);
    let k = rows.k();
    stop::point(2 * n);
    if rows.only_ones() && w.len() == n {
        for (&code, w) in rows.codes.iter().zip(w) {
            zz[code as usize] += w;
        }
        return;
    }
    for b in 0..k {
        for a in b..k {
            stop::point(4 * n);
            let (za, zb) = (&rows.columns[a], &rows.columns[b]);
            let w = run(w, pair(za.predictor, zb.predictor), n);
            for (row, (&code, w)) in rows.codes.iter().zip(w).enumerate() {
                zz[code as usize * k * k + a + b * k] += w * za.at(row) * zb.at(row);
            }
        }
    }
    for level in zz.chunks_exact_mut(k * k) {
        for b in 0..k {
            for a in b + 1..k {
                level[b + a * k] = level[a + b * k];
            }
        }
    }
}

fn cross_products(first: &FactorRows, second: &FactorRows, slots: &[u32], w: &[f64], n: usize, value: &mut [f64]) {
    value.fill(0.0);
    let (kf, ks) = (first.k(), second.k());
    if first.only_ones() && second.only_ones() && w.len() == n {
        for (&slot, w) in slots.iter().zip(w) {
            value[slot as usize] += w;
        }
        return;
    }
    for (b, zb) in first.columns.iter().enumerate() {
        for (a, za) in second.columns.iter().enumerate() {
            stop::point(4 * n);
            let w = run(w, pair(za.predictor, zb.predictor), n);
            for (row, (&slot, w)) in slots.iter().zip(w).enumerate() {
                value[slot as usize * kf * ks + a + b * ks] += w * za.at(row) * zb.at(row);
            }
        }
    }
}

/// Z'v of every level for `width` columns: `make(from, to, out)` writes rows `from..to` of column c for linear predictor
/// s at `out[(s * width + c) * (to - from) ..]`.
pub(crate) fn fill_border(
    data: &Data,
    width: usize,
    gram: &mut Gram,
    make: &(dyn Fn(usize, usize, &mut [f64]) + Sync),
) {
    for (rows, blocks) in data.factors.iter().zip(&mut gram.factors) {
        blocks.zr.clear();
        blocks.zr.resize(rows.levels * rows.k() * width, 0.0);
    }
    let buffer = || vec![0.0; data.predictors * width * PIECE.min(data.n)];
    let pieces = || (0..data.n).step_by(PIECE).map(|from| (from, (from + PIECE).min(data.n)));
    if data.n < MANY {
        let mut values = buffer();
        for (from, to) in pieces() {
            make(from, to, &mut values);
            for (rows, blocks) in data.factors.iter().zip(&mut gram.factors) {
                add_rows(rows, from, to, &values, width, &mut blocks.zr);
            }
        }
        return;
    }
    // Side by side every factor makes the values for itself, which is cheaper than to share them.
    data.factors.par_iter().zip(gram.factors.par_iter_mut()).for_each(|(rows, blocks)| {
        let mut values = buffer();
        for (from, to) in pieces() {
            make(from, to, &mut values);
            add_rows(rows, from, to, &values, width, &mut blocks.zr);
        }
    });
}

fn add_rows(rows: &FactorRows, from: usize, to: usize, values: &[f64], width: usize, zr: &mut [f64]) {
    let (k, len) = (rows.k(), to - from);
    let codes = &rows.codes[from..to];
    for (a, z) in rows.columns.iter().enumerate() {
        stop::point(2 * width * len);
        for c in 0..width {
            let values = &values[(z.predictor * width + c) * len..][..len];
            let (stride, at) = (k * width, a * width + c);
            match &z.values {
                None if stride == 1 => codes.iter().zip(values).for_each(|(&code, v)| zr[code as usize] += v),
                None => codes.iter().zip(values).for_each(|(&code, v)| zr[code as usize * stride + at] += v),
                Some(z) => codes
                    .iter()
                    .zip(values)
                    .zip(&z[from..to])
                    .for_each(|((&code, v), z)| zr[code as usize * stride + at] += z * v),
            }
        }
    }
}

/// Add Z b to runs of linear predictors; b holds levels x k numbers of each factor.
pub(crate) fn add_effects(data: &Data, b: &[Vec<f64>], eta: &mut [f64]) {
    let piece = |predictor: usize, from: usize, eta: &mut [f64]| {
        for (rows, b) in data.factors.iter().zip(b) {
            let k = rows.k();
            stop::point(2 * k * eta.len());
            let codes = &rows.codes[from..from + eta.len()];
            for (a, z) in rows.columns.iter().enumerate().filter(|(_, z)| z.predictor == predictor) {
                let at = |code: u32| b[code as usize * k + a];
                match &z.values {
                    None => eta.iter_mut().zip(codes).for_each(|(e, &code)| *e += at(code)),
                    Some(z) => eta.iter_mut().zip(codes).zip(&z[from..]).for_each(|((e, &code), z)| *e += z * at(code)),
                }
            }
        }
    };
    each_piece(data.n, eta, piece);
}

/// X beta + offset in runs of linear predictors.
pub(crate) fn fixed_part(data: &Data, beta: &[f64], eta: &mut [f64]) {
    for (offset, run) in data.offsets.iter().zip(eta.chunks_exact_mut(data.n)) {
        match offset {
            Some(offset) => run.copy_from_slice(offset),
            None => run.fill(0.0),
        }
    }
    add_fixed(data, beta, eta);
}

/// Add X beta to runs of linear predictors; an empty beta adds nothing.
pub(crate) fn add_fixed(data: &Data, beta: &[f64], eta: &mut [f64]) {
    let piece = |predictor: usize, from: usize, eta: &mut [f64]| {
        for (x, beta) in data.x.iter().zip(beta).filter(|(x, _)| x.predictor == predictor) {
            match &x.values {
                Some(values) => eta.iter_mut().zip(&values[from..]).for_each(|(e, x)| *e += beta * x),
                None => eta.iter_mut().for_each(|e| *e += beta),
            }
        }
    };
    if !beta.is_empty() {
        each_piece(data.n, eta, piece);
    }
}

/// Call `piece(predictor, first row, values)` for runs of linear predictors, piece by piece.
fn each_piece(n: usize, eta: &mut [f64], piece: impl Fn(usize, usize, &mut [f64]) + Sync) {
    for (predictor, run) in eta.chunks_exact_mut(n).enumerate() {
        if n < MANY {
            piece(predictor, 0, run);
        } else {
            run.par_chunks_mut(PIECE).enumerate().for_each(|(m, e)| piece(predictor, m * PIECE, e));
        }
    }
}

/// W times the columns of X, rows `from..to`, where [`fill_border`] wants the first columns of `width`.
pub(crate) fn weighted_columns(
    data: &Data,
    x: &[DataColumn],
    w: &[f64],
    (from, to): (usize, usize),
    width: usize,
    out: &mut [f64],
) {
    let len = to - from;
    for r in 0..data.predictors {
        for (j, x) in x.iter().enumerate() {
            let w = &run(w, pair(r, x.predictor), data.n)[from..to];
            x.scaled(w, from, &mut out[(r * width + j) * len..][..len]);
        }
    }
}

/// The response's own square where no solution depends on it: taken to be large.
pub(crate) const UNKNOWN: f64 = 1e300;

/// `[X y]'W[X y]` from X'WX, X'Wy and y'Wy.
pub(crate) fn bordered(products: &[f64], sums: &[f64], square: f64) -> Vec<f64> {
    let p = sums.len();
    let width = p + 1;
    let mut out = vec![0.0; width * width];
    for j in 0..p {
        out[j * width..j * width + p].copy_from_slice(&products[j * p..(j + 1) * p]);
        out[p + j * width] = sums[j];
        out[j + p * width] = sums[j];
    }
    out[width * width - 1] = square;
    out
}

/// X'WX, p x p, W in runs.
pub(crate) fn fixed_products(data: &Data, w: &[f64]) -> Vec<f64> {
    leading_products(data, data.x.len(), w)
}

/// The same of the first p columns.
pub(crate) fn leading_products(data: &Data, p: usize, w: &[f64]) -> Vec<f64> {
    let n = data.n;
    let piece = |from: usize| {
        let to = (from + PIECE).min(n);
        let mut out = vec![0.0; p * p];
        let mut scaled = vec![0.0; to - from];
        for j in 0..p {
            stop::point(3 * (p - j) * (to - from));
            for i in j..p {
                let (xi, xj) = (&data.x[i], &data.x[j]);
                let w = &run(w, pair(xi.predictor, xj.predictor), n)[from..to];
                if i == j || xi.predictor != xj.predictor || data.predictors > 1 {
                    xj.scaled(w, from, &mut scaled);
                }
                out[i + j * p] = match &xi.values {
                    Some(x) => scaled.iter().zip(&x[from..to]).map(|(a, b)| a * b).sum(),
                    None => scaled.iter().sum(),
                };
                out[j + i * p] = out[i + j * p];
            }
        }
        out
    };
    sum_pieces(n, p * p, piece)
}

/// X'v, v in runs of linear predictors.
pub(crate) fn fixed_sums(data: &Data, v: &[f64]) -> Vec<f64> {
    leading_sums(data, data.x.len(), v)
}

/// The same of the first p columns.
pub(crate) fn leading_sums(data: &Data, p: usize, v: &[f64]) -> Vec<f64> {
    let n = data.n;
    let piece = |from: usize| {
        let to = (from + PIECE).min(n);
        let sum = |j: usize| {
            let v = &run(v, data.x[j].predictor, n)[from..to];
            match &data.x[j].values {
                Some(x) => v.iter().zip(&x[from..to]).map(|(a, b)| a * b).sum::<f64>(),
                None => v.iter().sum(),
            }
        };
        (0..p).map(sum).collect()
    };
    sum_pieces(n, p, piece)
}

/// Add up what fixed pieces of the rows give, in order.
fn sum_pieces(n: usize, size: usize, piece: impl Fn(usize) -> Vec<f64> + Send + Sync) -> Vec<f64> {
    let starts: Vec<usize> = (0..n).step_by(PIECE).collect();
    let parts: Vec<Vec<f64>> =
        if n < MANY { starts.into_iter().map(piece).collect() } else { starts.into_par_iter().map(piece).collect() };
    let mut out = vec![0.0; size];
    parts.iter().for_each(|part| crate::dense::small::add(&mut out, part));
    out
}

#[inline]
pub(crate) fn run(values: &[f64], m: usize, n: usize) -> &[f64] {
    &values[m * n..(m + 1) * n]
}
