//! Sparse symmetric positive definite matrices by supernodes.
//!
//! [`Symbolic`] analyses a pattern once; [`Sparse`] holds numbers on it:
//!
//! 1. `fill_zero`, then `values_mut()[position(i, j)] += v` for entries of the pattern;
//! 2. `cholesky`: multifrontal (Duff and Reid 1983). Supernode `J` with rows `R` below adds
//!    its children's updates to its front, eliminates its columns, and leaves the update
//!    `-L_RJ L_RJ'` for its parent;
//! 3. `logdet`, `solve_lower`, `solve_lower_transpose`, `solve`;
//! 4. `invert_selected`: from the root down, `Z_RR` comes out of the parent's front and
//!    `Y = L_RJ L_JJ^-1`, `Z_RJ = -Z_RR Y`, `Z_JJ = (L_JJ L_JJ')^-1 - Y' Z_RJ` (Takahashi,
//!    Fagan, Chen 1973), which overwrites `L` by the inverse on the pattern of `L`.
//!
//! Rows are numbered as the caller numbers them, except where the documentation says
//! "elimination order". Results do not depend on the number of threads (see `plan`).

mod cost;
mod front;
mod ordering;
mod plan;
mod solve;
mod symbolic;
mod tree;

pub use cost::{Prediction, predict};
pub use symbolic::Symbolic;

use crate::stop;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Entries of an update from which adding it to the parent is divided among threads.
const MANY: usize = 1 << 18;

/// A sparse symmetric matrix, its Cholesky factor, or entries of its inverse.
#[derive(Clone, Debug)]
pub struct Sparse {
    symbolic: Arc<Symbolic>,
    values: Vec<f64>,
    /// Updates in flight; kept, so that repeated evaluations allocate once.
    work: Vec<f64>,
}

/// Some supernodes' share of the numbers.
struct Share<'a> {
    values: &'a mut [f64],
    values_start: usize,
    work: &'a mut [f64],
    work_start: usize,
    /// Start of the scratch, counted like `work_start`.
    scratch: usize,
}

impl Sparse {
    /// The zero matrix on a pattern.
    pub fn new(symbolic: Arc<Symbolic>) -> Self {
        let values = vec![0.0; symbolic.memory().0];
        Self { symbolic, values, work: Vec::new() }
    }

    /// The pattern.
    pub fn symbolic(&self) -> &Arc<Symbolic> {
        &self.symbolic
    }

    /// The storage, addressed by [`Symbolic::position`].
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The storage, to scatter into.
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// Sets every entry to zero.
    pub fn fill_zero(&mut self) {
        self.values.fill(0.0);
    }

