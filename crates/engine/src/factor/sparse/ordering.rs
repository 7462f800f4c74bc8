//! Fill-reducing order, elimination tree and column counts of a symmetric pattern.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::sparse::SymbolicSparseColMatRef;
use faer::sparse::linalg::amd;

use crate::stop;

/// "No parent": the node is a root of the elimination forest.
pub(super) const NONE: u32 = u32::MAX;

/// Adjacency lists of an undirected graph (both triangles, no diagonal, unsorted).
pub(super) struct Graph {
    pointer: Vec<usize>,
    neighbour: Vec<u32>,
}

impl Graph {
    /// From a compressed-column pattern of one triangle (or both: repeats are harmless).
    pub(super) fn new(n: usize, col_ptr: &[usize], row_idx: &[u32]) -> Self {
        let edges = (0..n).flat_map(|j| row_idx[col_ptr[j]..col_ptr[j + 1]].iter().map(move |&i| (i as usize, j)));
        Self::from_edges(n, edges)
    }

    fn from_edges(n: usize, edges: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        let mut pointer = vec![0; n + 1];
        for (i, j) in edges.clone().filter(|(i, j)| i != j) {
            pointer[i + 1] += 1;
            pointer[j + 1] += 1;
        }
        for i in 0..n {
            pointer[i + 1] += pointer[i];
        }
        let mut next = pointer.clone();
        let mut neighbour = vec![0; pointer[n]];
        for (i, j) in edges.filter(|(i, j)| i != j) {
            neighbour[next[i]] = j as u32;
            neighbour[next[j]] = i as u32;
            next[i] += 1;
            next[j] += 1;
        }
        Self { pointer, neighbour }
    }

    pub(super) fn n(&self) -> usize {
        self.pointer.len() - 1
    }

    pub(super) fn of(&self, i: usize) -> &[u32] {
        &self.neighbour[self.pointer[i]..self.pointer[i + 1]]
    }

    /// The same graph with node `order[k]` called `k`.
    pub(super) fn renumbered(&self, order: &[u32]) -> Self {
        let name = inverse(order);
        let mut pointer = Vec::with_capacity(order.len() + 1);
        let mut neighbour = Vec::with_capacity(self.neighbour.len());
        pointer.push(0);
        for &old in order {
            neighbour.extend(self.of(old as usize).iter().map(|&i| name[i as usize]));
            pointer.push(neighbour.len());
        }
        Self { pointer, neighbour }
    }
}

/// Inverse of a permutation.
pub(super) fn inverse(order: &[u32]) -> Vec<u32> {
    let mut name = vec![0; order.len()];
    for (k, &old) in order.iter().enumerate() {
        name[old as usize] = k as u32;
    }
    name
}

/// Entries of a pattern whose order may take longer than a user would wait after Ctrl-C.
const LONG: usize = 100_000;

