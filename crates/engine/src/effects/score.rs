//! Back-substitution and selected inverse: s = Z'e, and for each factor the score matrix
//! D = d criterion / d Sigma = sum over levels of [Z'PZ]_ll - s_l s_l' / sigma^2 (numerics: equations 1 to 4).

use rayon::prelude::*;

use super::elimination::Elimination;
use super::layout::{LEAVES_PER_TASK, Layout, Panel};
use super::tail::Products;
use crate::dense::small::{add, multiply};
use crate::gram::Gram;
use crate::stop;

/// What back-substitution leaves for one factor, level by level.
#[derive(Debug, Clone, Default)]
pub(crate) struct LevelParts {
    /// T_x = Z'V^-1 [X y], k rows of p + 1 a level.
    pub tx: Vec<f64>,
    /// s = Z'e = Z'P y, k a level.
    pub s: Vec<f64>,
}

impl LevelParts {
    /// Column j of T_x, `width` numbers a row.
    pub(crate) fn column(&self, j: usize, width: usize) -> Vec<f64> {
        self.tx.iter().skip(j).step_by(width).copied().collect()
    }
}

/// Solve for G = C^-1 Lambda'Z'[X y] and from it T_x = Lambda^-T G and s of every factor.
pub(crate) fn back_substitute(gram: &Gram, layout: &Layout, e: &Elimination, beta: &[f64]) -> Vec<LevelParts> {
    let (width, n_tail) = (gram.p + 1, layout.n_tail);
    let mut parts: Vec<LevelParts> = vec![LevelParts::default(); gram.factors.len()];
    let mut solution = e.tail_rhs.clone();
    e.tail.solve_lower_transpose(&mut solution, width);
    for &(f, offset) in &layout.tail {
        let (levels, k) = (gram.factors[f].levels, gram.factors[f].k);
        let mut g = vec![0.0; levels * k * width];
        for level in 0..levels {
            for a in 0..k {
                for c in 0..width {
                    g[(level * k + a) * width + c] = solution[c * n_tail + offset + level * k + a];
                }
            }
        }
        parts[f] = level_parts(g, &e.leaves.templates[f].inverse_transpose, k, beta);
    }
    if let Some(leaf) = layout.leaf {
        parts[leaf] = leaf_parts(gram, layout, e, leaf, &solution, beta);
    }
    parts
}

/// G of the leaves: C_l^-1 T'(Z'[X y] - A_lt T_t G_t) = linv'(r - H'G_t).
fn leaf_parts(gram: &Gram, layout: &Layout, e: &Elimination, leaf: usize, tail: &[f64], beta: &[f64]) -> LevelParts {
    let (width, n_tail) = (gram.p + 1, layout.n_tail);
    let (levels, k) = (gram.factors[leaf].levels, gram.factors[leaf].k);
    let task = |first: usize, levels: usize| {
        let mut panel = Panel::default();
        let mut g = vec![0.0; levels * k * width];
        let mut row = vec![0.0; k * width];
        for m in 0..levels {
            stop::large(k * k * width);
            let level = first + m;
            row.copy_from_slice(&e.leaves.r[level * k * width..(level + 1) * k * width]);
            if n_tail > 0 {
                e.leaves.panel(gram, layout, leaf, level, 0, &mut panel);
                stop::large(2 * panel.index.len() * k * width);
                for (entry, &index) in panel.index.iter().enumerate() {
                    for a in 0..k {
                        let h = panel.h[entry * k + a];
                        for c in 0..width {
                            row[a * width + c] -= h * tail[c * n_tail + index as usize];
                        }
                    }
                }
            }
            let linv = &e.leaves.linv[level * k * k..(level + 1) * k * k];
            let out = &mut g[m * k * width..(m + 1) * k * width];
            for a in 0..k {
                for b in a..k {
                    let factor = linv[b + a * k];
                    for c in 0..width {
                        out[a * width + c] += factor * row[b * width + c];
                    }
                }
            }
        }
        level_parts(g, &e.leaves.templates[leaf].inverse_transpose, k, beta)
    };
    if levels <= LEAVES_PER_TASK {
        return task(0, levels);
    }
    let pieces: Vec<LevelParts> = (0..levels.div_ceil(LEAVES_PER_TASK))
        .into_par_iter()
        .map(|m| task(m * LEAVES_PER_TASK, LEAVES_PER_TASK.min(levels - m * LEAVES_PER_TASK)))
        .collect();
    let mut all = LevelParts::default();
    for piece in pieces {
        all.tx.extend_from_slice(&piece.tx);
        all.s.extend_from_slice(&piece.s);
    }
    all
}

