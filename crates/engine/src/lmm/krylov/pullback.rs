//! From d / dS to d / dSigma of every factor: the scale of D, sum over levels of [Z'V^-1 Z]_ll, as the derivative of
//! the estimated log|C|.

use super::matrix::Matrix;
use super::pattern::Pattern;
use crate::dense::small::multiply;
use crate::effects::elimination::Elimination;
use crate::effects::layout::{Layout, Panel};
use crate::effects::score::in_pieces;
use crate::gram::Gram;

pub(super) fn scale(
    gram: &Gram,
    layout: &Layout,
    e: &Elimination,
    pattern: &Pattern,
    matrix: &Matrix,
    bar: &[f64],
) -> Vec<Vec<f64>> {
    let mut out: Vec<Vec<f64>> = gram.factors.iter().map(|f| vec![0.0; f.k * f.k]).collect();
    if let Some(leaf) = layout.leaf {
        out[leaf] = leaf_scale(gram, layout, e, pattern, bar, leaf);
    }
    for &(f, offset) in &layout.tail {
        out[f] = tail_scale(gram, e, pattern, matrix, bar, f, offset);
    }
    out
}

/// Leaves: sum of ZZ - ZZ Q ZZ, Q = (Sigma^-1 + ZZ)^-1, minus sum of E'(dS) E with E = Sigma^-1 Q A_lt T.
fn leaf_scale(gram: &Gram, layout: &Layout, e: &Elimination, pattern: &Pattern, bar: &[f64], leaf: usize) -> Vec<f64> {
    let blocks = &gram.factors[leaf];
    let k = blocks.k;
    let template = &e.leaves.templates[leaf];
    let sums = in_pieces(
        blocks.levels,
        |first, count| {
            let mut sums = vec![0.0; 2 * k * k];
            let (own, taken) = sums.split_at_mut(k * k);
            let (mut zp, mut zpl) = (vec![0.0; k * k], vec![0.0; k * k]);
            let (mut panel, mut sides, mut turned) = (Panel::default(), Vec::new(), vec![0.0; k]);
            for level in first..first + count {
                let at = level * k * k..(level + 1) * k * k;
                let linv = &e.leaves.linv[at.clone()];
                multiply(&blocks.zz[at.clone()], &e.leaves.p[at], k, &mut zp);
                multiply(&zp, linv, k, &mut zpl);
                own.iter_mut().zip(&zpl).for_each(|(o, v)| *o += v);
                e.leaves.panel(gram, layout, leaf, level, 0, &mut panel);
                sides.clear();
                for h in panel.h.chunks_exact(k) {
                    for (a, t) in turned.iter_mut().enumerate() {
                        *t = (a..k).map(|b| linv[b + a * k] * h[b]).sum();
                    }
                    for i in 0..k {
                        sides.push((0..k).map(|a| template.inverse_transpose[i + a * k] * turned[a]).sum::<f64>());
                    }
                }
                let mut entries = pattern.leaf_entries[pattern.leaf_start[level]..].iter();
                for (a, ea) in sides.chunks_exact(k).enumerate() {
                    for (b, (eb, &entry)) in sides.chunks_exact(k).zip(&mut entries).enumerate().take(a + 1) {
                        let value = bar[entry as usize];
                        for i in 0..k {
                            for j in 0..k {
                                let both = if a == b { ea[i] * ea[j] } else { ea[i] * eb[j] + eb[i] * ea[j] };
                                taken[i + j * k] += value * both;
                            }
                        }
                    }
                }
            }
            sums
        },
        2 * k * k,
    );
    let mut out = template.score_matrix(&sums[..k * k]);
    out.iter_mut().zip(&sums[k * k..]).for_each(|(o, t)| *o -= t);
    out
}

/// Levels of the tail: D T = T^-T sum of [(S - I) dS]_ii.
fn tail_scale(
    gram: &Gram,
    e: &Elimination,
    pattern: &Pattern,
    matrix: &Matrix,
    bar: &[f64],
    f: usize,
    offset: usize,
) -> Vec<f64> {
    let (levels, k) = (gram.factors[f].levels, gram.factors[f].k);
    let sum = in_pieces(
        levels,
        |first, count| {
            let mut sum = vec![0.0; k * k];
            for level in first..first + count {
                let row = offset + level * k;
                for b in 0..k {
                    for a in 0..k {
                        let (x, y) = (&matrix.k[pattern.row(row + a)], &bar[pattern.row(row + b)]);
                        sum[a + b * k] += x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
                    }
                }
            }
            sum
        },
        k * k,
    );
    let mut turned = vec![0.0; k * k];
    multiply(&e.leaves.templates[f].inverse_transpose, &sum, k, &mut turned);
    e.leaves.templates[f].score_matrix(&turned)
}
