//! Assembly of a dense tail, strip by strip.

use rayon::prelude::*;

use super::own::own_entries;
use crate::effects::layout::{Layout, Panel};
use crate::effects::leaves::Leaves;
use crate::factor::tiled::Tiled;
use crate::gram::Gram;
use crate::stop;

/// Entries of a strip of columns, about: one fits into a core's cache. Strips are assembled side by side; they
/// depend on the matrix alone, so that sums do not depend on the number of threads.
const STRIP: usize = 1 << 18;

/// Where entry (i, j) of a matrix is stored: base[j] + row[i].
struct Addresses {
    base: Vec<usize>,
    row: Vec<usize>,
}

impl Addresses {
    fn of(matrix: &Tiled) -> Self {
        let base = (0..matrix.n()).map(|j| matrix.column_base(j)).collect();
        let row = (0..matrix.n()).map(|i| matrix.row_offset(i)).collect();
        Self { base, row }
    }
}

/// The columns `first..last`, which `piece` holds from address `at` on.
struct Strip<'a> {
    first: usize,
    last: usize,
    at: usize,
    piece: &'a mut [f64],
}

pub(super) fn assemble(matrix: &mut Tiled, gram: &Gram, layout: &Layout, leaves: &Leaves) {
    matrix.fill_zero();
    let addresses = Addresses::of(matrix);
    let Addresses { base, row } = &addresses;
    let values = matrix.values_mut();
    own_entries(gram, layout, leaves, |i, j, v| values[base[j] + row[i]] += v);
    let mut pieces = Vec::new();
    let mut rest = values;
    let mut done = 0;
    for (first, last) in strips(layout.n_tail, base, row) {
        let end = if last == layout.n_tail { done + rest.len() } else { base[last] + row[last] };
        let (piece, after) = rest.split_at_mut(end - done);
        pieces.push(Strip { first, last, at: done, piece });
        rest = after;
        done = end;
    }
    let subtract = |strip: Strip| subtract_leaves(gram, layout, leaves, strip, &addresses);
    if layout.small {
        pieces.into_iter().for_each(subtract);
    } else {
        pieces.into_par_iter().for_each(subtract);
    }
}

/// Cut the columns at tile boundaries into strips of about the same area.
fn strips(n: usize, base: &[usize], row: &[usize]) -> Vec<(usize, usize)> {
    // A strip may only begin where the storage of its first column begins a tile column: the address of the
    // diagonal entry then exceeds that of everything before it.
    let begins = |j: usize| j == 0 || base[j] + row[j] > base[j - 1] + row[n - 1];
    let (mut out, mut first, mut sum) = (Vec::new(), 0, 0);
    for j in 0..n {
        if j > first && begins(j) && sum >= STRIP {
            out.push((first, j));
            first = j;
            sum = 0;
        }
        sum += n - j;
    }
    out.push((first, n));
    out
}

/// The strips of a matrix.
pub(super) fn strips_of(matrix: &Tiled) -> Vec<(usize, usize)> {
    let Addresses { base, row } = Addresses::of(matrix);
    strips(matrix.n(), &base, &row)
}

/// Subtract H H' of every leaf from a strip.
fn subtract_leaves(gram: &Gram, layout: &Layout, leaves: &Leaves, strip: Strip, addresses: &Addresses) {
    let Some(leaf) = layout.leaf else { return };
    let k = gram.factors[leaf].k;
    let mut panel = Panel::default();
    let mut offsets: Vec<usize> = Vec::new();
    stop::point(10 * gram.factors[leaf].levels);
    for level in 0..gram.factors[leaf].levels {
        leaves.panel(gram, layout, leaf, level, strip.first, &mut panel);
        stop::large(panel.index.len().pow(2) * k);
        offsets.clear();
        offsets.extend(panel.index.iter().map(|&i| addresses.row[i as usize]));
        subtract_panel(&panel, k, &offsets, &addresses.base, (strip.first, strip.last), strip.at, strip.piece);
    }
}

/// The same of one leaf. Slices come as they are, not within structs: the compiler must see that they do not overlap.
#[inline]
fn subtract_panel(
    panel: &Panel,
    k: usize,
    offsets: &[usize],
    base: &[usize],
    (first, last): (usize, usize),
    at: usize,
    piece: &mut [f64],
) {
    let m = panel.index.len();
    for a in 0..m {
        let column = panel.index[a] as usize;
        if column < first {
            continue; // the first node of the strip may straddle its boundary
        }
        if column >= last {
            break;
        }
        let start = base[column] - at.min(base[column]);
        let short = at - at.min(base[column]);
        if k == 1 {
            let ha = panel.h[a];
            if offsets[m - 1] - offsets[a] == m - 1 - a {
                // Neighbours without gaps: one run.
                let first = start + offsets[a] - short;
                let run = &mut piece[first..first + m - a];
                run.iter_mut().zip(&panel.h[a..]).for_each(|(p, h)| *p -= ha * h);
                continue;
            }
            for b in a..m {
                piece[start + offsets[b] - short] -= ha * panel.h[b];
            }
        } else {
            let ha = &panel.h[a * k..(a + 1) * k];
            for b in a..m {
                let hb = &panel.h[b * k..(b + 1) * k];
                let sum: f64 = ha.iter().zip(hb).map(|(x, y)| x * y).sum();
                piece[start + offsets[b] - short] -= sum;
            }
        }
    }
}
