//! Conditional covariance of the random effects of each level given theta: Lambda C^-1 Lambda' on the diagonal.

use super::elimination::Elimination;
use super::layout::{Layout, Panel};
use super::template::Template;
use crate::dense::small::{multiply, multiply_transpose_left, multiply_transpose_right};
use crate::gram::Gram;
use crate::stop;

/// One k x k block a level for every factor, in standardised coordinates. The tail must be inverted already.
pub(crate) fn blocks(gram: &Gram, layout: &Layout, e: &Elimination) -> Vec<Vec<f64>> {
    let mut out: Vec<Vec<f64>> = gram.factors.iter().map(|f| Vec::with_capacity(f.levels * f.k * f.k)).collect();
    if let Some(leaf) = layout.leaf {
        out[leaf] = leaf_blocks(gram, layout, e, leaf);
    }
    for &(f, offset) in &layout.tail {
        let k = gram.factors[f].k;
        for level in 0..gram.factors[f].levels {
            stop::large(4 * k * k * k);
            let node = offset + level * k;
            let inverse: Vec<f64> = (0..k * k)
                .map(|m| (node + m % k, node + m / k))
                .map(|(i, j)| e.tail.inverse_at(i.max(j), i.min(j)))
                .collect();
            out[f].extend(turn(&e.leaves.templates[f], &inverse));
        }
    }
    out
}

/// T S T'.
fn turn(template: &Template, s: &[f64]) -> Vec<f64> {
    let k = template.k;
    let (mut half, mut out) = (vec![0.0; k * k], vec![0.0; k * k]);
    multiply(&template.t, s, k, &mut half);
    multiply_transpose_right(&half, &template.t, k, &mut out);
    out
}

/// C^-1 of a leaf: linv'(I + H'S H) linv, S the inverse on the tail.
fn leaf_blocks(gram: &Gram, layout: &Layout, e: &Elimination, leaf: usize) -> Vec<f64> {
    let (levels, k) = (gram.factors[leaf].levels, gram.factors[leaf].k);
    let mut out = Vec::with_capacity(levels * k * k);
    let mut panel = Panel::default();
    let mut y = Vec::new();
    let (mut inner, mut half, mut inverse) = (vec![0.0; k * k], vec![0.0; k * k], vec![0.0; k * k]);
    stop::point(levels * k * k);
    for level in 0..levels {
        stop::large(8 * k * k * k);
        inner.fill(0.0);
        for j in 0..k {
            inner[j + j * k] = 1.0;
        }
        if layout.n_tail > 0 {
            e.leaves.panel(gram, layout, leaf, level, 0, &mut panel);
            stop::large(10 + 2 * panel.index.len().pow(2) * k);
            e.tail.multiply_inverse(level, &panel, k, &mut y);
            for (h, y) in panel.h.chunks_exact(k).zip(y.chunks_exact(k)) {
                for b in 0..k {
                    for a in 0..k {
                        inner[a + b * k] += h[a] * y[b];
                    }
                }
            }
        }
        let linv = &e.leaves.linv[level * k * k..(level + 1) * k * k];
        multiply(&inner, linv, k, &mut half);
        multiply_transpose_left(linv, &half, k, &mut inverse);
        out.extend(turn(&e.leaves.templates[leaf], &inverse));
    }
    out
}