/// T_x = T^-T G, s = T_x (y - X beta).
fn level_parts(g: Vec<f64>, inverse_transpose: &[f64], k: usize, beta: &[f64]) -> LevelParts {
    let width = beta.len() + 1;
    let rows = g.len() / width;
    let residual = |row: &[f64]| row[width - 1] - row.iter().zip(beta).map(|(v, b)| v * b).sum::<f64>();
    let mut tx = vec![0.0; g.len()];
    for level in 0..rows / k {
        for a in 0..k {
            let out = &mut tx[(level * k + a) * width..(level * k + a + 1) * width];
            for m in 0..k {
                let factor = inverse_transpose[a + m * k];
                for (o, v) in out.iter_mut().zip(&g[(level * k + m) * width..(level * k + m + 1) * width]) {
                    *o += factor * v;
                }
            }
        }
    }
    let s = tx.chunks_exact(width).map(residual).collect();
    LevelParts { tx, s }
}

/// Sums over levels of s s' and, for REML, of T_x (X'V^-1 X)^-1 T_x' (k x k, to be subtracted from sum Z'V^-1 Z).
pub(crate) fn outer_sums(e: &Elimination, parts: &LevelParts, k: usize, p: usize, s2: f64, reml: bool) -> Vec<f64> {
    let width = p + 1;
    let levels = parts.s.len() / k;
    let task = |first: usize, levels: usize| {
        let mut sum = vec![0.0; k * k];
        let mut half = vec![0.0; k * p];
        stop::point(levels * k * (k + width));
        for level in first..first + levels {
            stop::large(k * p * (k + p));
            let s = &parts.s[level * k..(level + 1) * k];
            if reml {
                for a in 0..k {
                    let row = &parts.tx[(level * k + a) * width..(level * k + a) * width + p];
                    half[a * p..(a + 1) * p].copy_from_slice(row);
                    e.border.half_solve(&mut half[a * p..(a + 1) * p]);
                }
            }
            for b in 0..k {
                for a in b..k {
                    let mut value = s[a] * s[b] / s2;
                    if reml {
                        let (x, y) = (&half[a * p..(a + 1) * p], &half[b * p..(b + 1) * p]);
                        value += x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
                    }
                    sum[a + b * k] += value;
                }
            }
        }
        sum
    };
    let mut sum = in_pieces(levels, task, k * k);
    for b in 0..k {
        for a in b..k {
            sum[b + a * k] = sum[a + b * k];
        }
    }
    sum
}

/// Run `task(first, count)` over fixed pieces of the levels and add the results in order.
pub(crate) fn in_pieces(levels: usize, task: impl Fn(usize, usize) -> Vec<f64> + Sync, size: usize) -> Vec<f64> {
    in_pieces_of(levels, LEAVES_PER_TASK, task, size)
}

/// The same in pieces of `count` levels.
fn in_pieces_of(levels: usize, count: usize, task: impl Fn(usize, usize) -> Vec<f64> + Sync, size: usize) -> Vec<f64> {
    if levels <= count {
        return task(0, levels);
    }
    let pieces: Vec<Vec<f64>> =
        (0..levels.div_ceil(count)).into_par_iter().map(|m| task(m * count, count.min(levels - m * count))).collect();
    let mut sum = vec![0.0; size];
    for piece in pieces {
        add(&mut sum, &piece);
    }
    sum
}

