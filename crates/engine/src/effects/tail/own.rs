//! What the tail has before the leaves are eliminated.

use crate::effects::layout::Layout;
use crate::effects::leaves::Leaves;
use crate::gram::Gram;

/// The tail's own cross products, scaled by the templates, plus the identity: calls `add(i, j, value)` for i >= j.
pub(super) fn own_entries(gram: &Gram, layout: &Layout, leaves: &Leaves, mut add: impl FnMut(usize, usize, f64)) {
    for &(f, offset) in &layout.tail {
        let (blocks, t) = (&gram.factors[f], &leaves.templates[f].t);
        let k = blocks.k;
        for level in 0..blocks.levels {
            let zz = &blocks.zz[level * k * k..(level + 1) * k * k];
            for j in 0..k {
                for i in j..k {
                    let value = sandwich(t, zz, t, i, j, k, k) + f64::from(u8::from(i == j));
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
                let row = second + cross.index[pair] as usize * ks;
                for j in 0..kf {
                    for i in 0..ks {
                        add(row + i, first + level * kf + j, sandwich(ts, cross.block(pair), tf, i, j, ks, kf));
                    }
                }
            }
        }
    }
}

/// Element (i, j) of A' B C with B of ka x kc.
#[inline]
fn sandwich(a: &[f64], b: &[f64], c: &[f64], i: usize, j: usize, ka: usize, kc: usize) -> f64 {
    let mut sum = 0.0;
    for n in 0..kc {
        let mut inner = 0.0;
        for m in 0..ka {
            inner += a[m + i * ka] * b[m + n * ka];
        }
        sum += inner * c[n + j * kc];
    }
    sum
}
