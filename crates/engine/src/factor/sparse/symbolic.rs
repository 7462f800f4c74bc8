//! Supernodes: what the factor will look like, and what it will cost, before any number.
//!
//! A supernode `J` is a run of `w` consecutive columns (in elimination order) that share
//! their rows `R` below; it owns a dense column-major block of `m x w` numbers, `m = w + r`,
//! rows `J` first. Supernodes form a tree: the parent is the supernode of the first row of
//! `R`, and every other row of `R` is in the parent's front `J_p + R_p` too (`relative`).

use super::ordering::{self, Graph, NONE};
use super::plan::Plan;

/// Size of a factor: entries of `L` and floating point operations of the factorisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    pub nnz: u64,
    pub flops: f64,
}

/// Structure of the factor of a sparse symmetric matrix.
#[derive(Clone, Debug)]
pub struct Symbolic {
    pub(super) n: usize,
    /// `order[k]` is the row eliminated at step `k`; `name` is the inverse.
    pub(super) order: Vec<u32>,
    pub(super) name: Vec<u32>,
    /// First column of every supernode, and `n`.
    pub(super) start: Vec<u32>,
    /// Supernode of every column.
    pub(super) supernode: Vec<u32>,
    /// Start of every supernode's `R` in `rows` and `relative`.
    pub(super) row_ptr: Vec<usize>,
    /// Rows below, ascending, in elimination order.
    pub(super) rows: Vec<u32>,
    /// Place of each row of `R` in the parent's front.
    pub(super) relative: Vec<u32>,
    /// Start of every supernode's block of numbers.
    pub(super) value_ptr: Vec<usize>,
    pub(super) child_ptr: Vec<usize>,
    pub(super) children: Vec<u32>,
    pub(super) plan: Plan,
    exact: Prediction,
    stored: Prediction,
}

/// Column counts of the factor in a fill-reducing postorder.
pub(super) struct Counts {
    pub(super) order: Vec<u32>,
    graph: Graph,
    parent: Vec<u32>,
    count: Vec<u32>,
}

impl Counts {
    pub(super) fn new(n: usize, col_ptr: &[usize], row_idx: &[u32]) -> Self {
        let graph = Graph::new(n, col_ptr, row_idx);
        let degree = ordering::minimum_degree(n, col_ptr, row_idx);
        let by_degree = graph.renumbered(&degree);
        let tree = ordering::elimination_tree(&by_degree);
        let post = ordering::postorder(&tree, |_| ());
        let name = ordering::inverse(&post);
        let rename = |p: u32| if p == NONE { NONE } else { name[p as usize] };
        let parent: Vec<u32> = post.iter().map(|&old| rename(tree[old as usize])).collect();
        let graph = by_degree.renumbered(&post);
        let count = ordering::column_counts(&graph, &parent);
        let order = post.iter().map(|&k| degree[k as usize]).collect();
        Self {
            order,
            graph,
            parent,
            count,
        }
    }

    fn prediction(&self) -> Prediction {
        let flops = self.count.iter().map(|&c| f64::from(c).powi(2)).sum();
        Prediction {
            nnz: self.count.iter().map(|&c| u64::from(c)).sum(),
            flops,
        }
    }
}

/// Size of the factor of a pattern without laying it out: time and memory of the order of
/// the pattern, whatever the fill.
pub fn predict(n: usize, col_ptr: &[usize], row_idx: &[u32]) -> Prediction {
    Counts::new(n, col_ptr, row_idx).prediction()
}

impl Symbolic {
    /// Analyses a symmetric pattern of order `n` given by the compressed columns of its lower
    /// triangle. Diagonal entries are always present in the factor and need not be listed;
    /// rows need not be sorted, and entries may be repeated or lie in the upper triangle.
    ///
    /// # Panics
    /// If `col_ptr` or `row_idx` does not describe such a pattern.
    pub fn new(n: usize, col_ptr: &[usize], row_idx: &[u32]) -> Self {
        let counts = Counts::new(n, col_ptr, row_idx);
        let exact = counts.prediction();
        let tree = Tree::of_columns(&counts).amalgamated().reordered();
        let order: Vec<u32> = tree
            .order
            .iter()
            .map(|&k| counts.order[k as usize])
            .collect();
        let graph = counts.graph.renumbered(&tree.order);
        Self::lay_out(n, order, &graph, &tree, exact)
    }

