//! Connected components of the design: levels that some row belongs to at once, directly or over others.

use super::data::Data;

/// Component of every leaf and of every scalar column of the tail.
pub(crate) struct Components {
    /// Columns of the tail that each has.
    pub sizes: Vec<usize>,
    pub of_leaf: Vec<u32>,
    pub of_tail: Vec<u32>,
}

impl Components {
    pub(crate) fn of(data: &Data) -> Self {
        let (gram, layout) = (&data.pattern, &data.layout);
        let Some(leaf) = layout.leaf else {
            return Self { sizes: Vec::new(), of_leaf: Vec::new(), of_tail: Vec::new() };
        };
        let mut first = vec![0; gram.factors.len()];
        let mut nodes = gram.factors[leaf].levels;
        for &(f, _) in &layout.tail {
            first[f] = nodes;
            nodes += gram.factors[f].levels;
        }
        let mut parent: Vec<u32> = (0..nodes as u32).collect();
        for cross in &gram.cross {
            for level in 0..gram.factors[cross.first].levels {
                for pair in cross.pairs(level) {
                    join(&mut parent, first[cross.first] + level, first[cross.second] + cross.index[pair] as usize);
                }
            }
        }
        let mut name = vec![u32::MAX; nodes];
        let mut count = 0;
        let mut of = |node: usize, parent: &mut [u32]| {
            let root = root(parent, node);
            if name[root] == u32::MAX {
                name[root] = count;
                count += 1;
            }
            name[root]
        };
        let of_leaf: Vec<u32> = (0..gram.factors[leaf].levels).map(|level| of(level, &mut parent)).collect();
        let mut of_tail = Vec::with_capacity(layout.n_tail);
        for &(f, _) in &layout.tail {
            for level in 0..gram.factors[f].levels {
                let component = of(first[f] + level, &mut parent);
                of_tail.extend(std::iter::repeat_n(component, gram.factors[f].k));
            }
        }
        let mut sizes = vec![0; count as usize];
        of_tail.iter().for_each(|&c| sizes[c as usize] += 1);
        Self { sizes, of_leaf, of_tail }
    }
}

fn root(parent: &mut [u32], mut node: usize) -> usize {
    while parent[node] as usize != node {
        parent[node] = parent[parent[node] as usize];
        node = parent[node] as usize;
    }
    node
}

fn join(parent: &mut [u32], a: usize, b: usize) {
    let (a, b) = (root(parent, a), root(parent, b));
    parent[a.max(b)] = a.min(b) as u32;
}
