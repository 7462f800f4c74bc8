//! Which columns are eliminated together, and in which order.

use super::cost::{Counts, time};
use super::ordering::{self, NONE};

/// The tree of supernodes while it takes shape, children before parents.
pub(super) struct Tree {
    /// Columns in order; supernode `s` has the next `width[s]` of them.
    pub(super) order: Vec<u32>,
    pub(super) width: Vec<u32>,
    /// Rows below.
    below: Vec<u32>,
    pub(super) parent: Vec<u32>,
}

impl Tree {
    /// Maximal runs of columns whose structures nest exactly.
    pub(super) fn of_columns(counts: &Counts) -> Self {
        let n = counts.count.len();
        let (mut width, mut below, mut supernode) = (Vec::<u32>::new(), Vec::new(), Vec::new());
        for j in 0..n {
            let extends = j > 0 && counts.parent[j - 1] == j as u32 && counts.count[j - 1] == counts.count[j] + 1;
            match (extends, width.last_mut(), below.last_mut()) {
                (true, Some(w), Some(b)) => (*w, *b) = (*w + 1, counts.count[j] - 1),
                _ => {
                    width.push(1);
                    below.push(counts.count[j] - 1);
                }
            }
            supernode.push(width.len() as u32 - 1);
        }
        let mut parent = vec![NONE; width.len()];
        for j in 0..n {
            let p = counts.parent[j];
            if p != NONE && supernode[p as usize] != supernode[j] {
                parent[supernode[j] as usize] = supernode[p as usize];
            }
        }
        Self { order: (0..n as u32).collect(), width, below, parent }
    }

    /// Merges children into parents where the modelled time falls.
    pub(super) fn amalgamated(self) -> Self {
        let count = self.width.len();
        let (child_ptr, mut children) = ordering::children_lists(&self.parent);
        let (mut width, below) = (self.width.clone(), &self.below);
        let mut zeros = vec![0u64; count];
        let mut into: Vec<u32> = (0..count as u32).collect();
        for p in 0..count {
            let family = &mut children[child_ptr[p]..child_ptr[p + 1]];
            // Tall children first: they add the fewest zeros.
            family.sort_unstable_by_key(|&c| (std::cmp::Reverse(below[c as usize]), c));
            for &c in family.iter() {
                let c = c as usize;
                let parent_front = u64::from(width[p] + below[p]);
                let new = u64::from(width[c]) * (parent_front - u64::from(below[c]));
                let zero = zeros[c] + zeros[p] + new;
                if worth_merging((width[c], below[c]), (width[p], below[p]), zero) {
                    width[p] += width[c];
                    zeros[p] = zero;
                    into[c] = p as u32;
                }
            }
        }
        // Parents come later, so one backward sweep finds where everything ended up.
        for s in (0..count).rev() {
            into[s] = into[into[s] as usize];
        }
        self.merged(&into)
    }

    /// The tree after supernode `s` has joined `into[s]`.
    fn merged(self, into: &[u32]) -> Self {
        let count = into.len();
        let kept: Vec<usize> = (0..count).filter(|&s| into[s] as usize == s).collect();
        let mut name = vec![NONE; count];
        for (new, &old) in kept.iter().enumerate() {
            name[old] = new as u32;
        }
        let mut width = vec![0u32; kept.len()];
        for s in 0..count {
            width[name[into[s] as usize] as usize] += self.width[s];
        }
        let mut next: Vec<usize> = vec![0; kept.len()];
        for s in 1..kept.len() {
            next[s] = next[s - 1] + width[s - 1] as usize;
        }
        let mut order = vec![0; self.order.len()];
        let mut column = 0;
        for s in 0..count {
            let at = &mut next[name[into[s] as usize] as usize];
            let w = self.width[s] as usize;
            order[*at..*at + w].copy_from_slice(&self.order[column..column + w]);
            (*at, column) = (*at + w, column + w);
        }
        let parent_of = |&s: &usize| match self.parent[s] {
            NONE => NONE,
            p => name[into[p as usize] as usize],
        };
        let parent = kept.iter().map(parent_of).collect();
        let below = kept.iter().map(|&s| self.below[s]).collect();
        Self { order, width, below, parent }
    }

    /// Postorder in which siblings that need most transient memory come first (Liu 1986).
    pub(super) fn reordered(self) -> Self {
        let count = self.width.len();
        let out = |s: usize| u64::from(self.below[s]).pow(2);
        let (child_ptr, mut children) = ordering::children_lists(&self.parent);
        let mut excess = vec![0u64; count];
        for s in 0..count {
            let family = &mut children[child_ptr[s]..child_ptr[s + 1]];
            family.sort_unstable_by_key(|&c| (std::cmp::Reverse(excess[c as usize]), c));
            let (mut held, mut peak) = (0, 0);
            for &c in family.iter() {
                let c = c as usize;
                peak = peak.max(held + out(c) + excess[c]);
                held += out(c);
            }
            excess[s] = peak.max(held + out(s)) - out(s);
        }
        let post = ordering::postorder(&self.parent, |family| {
            family.sort_unstable_by_key(|&c| (std::cmp::Reverse(excess[c as usize]), c));
        });
        let name = ordering::inverse(&post);
        let mut column = vec![0usize; count + 1];
        for s in 0..count {
            column[s + 1] = column[s] + self.width[s] as usize;
        }
        let mut order = Vec::with_capacity(self.order.len());
        for &s in &post {
            let s = s as usize;
            order.extend_from_slice(&self.order[column[s]..column[s + 1]]);
        }
        let parent_of = |&s: &u32| match self.parent[s as usize] {
            NONE => NONE,
            p => name[p as usize],
        };
        Self {
            order,
            parent: post.iter().map(parent_of).collect(),
            width: post.iter().map(|&s| self.width[s as usize]).collect(),
            below: post.iter().map(|&s| self.below[s as usize]).collect(),
        }
    }
}

/// Whether eliminating child and parent `(width, below)` together is modelled to be faster,
/// without storing much more.
fn worth_merging(child: (u32, u32), parent: (u32, u32), zeros: u64) -> bool {
    let (w, r) = (u64::from(child.0 + parent.0), u64::from(parent.1));
    let entries = w * (w + 1) / 2 + w * r;
    let few = zeros * 2 <= entries || entries <= 64;
    few && time(child.0 + parent.0, parent.1) <= time(child.0, child.1) + time(parent.0, parent.1)
}