/// sum over levels of [Z'V^-1 Z (U S)]_ll for every factor, k x k. The tail must be inverted already.
pub(crate) fn trace_sums(gram: &Gram, layout: &Layout, e: &Elimination) -> Vec<Vec<f64>> {
    let mut out: Vec<Vec<f64>> = gram.factors.iter().map(|f| vec![0.0; f.k * f.k]).collect();
    let Some(leaf) = layout.leaf else { return out };
    let (levels, k) = (gram.factors[leaf].levels, gram.factors[leaf].k);
    let sizes: Vec<usize> = layout.tail.iter().map(|&(f, _)| gram.factors[f].k.pow(2)).collect();
    let size = k * k + sizes.iter().sum::<usize>();
    if let Some(products) = e.tail.scalar_products(gram, layout, &e.leaves) {
        scalar_traces(gram, layout, e, leaf, &products, &mut out);
        tail_traces(gram, layout, e, &mut out);
        return out;
    }
    // Pieces hold about the same number of pairs; how many there are depends on the problem alone.
    let count = leaves_per_piece(gram, leaf, levels);
    let sums = in_pieces_of(levels, count, |first, n| leaf_traces(gram, layout, e, leaf, first, first + n, size), size);
    out[leaf].copy_from_slice(&sums[..k * k]);
    let mut at = k * k;
    for (&(f, _), &size) in layout.tail.iter().zip(&sizes) {
        let kf = gram.factors[f].k;
        // The leaves' part is -(A P) y' = -T_f^-T sum h y'.
        let mut turned = vec![0.0; size];
        multiply(&e.leaves.templates[f].inverse_transpose, &sums[at..at + size], kf, &mut turned);
        for (o, v) in out[f].iter_mut().zip(&turned) {
            *o -= v;
        }
        at += size;
    }
    tail_traces(gram, layout, e, &mut out);
    out
}

/// The same where every factor has one effect: X = h'S h / P, and the tail's sums follow from h_f'(S h)_f.
fn scalar_traces(
    gram: &Gram,
    layout: &Layout,
    e: &Elimination,
    leaf: usize,
    products: &Products,
    out: &mut [Vec<f64>],
) {
    let levels = e.leaves.p.iter().zip(&e.leaves.linv).zip(&gram.factors[leaf].zz).zip(&products.leaves);
    out[leaf][0] = levels.map(|(((p, linv), zz), q)| (zz * p * (1.0 + q) - q / p) * linv).sum();
    for (&(f, _), sum) in layout.tail.iter().zip(&products.factors) {
        out[f][0] = -sum * e.leaves.templates[f].inverse_transpose[0];
    }
}

/// Leaves of one piece: with many neighbours each, fewer.
fn leaves_per_piece(gram: &Gram, leaf: usize, levels: usize) -> usize {
    let pairs: usize = gram.cross.iter().filter(|c| c.first == leaf).map(|c| c.index.len()).sum();
    let per_level = (pairs / levels.max(1)).max(1);
    (LEAVES_PER_TASK / per_level).max(super::layout::SMALL_LEAVES)
}

/// Contributions of leaves `first..last`: [ZZ P (I + P'X) - X] linv with X = sum g'y, and sum h y' of each tail factor.
fn leaf_traces(
    gram: &Gram,
    layout: &Layout,
    e: &Elimination,
    leaf: usize,
    first: usize,
    last: usize,
    size: usize,
) -> Vec<f64> {
    let k = gram.factors[leaf].k;
    let mut sums = vec![0.0; size];
    let mut panel = Panel::default();
    let mut y: Vec<f64> = Vec::new();
    let (mut x, mut inner, mut zp, mut all) = (vec![0.0; k * k], vec![0.0; k * k], vec![0.0; k * k], vec![0.0; k * k]);
    let ends: Vec<(u32, usize, usize)> = layout
        .tail
        .iter()
        .scan(k * k, |at, &(f, offset)| {
            let kf = gram.factors[f].k;
            let here = *at;
            *at += kf * kf;
            Some(((offset + gram.factors[f].levels * kf) as u32, here, kf))
        })
        .collect();
    for level in first..last {
        x.fill(0.0);
        if layout.n_tail > 0 {
            e.leaves.panel(gram, layout, leaf, level, 0, &mut panel);
            stop::large(2 * panel.index.len().pow(2) * k);
            e.tail.multiply_inverse(level, &panel, k, &mut y);
            accumulate_panel(&panel, &y, k, &ends, &mut x, &mut sums);
        }
        let p = &e.leaves.p[level * k * k..(level + 1) * k * k];
        let linv = &e.leaves.linv[level * k * k..(level + 1) * k * k];
        let zz = &gram.factors[leaf].zz[level * k * k..(level + 1) * k * k];
        crate::dense::small::multiply_transpose_left(p, &x, k, &mut inner);
        for j in 0..k {
            inner[j + j * k] += 1.0;
        }
        multiply(zz, p, k, &mut zp);
        multiply(&zp, &inner, k, &mut all);
        for (a, b) in all.iter_mut().zip(&x) {
            *a -= b;
        }
        multiply(&all, linv, k, &mut zp);
        for (s, v) in sums[..k * k].iter_mut().zip(&zp) {
            *s += v;
        }
    }
    sums
}

