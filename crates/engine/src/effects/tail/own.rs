//! What the tail has before the leaves are eliminated.

use crate::effects::layout::Layout;
use crate::effects::leaves::Leaves;
use crate::gram::Gram;
use crate::stop;

/// The tail's own cross products, scaled by the templates, plus the identity: calls `add(i, j, value)` for i >= j.
pub(super) fn own_entries(gram: &Gram, layout: &Layout, leaves: &Leaves, mut add: impl FnMut(usize, usize, f64)) {
    let mut half = Vec::new();
    for &(f, offset) in &layout.tail {
        let (blocks, t) = (&gram.factors[f], &leaves.templates[f].t);
        let k = blocks.k;
        for level in 0..blocks.levels {
            stop::point(2 * k * k * k);
            transpose_times(t, &blocks.zz[level * k * k..(level + 1) * k * k], k, k, &mut half);
            for j in 0..k {
                for i in j..k {
                    let value = element(&half, t, i, j, k, k) + f64::from(u8::from(i == j));
                    add(offset + level * k + i, offset + level * k + j, value);
                }
            }
        }
    }
    for (cross, first, second) in layout.tail_pairs(gram) {
        let (kf, ks) = (gram.factors[cross.first].k, gram.factors[cross.second].k);
        let (tf, ts) = (&leaves.templates[cross.first].t, &leaves.templates[cross.second].t);
        for level in 0..gram.factors[cross.first].levels {
            for pair in cross.pairs(level) {
                stop::point(kf * ks * (kf + ks));
                let row = second + cross.index[pair] as usize * ks;
                transpose_times(ts, cross.block(pair), ks, kf, &mut half);
                for j in 0..kf {
                    for i in 0..ks {
                        add(row + i, first + level * kf + j, element(&half, tf, i, j, ks, kf));
                    }
                }
            }
        }
    }
}

/// A'B with A of ka x ka and B of ka x kc.
#[inline]
fn transpose_times(a: &[f64], b: &[f64], ka: usize, kc: usize, out: &mut Vec<f64>) {
    out.clear();
    for b in b.chunks_exact(ka).take(kc) {
        out.extend(a.chunks_exact(ka).map(|a| a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)));
    }
}

/// Element (i, j) of H C with H of ka x kc.
#[inline]
fn element(h: &[f64], c: &[f64], i: usize, j: usize, ka: usize, kc: usize) -> f64 {
    (0..kc).fold(0.0, |sum, n| sum + h[i + n * ka] * c[n + j * kc])
}