    fn lay_out(n: usize, order: Vec<u32>, graph: &Graph, tree: &Tree, exact: Prediction) -> Self {
        let count = tree.width.len();
        let mut start = Vec::with_capacity(count + 1);
        let mut supernode = Vec::with_capacity(n);
        start.push(0u32);
        for (s, &w) in tree.width.iter().enumerate() {
            supernode.extend(std::iter::repeat_n(s as u32, w as usize));
            start.push(supernode.len() as u32);
        }
        let (child_ptr, children) = ordering::children_lists(&tree.parent);
        let (mut row_ptr, mut value_ptr) = (vec![0], vec![0]);
        let mut rows: Vec<u32> = Vec::new();
        let mut seen = vec![NONE; n];
        for s in 0..count {
            let (from, end) = (start[s], start[s + 1]);
            let first = rows.len();
            let mut take = |i: u32, rows: &mut Vec<u32>| {
                if i >= end && seen[i as usize] != s as u32 {
                    seen[i as usize] = s as u32;
                    rows.push(i);
                }
            };
            for j in from..end {
                graph
                    .of(j as usize)
                    .iter()
                    .for_each(|&i| take(i, &mut rows));
            }
            for &c in &children[child_ptr[s]..child_ptr[s + 1]] {
                for at in row_ptr[c as usize]..row_ptr[c as usize + 1] {
                    take(rows[at], &mut rows);
                }
            }
            rows[first..].sort_unstable();
            row_ptr.push(rows.len());
            let (w, r) = ((end - from) as usize, rows.len() - first);
            value_ptr.push(value_ptr[s] + (w + r) * w);
        }
        let relative = relative_rows(n, &start, &row_ptr, &rows, &child_ptr, &children);
        let width = |s: usize| (start[s + 1] - start[s]) as usize;
        let shapes: Vec<_> = (0..count)
            .map(|s| (width(s), row_ptr[s + 1] - row_ptr[s]))
            .collect();
        let stored = shapes
            .iter()
            .fold(Prediction { nnz: 0, flops: 0.0 }, |sum, &(w, r)| {
                Prediction {
                    nnz: sum.nnz + (w * r + w * (w + 1) / 2) as u64,
                    flops: sum.flops + flops(w, r),
                }
            });
        let plan = Plan::new(&shapes, &tree.parent, &child_ptr, &children);
        let name = ordering::inverse(&order);
        Self {
            n,
            order,
            name,
            start,
            supernode,
            row_ptr,
            rows,
            relative,
            value_ptr,
            child_ptr,
            children,
            plan,
            exact,
            stored,
        }
    }

    /// Order of the matrix.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Number of supernodes.
    pub fn supernodes(&self) -> usize {
        self.start.len() - 1
    }

    /// Entries of `L`, the zeros that amalgamation stores included.
    pub fn nnz(&self) -> u64 {
        self.stored.nnz
    }

    /// Floating point operations of `cholesky`, those on stored zeros included.
    pub fn flops(&self) -> f64 {
        self.stored.flops
    }

    /// What a factor without amalgamation would have.
    pub fn exact(&self) -> Prediction {
        self.exact
    }

    /// Numbers that a [`Sparse`](super::Sparse) holds: values and workspace.
    pub fn memory(&self) -> (usize, usize) {
        (self.value_ptr[self.supernodes()], self.plan.work)
    }

    /// `order()[k]` is the row eliminated at step `k`.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Where entry `(i, j)` (in either triangle, numbered as given) is stored.
    ///
    /// # Panics
    /// If the entry is not in the pattern of the factor.
    pub fn position(&self, i: usize, j: usize) -> usize {
        self.find(i, j).expect("an entry of the factor's pattern")
    }

    /// [`position`](Self::position), or `None` outside the pattern.
    pub fn find(&self, i: usize, j: usize) -> Option<usize> {
        let (a, b) = (self.name[i], self.name[j]);
        let (row, column) = (a.max(b), a.min(b));
        let s = self.supernode[column as usize] as usize;
        let (first, end) = (self.start[s], self.start[s + 1]);
        let rows = &self.rows[self.row_ptr[s]..self.row_ptr[s + 1]];
        let w = (end - first) as usize;
        let local = if row < end {
            (row - first) as usize
        } else {
            w + rows.binary_search(&row).ok()?
        };
        Some(self.value_ptr[s] + (column - first) as usize * (w + rows.len()) + local)
    }