    /// Entry `(i, j)`, in either triangle; zero outside the factor's pattern.
    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.symbolic.find(i, j).map_or(0.0, |at| self.values[at])
    }

    /// Overwrites the matrix by its factor.
    ///
    /// # Errors
    /// The row (as the caller numbers them) whose pivot is not positive: of those, the one in
    /// the first bundle of the elimination order. The contents are then undefined.
    pub fn cholesky(&mut self) -> Result<(), usize> {
        let symbolic = Arc::clone(&self.symbolic);
        let row = |step: usize| symbolic.order[step] as usize;
        let factor = |range: Range<usize>, mut share: Share<'_>| -> Result<(), usize> {
            range.clone().try_for_each(|s| eliminate(&symbolic, s, &mut share))
        };
        let failures = self.each_bundle(factor);
        failures.into_iter().collect::<Result<(), usize>>().map_err(row)?;
        let mut share = self.whole();
        let mut top = symbolic.plan.top.iter();
        top.try_for_each(|&s| eliminate(&symbolic, s as usize, &mut share)).map_err(row)
    }

    /// `log |L L'| = 2 sum log L_ii` of the factor.
    pub fn logdet(&self) -> f64 {
        let symbolic = &*self.symbolic;
        let of_supernode = |s: usize| -> f64 {
            let (w, r) = symbolic.shape(s);
            let block = &self.values[symbolic.value_ptr[s]..];
            (0..w).map(|k| block[k * (w + r + 1)].ln()).sum()
        };
        2.0 * (0..symbolic.supernodes()).map(of_supernode).sum::<f64>()
    }

    /// Overwrites the factor by the entries of the inverse on the factor's pattern.
    pub fn invert_selected(&mut self) {
        let symbolic = Arc::clone(&self.symbolic);
        let mut share = self.whole();
        for &s in symbolic.plan.top.iter().rev() {
            invert(&symbolic, s as usize, &mut share);
        }
        self.each_bundle(|range: Range<usize>, mut share: Share<'_>| {
            range.rev().for_each(|s| invert(&symbolic, s, &mut share));
        });
    }

    /// Everything, for the supernodes of the top.
    fn whole(&mut self) -> Share<'_> {
        let plan = &self.symbolic.plan;
        self.work.resize(plan.work, 0.0);
        Share {
            values: &mut self.values,
            values_start: 0,
            work: &mut self.work,
            work_start: 0,
            scratch: plan.top_scratch,
        }
    }

    /// Runs a task on every bundle, each with its own share; results in order.
    fn each_bundle<T: Send>(&mut self, task: impl Fn(Range<usize>, Share<'_>) -> T + Sync) -> Vec<T> {
        let symbolic = &*self.symbolic;
        let plan = &symbolic.plan;
        self.work.resize(plan.work, 0.0);
        let (mut values, mut work) = (&mut self.values[..], &mut self.work[..]);
        let (mut values_start, mut work_start) = (0, 0);
        let mut shares = Vec::with_capacity(plan.bundles.len());
        for bundle in &plan.bundles {
            let range = &bundle.supernodes;
            let (from, to) = (symbolic.value_ptr[range.start], symbolic.value_ptr[range.end]);
            let (own, rest) = values[from - values_start..].split_at_mut(to - from);
            (values, values_start) = (rest, to);
            let (own_work, rest) = work[bundle.work.start - work_start..].split_at_mut(bundle.work.len());
            (work, work_start) = (rest, bundle.work.end);
            let share = Share {
                values: own,
                values_start: from,
                work: own_work,
                work_start: bundle.work.start,
                scratch: bundle.scratch,
            };
            shares.push((range.clone(), share));
        }
        if shares.len() < 2 || rayon::current_num_threads() == 1 {
            return shares.into_iter().map(|(range, share)| task(range, share)).collect();
        }
        let run = |(range, share)| task(range, share);
        shares.into_par_iter().with_max_len(1).map(run).collect()
    }
}

/// The front of one supernode, and the matrices below it on the stack.
struct Front<'a> {
    columns: &'a mut [f64],
    square: &'a mut [f64],
    scratch: &'a mut [f64],
    below: &'a mut [f64],
}

impl Share<'_> {
    fn front(&mut self, symbolic: &Symbolic, s: usize) -> Front<'_> {
        let (_, r) = symbolic.shape(s);
        let from = symbolic.value_ptr[s] - self.values_start;
        let to = symbolic.value_ptr[s + 1] - self.values_start;
        let (stack, scratch) = self.work.split_at_mut(self.scratch - self.work_start);
        let (below, above) = stack.split_at_mut(symbolic.plan.assembly[s] - self.work_start);
        let columns = &mut self.values[from..to];
        Front { columns, square: &mut above[..r * r], scratch, below }
    }

    /// Place of a supernode's matrix while its parent's front is open.
    fn slot(&self, symbolic: &Symbolic, s: usize) -> Range<usize> {
        slot(symbolic, s, self.work_start)
    }
}

fn slot(symbolic: &Symbolic, s: usize, work_start: usize) -> Range<usize> {
    let (_, r) = symbolic.shape(s);
    let from = symbolic.plan.slot[s] - work_start;
    from..from + r * r
}

/// Assembles and eliminates one front. `Err` is the elimination step that failed.
fn eliminate(symbolic: &Symbolic, s: usize, share: &mut Share<'_>) -> Result<(), usize> {
    let (w, r) = symbolic.shape(s);
    stop::large((w + r) * (w + r));
    let work_start = share.work_start;
    let front = share.front(symbolic, s);
    front.square.fill(0.0);
    for &c in symbolic.children_of(s) {
        let c = c as usize;
        let update = &front.below[slot(symbolic, c, work_start)];
        assemble(front.columns, front.square, update, symbolic.relative_of(c), w);
    }
    let first = symbolic.start[s] as usize;
    front::eliminate(front.columns, front.square, w, r).map_err(|k| first + k)?;
    let slot = share.slot(symbolic, s);
    let assembly = symbolic.plan.assembly[s] - work_start;
    if slot.start != assembly {
        share.work.copy_within(assembly..assembly + r * r, slot.start);
    }
    Ok(())
}

