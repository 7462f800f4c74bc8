//! A sparse tail: the pattern that the leaves leave, where each leaf's products go, and whether it pays.

use std::sync::Arc;

use super::own::own_entries;
use super::plan::SparsePlan;
use crate::effects::layout::{Layout, Panel};
use crate::effects::leaves::Leaves;
use crate::factor::sparse::{Sparse, Symbolic};
use crate::gram::Gram;

/// Tails with fewer columns are dense: nothing is gained.
const SMALLEST: usize = 96;
/// A pattern that fills more than this share of the triangle is not worth analysing.
const FULLEST: f64 = 0.2;
/// Supernodes run at a fraction of the speed of a dense factorisation.
const HANDICAP: f64 = 4.0;

/// The plan of any pattern, whether it pays or not.
pub(super) fn on_any_pattern(gram: &Gram, layout: &Layout) -> SparsePlan {
    let (start, rows) = pattern(gram, layout, usize::MAX).unwrap_or_else(|| (vec![0; layout.n_tail + 1], Vec::new()));
    let symbolic = Symbolic::new(layout.n_tail, &start, &rows);
    let (start, pairs) = leaf_positions(gram, layout, &symbolic);
    SparsePlan { symbolic: Arc::new(symbolic), pairs, start }
}

/// `None` where a dense tail is predicted to be faster.
pub(super) fn plan(gram: &Gram, layout: &Layout) -> Option<SparsePlan> {
    let n = layout.n_tail;
    if n < SMALLEST {
        return None;
    }
    if share(gram, layout) > FULLEST {
        return None;
    }
    let full = 0.5 * (n as f64).powi(2);
    let (start, rows) = pattern(gram, layout, (FULLEST * full) as usize)?;
    let symbolic = Symbolic::new(n, &start, &rows);
    let fits = u32::try_from(symbolic.memory().0).is_ok();
    if !fits || HANDICAP * symbolic.flops() > (n as f64).powi(3) / 3.0 {
        return None;
    }
    let (start, pairs) = leaf_positions(gram, layout, &symbolic);
    Some(SparsePlan { symbolic: Arc::new(symbolic), pairs, start })
}

/// Numbers on such a pattern.
#[derive(Clone)]
pub(crate) struct SparseTail {
    pub matrix: Sparse,
    plan: Arc<SparsePlan>,
}

impl SparseTail {
    pub(crate) fn new(plan: &Arc<SparsePlan>) -> Self {
        Self { matrix: Sparse::new(Arc::clone(&plan.symbolic)), plan: Arc::clone(plan) }
    }

    /// Positions of one leaf's pairs: (0, 0), (0, 1), ..., (1, 1), ...
    #[inline]
    pub(crate) fn positions(&self, level: usize) -> &[u32] {
        &self.plan.pairs[self.plan.start[level]..self.plan.start[level + 1]]
    }

    pub(crate) fn assemble(&mut self, gram: &Gram, layout: &Layout, leaves: &Leaves) {
        self.matrix.fill_zero();
        let symbolic = Arc::clone(self.matrix.symbolic());
        let values = self.matrix.values_mut();
        own_entries(gram, layout, leaves, |i, j, v| values[symbolic.position(i.max(j), i.min(j))] += v);
        let Some(leaf) = layout.leaf else { return };
        let k = gram.factors[leaf].k;
        let mut panel = Panel::default();
        for level in 0..gram.factors[leaf].levels {
            leaves.panel(gram, layout, leaf, level, 0, &mut panel);
            let plan = &self.plan;
            let mut positions = plan.pairs[plan.start[level]..plan.start[level + 1]].iter();
            let h: Vec<&[f64]> = panel.h.chunks_exact(k).collect();
            for a in 0..h.len() {
                for (b, position) in h[a..].iter().zip(&mut positions) {
                    let product: f64 = h[a].iter().zip(*b).map(|(x, y)| x * y).sum();
                    values[*position as usize] -= product;
                }
            }
        }
    }
}

/// Scalar tail columns that one leaf touches, ascending.
fn neighbours(gram: &Gram, layout: &Layout, level: usize, out: &mut Vec<u32>) {
    out.clear();
    for (&(f, offset), cross) in layout.tail.iter().zip(&gram.cross) {
        let k = gram.factors[f].k;
        for pair in cross.pairs(level) {
            let node = (offset + cross.index[pair] as usize * k) as u32;
            out.extend(node..node + k as u32);
        }
    }
}

/// Columns looked at to guess how full the pattern is.
const SAMPLE: usize = 16;

