//! Who works on what, and where updates wait: fixed before any number is seen.
//!
//! Whole subtrees are bundled into ranges of supernodes of similar modelled time, which run
//! in parallel; the supernodes above them (the *top*) run one after another, with parallel
//! dense kernels. Neither depends on the number of threads.
//!
//! Every supernode hands its parent an `r x r` matrix. As supernodes are in postorder these
//! matrices live on stacks, one for each bundle and one for the top. Stack positions are
//! known beforehand: `assembly[s]` while the children's matrices are still below it,
//! `slot[s]` afterwards. The backward pass of the inverse runs the same film in reverse.

use super::cost::time;
use super::front;
use super::ordering::NONE;
use std::ops::Range;

/// Bundles that the work is divided into, at most about this many times two.
const PARTS: f64 = 24.0;

/// Modelled nanoseconds below which a bundle is not worth waking a thread.
const LEAST: f64 = 1e5;

#[derive(Clone, Debug)]
pub(super) struct Bundle {
    pub(super) supernodes: Range<usize>,
    /// Its part of the workspace.
    pub(super) work: Range<usize>,
    /// Where, in the workspace, its scratch for dense panels begins.
    pub(super) scratch: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) bundles: Vec<Bundle>,
    /// The other supernodes, ascending.
    pub(super) top: Vec<u32>,
    pub(super) top_scratch: usize,
    pub(super) slot: Vec<usize>,
    pub(super) assembly: Vec<usize>,
    /// Numbers of workspace in all.
    pub(super) work: usize,
}

impl Plan {
    pub(super) fn new(shapes: &[(usize, usize)], parent: &[u32], child_ptr: &[usize], children: &[u32]) -> Self {
        let count = shapes.len();
        let ranges = bundle(shapes, parent);
        let mut in_bundle = vec![NONE; count];
        for (b, range) in ranges.iter().enumerate() {
            in_bundle[range.clone()].fill(b as u32);
        }
        let (mut slot, mut assembly) = (vec![0; count], vec![0; count]);
        // Puts the stack of some supernodes at `base`; returns (its end, end of scratch).
        let mut stack = |base: usize, supernodes: &mut dyn Iterator<Item = usize>| {
            let (mut level, mut peak, mut scratch) = (base, base, 0);
            for s in supernodes {
                let (w, r) = shapes[s];
                let first =
                    children[child_ptr[s]..child_ptr[s + 1]].iter().find(|&&c| in_bundle[c as usize] == in_bundle[s]);
                assembly[s] = level;
                slot[s] = first.map_or(level, |&c| slot[c as usize]);
                peak = peak.max(level + r * r);
                level = slot[s] + r * r;
                scratch = scratch.max(front::scratch(w, r));
            }
            (peak, peak + scratch)
        };
        let mut work = 0;
        let mut bundles = Vec::with_capacity(ranges.len());
        for supernodes in ranges {
            let (scratch, end) = stack(work, &mut supernodes.clone());
            bundles.push(Bundle { supernodes, work: work..end, scratch });
            work = end;
        }
        // The top's stack comes last, so that all its children's matrices lie below it.
        let top: Vec<u32> = (0..count as u32).filter(|&s| in_bundle[s as usize] == NONE).collect();
        let (top_scratch, work) = stack(work, &mut top.iter().map(|&s| s as usize));
        Self { bundles, top, top_scratch, slot, assembly, work }
    }
}

/// Ranges of supernodes, each a union of whole subtrees.
fn bundle(shapes: &[(usize, usize)], parent: &[u32]) -> Vec<Range<usize>> {
    let count = shapes.len();
    let mut first: Vec<usize> = (0..count).collect();
    let mut total: Vec<f64> = shapes.iter().map(|&(w, r)| time(w as u32, r as u32)).collect();
    let whole: f64 = total.iter().sum();
    if whole < 4.0 * LEAST {
        return Vec::new();
    }
    for s in 0..count {
        if parent[s] != NONE {
            let p = parent[s] as usize;
            first[p] = first[p].min(first[s]);
            total[p] += total[s];
        }
    }
    let limit = whole / PARTS;
    let is_largest = |s: usize| total[s] <= limit && (parent[s] == NONE || total[parent[s] as usize] > limit);
    let mut ranges: Vec<(Range<usize>, f64)> = Vec::new();
    for s in (0..count).filter(|&s| is_largest(s)) {
        match ranges.last_mut() {
            Some((range, sum)) if range.end == first[s] && *sum + total[s] <= limit => {
                (range.end, *sum) = (s + 1, *sum + total[s]);
            }
            _ => ranges.push((first[s]..s + 1, total[s])),
        }
    }
    ranges.into_iter().filter(|(_, sum)| *sum >= LEAST).map(|(range, _)| range).collect()
}