    /// Positions of all entries of a compressed-column pattern, in its order.
    pub fn positions(&self, col_ptr: &[usize], row_idx: &[u32]) -> Vec<usize> {
        (0..self.n)
            .flat_map(|j| {
                row_idx[col_ptr[j]..col_ptr[j + 1]]
                    .iter()
                    .map(move |&i| (i, j))
            })
            .map(|(i, j)| self.position(i as usize, j))
            .collect()
    }

    /// Position of every diagonal entry.
    pub fn diagonal(&self) -> Vec<usize> {
        (0..self.n).map(|i| self.position(i, i)).collect()
    }

    /// Columns and rows below of a supernode.
    #[inline]
    pub(super) fn shape(&self, s: usize) -> (usize, usize) {
        (
            (self.start[s + 1] - self.start[s]) as usize,
            self.row_ptr[s + 1] - self.row_ptr[s],
        )
    }

    #[inline]
    pub(super) fn children_of(&self, s: usize) -> &[u32] {
        &self.children[self.child_ptr[s]..self.child_ptr[s + 1]]
    }

    #[inline]
    pub(super) fn rows_of(&self, s: usize) -> &[u32] {
        &self.rows[self.row_ptr[s]..self.row_ptr[s + 1]]
    }

    #[inline]
    pub(super) fn relative_of(&self, s: usize) -> &[u32] {
        &self.relative[self.row_ptr[s]..self.row_ptr[s + 1]]
    }
}

/// Operations of eliminating `w` columns above `r` rows: `sum_k (m - k)^2`.
pub(super) fn flops(w: usize, r: usize) -> f64 {
    let cumulative = |x: f64| x * (x + 1.0) * (2.0 * x + 1.0) / 6.0;
    cumulative((w + r) as f64) - cumulative(r as f64)
}

fn relative_rows(
    n: usize,
    start: &[u32],
    row_ptr: &[usize],
    rows: &[u32],
    child_ptr: &[usize],
    children: &[u32],
) -> Vec<u32> {
    let mut relative = vec![0; rows.len()];
    let mut place = vec![0u32; n];
    for p in 0..start.len() - 1 {
        let children = &children[child_ptr[p]..child_ptr[p + 1]];
        if children.is_empty() {
            continue;
        }
        let (first, end) = (start[p], start[p + 1]);
        for j in first..end {
            place[j as usize] = j - first;
        }
        for (k, &i) in rows[row_ptr[p]..row_ptr[p + 1]].iter().enumerate() {
            place[i as usize] = end - first + k as u32;
        }
        for &c in children {
            for at in row_ptr[c as usize]..row_ptr[c as usize + 1] {
                relative[at] = place[rows[at] as usize];
            }
        }
    }
    relative
}

/// The tree of supernodes while it takes shape, children before parents.
struct Tree {
    /// Columns in order; supernode `s` has the next `width[s]` of them.
    order: Vec<u32>,
    width: Vec<u32>,
    /// Rows below.
    below: Vec<u32>,
    parent: Vec<u32>,
}

impl Tree {
    /// Maximal runs of columns whose structures nest exactly.
    fn of_columns(counts: &Counts) -> Self {
        let n = counts.count.len();
        let (mut width, mut below, mut supernode) = (Vec::<u32>::new(), Vec::new(), Vec::new());
        for j in 0..n {
            let extends = j > 0
                && counts.parent[j - 1] == j as u32
                && counts.count[j - 1] == counts.count[j] + 1;
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
        Self {
            order: (0..n as u32).collect(),
            width,
            below,
            parent,
        }
    }

    /// Merges children into parents where the modelled time falls.
    fn amalgamated(self) -> Self {
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
        Self {
            order,
            width,
            below,
            parent,
        }
    }

    /// Postorder in which siblings that need most transient memory come first (Liu 1986).
    fn reordered(self) -> Self {
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
    let few = zeros * 4 <= entries || entries <= 64;
    few && time(child.0 + parent.0, parent.1) <= time(child.0, child.1) + time(parent.0, parent.1)
}

/// Nanoseconds, roughly, to eliminate a supernode: a fixed cost, arithmetic whose speed grows
/// with the width, and the addition of the update to the parent.
pub(super) fn time(w: u32, r: u32) -> f64 {
    let (wide, tall) = (f64::from(w), f64::from(r));
    let rate = 1.0 + 40.0 * wide / (wide + 32.0);
    60.0 + flops(w as usize, r as usize) / rate + tall * (tall + 1.0) * 0.7
}
