//! Supernodes: what the factor will look like, and what it will cost, before any number.
//!
//! A supernode `J` is a run of `w` consecutive columns (in elimination order) that share
//! their rows `R` below; it owns a dense column-major block of `m x w` numbers, `m = w + r`,
//! rows `J` first. Supernodes form a tree: the parent is the supernode of the first row of
//! `R`, and every other row of `R` is in the parent's front `J_p + R_p` too (`relative`).

use super::cost::{Counts, Prediction, flops};
use super::ordering::{self, Graph, NONE};
use super::plan::Plan;
use super::tree::Tree;

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
        let order: Vec<u32> = tree.order.iter().map(|&k| counts.order[k as usize]).collect();
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
                graph.of(j as usize).iter().for_each(|&i| take(i, &mut rows));
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
        let shapes: Vec<_> = (0..count).map(|s| (width(s), row_ptr[s + 1] - row_ptr[s])).collect();
        let stored = shapes.iter().fold(Prediction { nnz: 0, flops: 0.0 }, |sum, &(w, r)| Prediction {
            nnz: sum.nnz + (w * r + w * (w + 1) / 2) as u64,
            flops: sum.flops + flops(w, r),
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
        let local = if row < end { (row - first) as usize } else { w + rows.binary_search(&row).ok()? };
        Some(self.value_ptr[s] + (column - first) as usize * (w + rows.len()) + local)
    }

    /// Positions of all entries of a compressed-column pattern, in its order.
    pub fn positions(&self, col_ptr: &[usize], row_idx: &[u32]) -> Vec<usize> {
        (0..self.n)
            .flat_map(|j| row_idx[col_ptr[j]..col_ptr[j + 1]].iter().map(move |&i| (i, j)))
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
        ((self.start[s + 1] - self.start[s]) as usize, self.row_ptr[s + 1] - self.row_ptr[s])
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