/// Adds a child's update to the parent's front of `w` columns.
fn assemble(columns: &mut [f64], square: &mut [f64], update: &[f64], relative: &[u32], w: usize) {
    let size = relative.len();
    let (r, inner) = (square.len().isqrt(), relative.partition_point(|&i| (i as usize) < w));
    let m = w + r;
    for (a, from) in update.chunks_exact(size.max(1)).enumerate().take(inner) {
        let at = relative[a] as usize * m;
        add_scattered(&mut columns[at..at + m], &from[a..], &relative[a..], 0);
    }
    let outer = |strip: &mut [f64], first: usize| {
        let end = first + strip.len() / r;
        let from = relative.partition_point(|&i| (i as usize) < w + first);
        let to = relative.partition_point(|&i| (i as usize) < w + end);
        for a in from..to {
            let at = (relative[a] as usize - w - first) * r;
            let column = &update[a * size + a..(a + 1) * size];
            add_scattered(&mut strip[at..at + r], column, &relative[a..], w);
        }
    };
    by_strips(square, r, size, outer);
}

/// `target[relative - shift] += source`.
#[inline]
fn add_scattered(target: &mut [f64], source: &[f64], relative: &[u32], shift: usize) {
    let first = relative[0] as usize - shift;
    let last = relative[relative.len() - 1] as usize - shift;
    if last - first + 1 == relative.len() {
        let target = &mut target[first..=last];
        target.iter_mut().zip(source).for_each(|(t, s)| *t += s);
    } else {
        for (&i, s) in relative.iter().zip(source) {
            target[i as usize - shift] += s;
        }
    }
}

/// Inverts one front whose `Z_RR` is in its slot, and hands the children theirs.
fn invert(symbolic: &Symbolic, s: usize, share: &mut Share<'_>) {
    let (w, r) = symbolic.shape(s);
    stop::large((w + r) * (w + r));
    let (slot_s, work_start) = (share.slot(symbolic, s), share.work_start);
    let assembly = symbolic.plan.assembly[s] - work_start;
    if slot_s.start != assembly {
        // The children's slots are about to be filled from here: move out of their way.
        share.work.copy_within(slot_s, assembly);
    }
    let front = share.front(symbolic, s);
    front::invert(front.columns, front.square, front.scratch, w, r);
    for &c in symbolic.children_of(s) {
        let c = c as usize;
        let target = &mut front.below[slot(symbolic, c, work_start)];
        extract(target, front.columns, front.square, symbolic.relative_of(c), w);
    }
}

/// Reads a child's `Z_RR` (lower triangle) out of the parent's front of `w` columns.
fn extract(target: &mut [f64], columns: &[f64], square: &[f64], relative: &[u32], w: usize) {
    let size = relative.len();
    let r = square.len().isqrt();
    let m = w + r;
    by_strips(target, size, size, |strip, first| {
        for (a, to) in strip.chunks_exact_mut(size).enumerate() {
            let a = first + a;
            let column = relative[a] as usize;
            let (from, shift) = if column < w {
                (&columns[column * m..(column + 1) * m], 0)
            } else {
                (&square[(column - w) * r..(column - w + 1) * r], w)
            };
            for (to, &i) in to[a..].iter_mut().zip(&relative[a..]) {
                *to = from[i as usize - shift];
            }
        }
    });
}

/// Runs `task(strip, first column)` over a square of `side` columns: in one piece, or in
/// strips over the threads if `size^2` entries are to be moved and those are many.
fn by_strips(square: &mut [f64], side: usize, size: usize, task: impl Fn(&mut [f64], usize) + Sync) {
    const STRIP: usize = 64;
    if side == 0 {
        return;
    }
    if size * size < MANY || rayon::current_num_threads() == 1 {
        return task(square, 0);
    }
    let strips = square.par_chunks_mut(side * STRIP).with_max_len(1).enumerate();
    strips.for_each(|(k, strip)| task(strip, k * STRIP));
}

#[cfg(test)]
mod tests;
