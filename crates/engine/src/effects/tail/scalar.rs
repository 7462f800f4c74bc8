//! Products h'S h of every leaf where all factors have one effect and the tail is dense: the matrix S is read strip by
//! strip, each of which stays in a core's cache while all leaves pass over it.

use rayon::prelude::*;

use super::dense::strips_of;
use crate::dense::small::add;
use crate::effects::layout::{Layout, Panel};
use crate::effects::leaves::Leaves;
use crate::factor::tiled::Tiled;
use crate::gram::Gram;
use crate::stop;

/// h'S h of each leaf, and for each tail factor the sum over leaves of h_f'(S h)_f.
pub(crate) struct Products {
    pub leaves: Vec<f64>,
    pub factors: Vec<f64>,
}

pub(super) fn products(matrix: &Tiled, gram: &Gram, layout: &Layout, leaves: &Leaves) -> Products {
    let strips = strips_of(matrix);
    let parts: Vec<Products> =
        strips.into_par_iter().map(|(first, last)| strip(matrix, gram, layout, leaves, first, last)).collect();
    let levels = layout.leaf.map_or(0, |g| gram.factors[g].levels);
    let mut out = Products { leaves: vec![0.0; levels], factors: vec![0.0; layout.tail.len()] };
    for part in parts {
        add(&mut out.leaves, &part.leaves);
        add(&mut out.factors, &part.factors);
    }
    out
}

/// The share of the columns `first..last` of the lower triangle; what lies below the diagonal counts twice.
fn strip(matrix: &Tiled, gram: &Gram, layout: &Layout, leaves: &Leaves, first: usize, last: usize) -> Products {
    let Some(leaf) = layout.leaf else { return Products { leaves: Vec::new(), factors: Vec::new() } };
    let levels = gram.factors[leaf].levels;
    let ends: Vec<u32> = layout.tail.iter().map(|&(f, offset)| (offset + gram.factors[f].levels) as u32).collect();
    let values = matrix.values();
    let mut out = Products { leaves: vec![0.0; levels], factors: vec![0.0; ends.len()] };
    let mut panel = Panel::default();
    let mut offsets: Vec<usize> = Vec::new();
    let mut bounds: Vec<usize> = Vec::new();
    for (level, total) in out.leaves.iter_mut().enumerate() {
        leaves.panel(gram, layout, leaf, level, first, &mut panel);
        stop::large(10 + panel.index.len().pow(2));
        offsets.clear();
        offsets.extend(panel.index.iter().map(|&i| matrix.row_offset(i as usize)));
        bounds.clear();
        bounds.extend(ends.iter().map(|end| panel.index.partition_point(|i| i < end)));
        let mut own = 0;
        for a in 0..panel.index.len() {
            let column = panel.index[a] as usize;
            if column >= last {
                break;
            }
            while a >= bounds[own] {
                own += 1;
            }
            let (base, ha) = (matrix.column_base(column), panel.h[a]);
            let diagonal = values[base + offsets[a]] * ha * ha;
            out.factors[own] += diagonal;
            *total += diagonal;
            let mut from = a + 1;
            for (other, &to) in bounds.iter().enumerate().skip(own) {
                let sum: f64 =
                    offsets[from..to].iter().zip(&panel.h[from..to]).map(|(o, h)| values[base + o] * h).sum();
                let value = ha * sum;
                out.factors[own] += value;
                out.factors[other] += value;
                *total += 2.0 * value;
                from = to;
            }
        }
    }
    out
}