/// Share of the tail that columns touch through the leaves, on average over a sample.
fn share(gram: &Gram, layout: &Layout) -> f64 {
    let n = layout.n_tail;
    let sampled: Vec<u32> = (0..SAMPLE).map(|m| (m * n / SAMPLE) as u32).collect();
    let mut touched = vec![false; SAMPLE * n];
    let mut list = Vec::new();
    for level in 0..layout.leaf.map_or(0, |g| gram.factors[g].levels) {
        neighbours(gram, layout, level, &mut list);
        for (m, column) in sampled.iter().enumerate() {
            if list.binary_search(column).is_ok() {
                list.iter().for_each(|&i| touched[m * n + i as usize] = true);
            }
        }
    }
    touched.iter().filter(|&&t| t).count() as f64 / touched.len() as f64
}

/// Lower triangle of the tail's pattern by columns: own blocks, pairs of tail factors, and a clique for every leaf.
/// `None` as soon as it holds more than `limit` entries.
fn pattern(gram: &Gram, layout: &Layout, limit: usize) -> Option<(Vec<usize>, Vec<u32>)> {
    let n = layout.n_tail;
    let leaf = layout.leaf?;
    let leaves = gram.factors[leaf].levels;
    // 1. The leaves of every column.
    let mut count = vec![0usize; n + 1];
    let mut list = Vec::new();
    for level in 0..leaves {
        neighbours(gram, layout, level, &mut list);
        list.iter().for_each(|&c| count[c as usize + 1] += 1);
    }
    for j in 0..n {
        count[j + 1] += count[j];
    }
    let mut next = count.clone();
    let mut by_column = vec![0u32; count[n]];
    for level in 0..leaves {
        neighbours(gram, layout, level, &mut list);
        for &c in &list {
            by_column[next[c as usize]] = level as u32;
            next[c as usize] += 1;
        }
    }
    drop(next);
    // 2. The tail's own entries.
    let own = own_pattern(gram, layout);
    // 3. Column by column, with a mark against repetition.
    let (mut start, mut rows) = (Vec::with_capacity(n + 1), Vec::new());
    let mut mark = vec![u32::MAX; n];
    start.push(0);
    for j in 0..n {
        let first = rows.len();
        let mut add = |i: u32| {
            if i as usize >= j && mark[i as usize] != j as u32 {
                mark[i as usize] = j as u32;
                rows.push(i);
            }
        };
        add(j as u32);
        own[j].iter().for_each(|&i| add(i));
        for &level in &by_column[count[j]..count[j + 1]] {
            neighbours(gram, layout, level as usize, &mut list);
            list.iter().for_each(|&i| add(i));
        }
        rows[first..].sort_unstable();
        start.push(rows.len());
        if rows.len() > limit.max(n) {
            return None;
        }
    }
    Some((start, rows))
}

/// Rows below the diagonal of the blocks on the diagonal and between tail factors.
fn own_pattern(gram: &Gram, layout: &Layout) -> Vec<Vec<u32>> {
    let mut own = vec![Vec::new(); layout.n_tail];
    for &(f, offset) in &layout.tail {
        let k = gram.factors[f].k;
        for node in (offset..offset + gram.factors[f].levels * k).step_by(k) {
            for (a, rows) in own[node..node + k].iter_mut().enumerate() {
                rows.extend((node + a) as u32..(node + k) as u32);
            }
        }
    }
    for (cross, first, second) in layout.tail_pairs(gram) {
        let (kf, ks) = (gram.factors[cross.first].k, gram.factors[cross.second].k);
        for level in 0..gram.factors[cross.first].levels {
            for pair in cross.pairs(level) {
                let row = (second + cross.index[pair] as usize * ks) as u32;
                for rows in &mut own[first + level * kf..first + (level + 1) * kf] {
                    rows.extend(row..row + ks as u32);
                }
            }
        }
    }
    own
}

fn leaf_positions(gram: &Gram, layout: &Layout, symbolic: &Symbolic) -> (Vec<usize>, Vec<u32>) {
    let leaves = layout.leaf.map_or(0, |g| gram.factors[g].levels);
    let (mut start, mut pairs) = (Vec::with_capacity(leaves + 1), Vec::new());
    let mut list = Vec::new();
    start.push(0);
    for level in 0..leaves {
        neighbours(gram, layout, level, &mut list);
        for (a, &j) in list.iter().enumerate() {
            pairs.extend(list[a..].iter().map(|&i| symbolic.position(i as usize, j as usize) as u32));
        }
        start.push(pairs.len());
    }
    (start, pairs)
}