/// Time between two looks whether the user wants to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Approximate minimum degree order (Amestoy, Davis, Duff 1996): the `k`-th node eliminated.
///
/// The search does not look whether the user wants to stop. A long one therefore has a thread of its own, and goes on
/// there after Ctrl-C, to an order that nobody reads.
pub(super) fn minimum_degree(n: usize, col_ptr: &[usize], row_idx: &[u32]) -> Vec<u32> {
    let narrow: Vec<u32> = col_ptr.iter().map(|&p| p as u32).collect();
    if row_idx.len() < LONG {
        return searched(n, &narrow, row_idx);
    }
    let (sender, receiver) = channel();
    let (pointer, row) = (narrow.clone(), row_idx.to_vec());
    let aside = std::thread::Builder::new().spawn(move || sender.send(searched(n, &pointer, &row)));
    while aside.is_ok() {
        match receiver.recv_timeout(LOOK) {
            Ok(order) => return order,
            Err(RecvTimeoutError::Timeout) => stop::point(usize::MAX),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    searched(n, &narrow, row_idx)
}

fn searched(n: usize, narrow: &[u32], row_idx: &[u32]) -> Vec<u32> {
    let (mut order, mut name) = (vec![0u32; n], vec![0u32; n]);
    let pattern = SymbolicSparseColMatRef::new_unsorted_checked(n, n, narrow, None, row_idx);
    let mut memory = MemBuffer::new(amd::order_maybe_unsorted_scratch::<u32>(n, row_idx.len()));
    let stack = MemStack::new(&mut memory);
    let done = amd::order_maybe_unsorted(&mut order, &mut name, pattern, amd::Control::default(), stack);
    if done.is_err() {
        // The pattern is too large for 32-bit counters: any order is valid, this one is cheap.
        return (0..n as u32).collect();
    }
    order
}

/// Parents in the elimination forest (Liu 1986: ancestors with path compression).
pub(super) fn elimination_tree(graph: &Graph) -> Vec<u32> {
    let n = graph.n();
    let (mut parent, mut ancestor) = (vec![NONE; n], vec![NONE; n]);
    for j in 0..n as u32 {
        for &i in graph.of(j as usize).iter().filter(|&&i| i < j) {
            let mut i = i;
            while i != NONE && i != j {
                let next = std::mem::replace(&mut ancestor[i as usize], j);
                if next == NONE {
                    parent[i as usize] = j;
                }
                i = next;
            }
        }
    }
    parent
}

/// Nodes of a forest in postorder; children in the order of `children_of`'s lists.
pub(super) fn postorder(parent: &[u32], visit_first: impl Fn(&mut [u32])) -> Vec<u32> {
    let n = parent.len();
    let (pointer, mut children) = children_lists(parent);
    for p in 0..n {
        visit_first(&mut children[pointer[p]..pointer[p + 1]]);
    }
    let mut order = Vec::with_capacity(n);
    let mut next = pointer.clone();
    let mut path = Vec::new();
    for root in (0..n as u32).filter(|&r| parent[r as usize] == NONE) {
        path.push(root);
        while let Some(&node) = path.last() {
            let at = node as usize;
            if next[at] < pointer[at + 1] {
                path.push(children[next[at]]);
                next[at] += 1;
            } else {
                order.push(node);
                path.pop();
            }
        }
    }
    order
}

/// Children of every node, ascending: `children[pointer[p]..pointer[p + 1]]`.
pub(super) fn children_lists(parent: &[u32]) -> (Vec<usize>, Vec<u32>) {
    let n = parent.len();
    let mut pointer = vec![0; n + 1];
    for &p in parent.iter().filter(|&&p| p != NONE) {
        pointer[p as usize + 1] += 1;
    }
    for p in 0..n {
        pointer[p + 1] += pointer[p];
    }
    let mut next = pointer.clone();
    let mut children = vec![0; pointer[n]];
    for (c, &p) in parent.iter().enumerate().filter(|(_, p)| **p != NONE) {
        children[next[p as usize]] = c as u32;
        next[p as usize] += 1;
    }
    (pointer, children)
}

/// Entries of every column of `L`, diagonal included (Gilbert, Ng, Peyton 1994).
///
/// The graph must be numbered in a postorder of `parent`. Row `i` of `L` is a subtree of
/// the elimination tree; a column count is a number of such subtrees through a node, found
/// by adding one at every leaf of a subtree and taking one off where two leaves' paths meet.
pub(super) fn column_counts(graph: &Graph, parent: &[u32]) -> Vec<u32> {
    let n = graph.n();
    let mut first: Vec<u32> = (0..n as u32).collect();
    for j in 0..n {
        if parent[j] != NONE {
            let p = parent[j] as usize;
            first[p] = first[p].min(first[j]);
        }
    }
    let mut delta: Vec<i64> = (0..n).map(|j| i64::from(first[j] == j as u32)).collect();
    let mut seen_up_to = vec![0u32; n];
    let mut last_leaf = vec![NONE; n];
    let mut set: Vec<u32> = (0..n as u32).collect();
    for j in 0..n {
        if parent[j] != NONE {
            delta[parent[j] as usize] -= 1;
        }
        for &i in graph.of(j).iter().filter(|&&i| i as usize > j) {
            let i = i as usize;
            if first[j] < seen_up_to[i] {
                continue;
            }
            seen_up_to[i] = first[j] + 1;
            delta[j] += 1;
            let previous = std::mem::replace(&mut last_leaf[i], j as u32);
            if previous != NONE {
                delta[find(&mut set, previous) as usize] -= 1;
            }
        }
        if parent[j] != NONE {
            set[j] = parent[j];
        }
    }
    for j in 0..n {
        if parent[j] != NONE {
            delta[parent[j] as usize] += delta[j];
        }
    }
    delta.into_iter().map(|c| c as u32).collect()
}

/// Representative of the set of `i`, shortening the path to it.
fn find(set: &mut [u32], i: u32) -> u32 {
    let mut root = i;
    while set[root as usize] != root {
        root = set[root as usize];
    }
    let mut i = i;
    while i != root {
        i = std::mem::replace(&mut set[i as usize], root);
    }
    root
}
