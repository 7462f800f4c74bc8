//! Where the Schur complement on the tail has numbers: two levels of the tail meet when a leaf has both, or when they
//! occur together in a row. Rows and columns are scalars of the tail; the k rows of a level share one pattern.

use rayon::prelude::*;

use crate::effects::layout::Layout;
use crate::gram::Gram;

/// A symmetric sparse pattern with full blocks of levels, the diagonal ones included.
pub(super) struct Pattern {
    pub n: usize,
    pub start: Vec<usize>,
    pub index: Vec<u32>,
    /// Where (j, i) lies for the entry (i, j).
    pub mirror: Vec<u32>,
    /// First scalar and number of effects of every level of the tail.
    pub levels: Vec<(usize, usize)>,
    pub level_of: Vec<u32>,
    /// Where the k x k numbers of a level begin in arrays of diagonal blocks.
    pub block: Vec<usize>,
    /// Entries of all pairs a >= b of the tail's scalars of each leaf.
    pub leaf_start: Vec<usize>,
    pub leaf_entries: Vec<u32>,
    /// Scalars of each component of each tail factor: component of a scalar, counted over all factors.
    pub components: usize,
    pub component_of: Vec<u32>,
}

/// Numbers that the pattern would hold at most, and numbers of pairs within leaves.
pub(super) fn predicted_entries(gram: &Gram, layout: &Layout) -> (f64, f64) {
    let Some(leaf) = layout.leaf else { return (0.0, 0.0) };
    let mut pairs = 0.0;
    for level in 0..gram.factors[leaf].levels {
        let m: usize =
            layout.tail.iter().zip(&gram.cross).map(|(&(f, _), c)| c.pairs(level).len() * gram.factors[f].k).sum();
        pairs += (m * m) as f64;
    }
    let among: f64 = gram.cross.iter().filter(|c| c.first != leaf).map(|c| 2.0 * c.value.len() as f64).sum();
    let n = layout.n_tail as f64;
    ((pairs + among + n).min(n * n), pairs)
}

impl Pattern {
    pub(super) fn of(gram: &Gram, layout: &Layout) -> Self {
        let mut levels = Vec::new();
        let mut first_level = vec![0usize; gram.factors.len()];
        let (mut component_of, mut components) = (Vec::with_capacity(layout.n_tail), 0);
        for &(f, offset) in &layout.tail {
            first_level[f] = levels.len();
            let k = gram.factors[f].k;
            for level in 0..gram.factors[f].levels {
                levels.push((offset + level * k, k));
                component_of.extend((0..k).map(|a| (components + a) as u32));
            }
            components += k;
        }
        let neighbours = neighbours(gram, layout, &first_level, levels.len());
        let mut pattern = expand(layout.n_tail, levels, &neighbours);
        pattern.component_of = component_of;
        pattern.components = components;
        pattern.find_leaves(gram, layout);
        pattern
    }

    #[inline]
    pub(super) fn row(&self, i: usize) -> std::ops::Range<usize> {
        self.start[i]..self.start[i + 1]
    }

    /// The entry (i, j), which must be in the pattern.
    #[inline]
    pub(super) fn find(&self, i: usize, j: usize) -> usize {
        let row = self.row(i);
        row.start + self.index[row].partition_point(|&c| (c as usize) < j)
    }

    /// Remember where the pairs of each leaf lie.
    fn find_leaves(&mut self, gram: &Gram, layout: &Layout) {
        let Some(leaf) = layout.leaf else { return };
        let mut own: Vec<usize> = Vec::new();
        self.leaf_start.push(0);
        for level in 0..gram.factors[leaf].levels {
            own.clear();
            for (&(f, offset), cross) in layout.tail.iter().zip(&gram.cross) {
                let k = gram.factors[f].k;
                for pair in cross.pairs(level) {
                    own.extend((0..k).map(|a| offset + cross.index[pair] as usize * k + a));
                }
            }
            for (a, &i) in own.iter().enumerate() {
                for &j in &own[..=a] {
                    self.leaf_entries.push(self.find(i, j) as u32);
                }
            }
            self.leaf_start.push(self.leaf_entries.len());
        }
    }
}

/// Sorted neighbours of every level of the tail, itself included.
fn neighbours(gram: &Gram, layout: &Layout, first_level: &[usize], count: usize) -> Vec<Vec<u32>> {
    let mut lists: Vec<Vec<u32>> = (0..count).map(|i| vec![i as u32]).collect();
    if let Some(leaf) = layout.leaf {
        let mut own: Vec<u32> = Vec::new();
        for level in 0..gram.factors[leaf].levels {
            own.clear();
            for (&(f, _), cross) in layout.tail.iter().zip(&gram.cross) {
                own.extend(cross.pairs(level).map(|pair| first_level[f] as u32 + cross.index[pair]));
            }
            for &i in &own {
                let list = &mut lists[i as usize];
                list.extend(own.iter().filter(|&&j| j != i));
                // Lists of levels that meet again and again stay short.
                if list.len() >= 4096 && list.len() == list.capacity() {
                    list.sort_unstable();
                    list.dedup();
                }
            }
        }
        for cross in gram.cross.iter().filter(|c| c.first != leaf) {
            for level in 0..gram.factors[cross.first].levels {
                let i = first_level[cross.first] + level;
                for pair in cross.pairs(level) {
                    let j = first_level[cross.second] + cross.index[pair] as usize;
                    lists[i].push(j as u32);
                    lists[j].push(i as u32);
                }
            }
        }
    }
    lists.par_iter_mut().for_each(|list| {
        list.sort_unstable();
        list.dedup();
    });
    lists
}

/// From levels to their scalars.
fn expand(n: usize, levels: Vec<(usize, usize)>, neighbours: &[Vec<u32>]) -> Pattern {
    let (mut start, mut index, mut level_of, mut block) =
        (Vec::with_capacity(n + 1), Vec::new(), Vec::with_capacity(n), Vec::with_capacity(levels.len()));
    start.push(0);
    let mut numbers = 0;
    for (level, &(_, k)) in levels.iter().enumerate() {
        block.push(numbers);
        numbers += k * k;
        for _ in 0..k {
            level_of.push(level as u32);
            for &j in &neighbours[level] {
                let (first, kj) = levels[j as usize];
                index.extend((first..first + kj).map(|c| c as u32));
            }
            start.push(index.len());
        }
    }
    let mut next = start.clone();
    let mut mirror = vec![0u32; index.len()];
    for (m, &j) in mirror.iter_mut().zip(&index) {
        *m = next[j as usize] as u32;
        next[j as usize] += 1;
    }
    Pattern {
        n,
        start,
        index,
        mirror,
        levels,
        level_of,
        block,
        leaf_start: Vec::new(),
        leaf_entries: Vec::new(),
        components: 0,
        component_of: Vec::new(),
    }
}