/// X += g'y (k x k) and, factor by factor, sum h y' over the nodes of one leaf.
#[inline]
fn accumulate_panel(panel: &Panel, y: &[f64], k: usize, ends: &[(u32, usize, usize)], x: &mut [f64], sums: &mut [f64]) {
    for (g, y) in panel.g.chunks_exact(k).zip(y.chunks_exact(k)) {
        for b in 0..k {
            for a in 0..k {
                x[a + b * k] += g[a] * y[b];
            }
        }
    }
    let mut entry = 0;
    for &(end, at, kf) in ends {
        while entry < panel.index.len() && panel.index[entry] < end {
            for b in 0..kf {
                for a in 0..kf {
                    let (ha, yb) = (&panel.h[(entry + a) * k..], &y[(entry + b) * k..]);
                    sums[at + a + b * kf] += (0..k).map(|c| ha[c] * yb[c]).sum::<f64>();
                }
            }
            entry += kf;
        }
    }
}

/// The tail's own part: ZZ_ii T_i S_ii plus ZZ_ij T_j S_ji over pairs of tail factors.
fn tail_traces(gram: &Gram, layout: &Layout, e: &Elimination, out: &mut [Vec<f64>]) {
    let inverse = |i: usize, j: usize| e.tail.inverse_at(i.max(j), i.min(j));
    for &(f, offset) in &layout.tail {
        let blocks = &gram.factors[f];
        let k = blocks.k;
        for level in 0..blocks.levels {
            stop::large(4 * k * k * k);
            let node = offset + level * k;
            let zz = &blocks.zz[level * k * k..(level + 1) * k * k];
            add_product(&mut out[f], zz, &e.leaves.templates[f].t, (k, k), |m, j| inverse(node + m, node + j), false);
        }
    }
    for (cross, first, second) in layout.tail_pairs(gram) {
        let (kf, ks) = (gram.factors[cross.first].k, gram.factors[cross.second].k);
        for level in 0..gram.factors[cross.first].levels {
            let a = first + level * kf;
            for pair in cross.pairs(level) {
                stop::large(4 * kf * ks * (kf + ks));
                let b = second + cross.index[pair] as usize * ks;
                let block = cross.block(pair); // second x first
                let (tf, ts) = (&e.leaves.templates[cross.first].t, &e.leaves.templates[cross.second].t);
                add_product(&mut out[cross.second], block, tf, (ks, kf), |m, j| inverse(a + m, b + j), false);
                add_product(&mut out[cross.first], block, ts, (ks, kf), |m, j| inverse(b + m, a + j), true);
            }
        }
    }
}

/// out += B T S (or B' T S), B of rows x columns, S(m, j) the inverse between the two nodes.
fn add_product(
    out: &mut [f64],
    block: &[f64],
    t: &[f64],
    (rows, columns): (usize, usize),
    inverse: impl Fn(usize, usize) -> f64,
    transpose: bool,
) {
    let (k, inner) = if transpose { (columns, rows) } else { (rows, columns) };
    let element = |i: usize, m: usize| if transpose { block[m + i * rows] } else { block[i + m * rows] };
    for j in 0..k {
        for n in 0..inner {
            let s: Vec<f64> = (0..inner).map(|m| inverse(m, j)).collect();
            let ts: f64 = (0..inner).map(|m| t[n + m * inner] * s[m]).sum();
            for i in 0..k {
                out[i + j * k] += element(i, n) * ts;
            }
        }
    }
}
