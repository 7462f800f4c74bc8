//! Blocks `Z_second' W Z_first` between the levels of two grouping factors, for the pairs of levels that occur together.

use super::standard::Standard;
use crate::dense::small::add;
use crate::rows::{Codes, Column, Rows};
use crate::stop;

/// Sparse blocks between two factors, by the levels of `first`.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossBlocks {
    pub first: usize,
    pub second: usize,
    /// Where the pairs of each level of `first` begin: `levels + 1` entries.
    pub start: Vec<usize>,
    /// Level of `second` of each pair, ascending within a level of `first`.
    pub index: Vec<u32>,
    /// k_second x k_first column-major blocks, one a pair.
    pub value: Vec<f64>,
    /// k_second * k_first.
    pub size: usize,
}

impl CrossBlocks {
    /// Pairs of the given level of `first`.
    #[inline]
    pub fn pairs(&self, level: usize) -> std::ops::Range<usize> {
        self.start[level]..self.start[level + 1]
    }

    #[inline]
    pub fn block(&self, pair: usize) -> &[f64] {
        &self.value[pair * self.size..(pair + 1) * self.size]
    }

    /// Blocks of two sets of rows added up: a merge of sorted lists, level by level.
    pub fn sum(&self, other: &Self) -> Self {
        let levels = self.start.len() - 1;
        let mut out = Self { start: vec![0], index: Vec::new(), value: Vec::new(), ..*self };
        for level in 0..levels {
            let (mut a, mut b) = (self.pairs(level), other.pairs(level));
            while !(a.is_empty() && b.is_empty()) {
                let ia = if a.is_empty() { u32::MAX } else { self.index[a.start] };
                let ib = if b.is_empty() { u32::MAX } else { other.index[b.start] };
                out.index.push(ia.min(ib));
                let at = out.value.len();
                out.value.resize(at + self.size, 0.0);
                if ia <= ib {
                    add(&mut out.value[at..], self.block(a.start));
                    a.start += 1;
                }
                if ib <= ia {
                    add(&mut out.value[at..], other.block(b.start));
                    b.start += 1;
                }
            }
            out.start.push(out.index.len());
        }
        out
    }
}

/// Blocks of all pairs of factors, the earlier one in `order` as `first`.
pub(crate) fn all_pairs(rows: &Rows, standard: &Standard, order: &[usize]) -> Vec<CrossBlocks> {
    let mut out = Vec::new();
    for (at, &first) in order.iter().enumerate() {
        if at + 1 == order.len() {
            break;
        }
        let by_level = RowsByLevel::new(rows.groups[first].codes, rows.groups[first].levels);
        for &second in &order[at + 1..] {
            out.push(one_pair(rows, standard, first, second, &by_level));
        }
    }
    out
}

/// Row numbers sorted by level (a counting sort, stable).
struct RowsByLevel {
    start: Vec<usize>,
    rows: Vec<u32>,
}

impl RowsByLevel {
    fn new(codes: Codes, levels: usize) -> Self {
        let mut start = vec![0usize; levels + 1];
        for row in 0..codes.len() {
            start[codes.at(row) + 1] += 1;
        }
        for level in 0..levels {
            start[level + 1] += start[level];
        }
        let mut next = start.clone();
        let mut rows = vec![0u32; codes.len()];
        for row in 0..codes.len() {
            let at = &mut next[codes.at(row)];
            rows[*at] = row as u32;
            *at += 1;
        }
        Self { start, rows }
    }
}

fn one_pair(rows: &Rows, standard: &Standard, first: usize, second: usize, sorted: &RowsByLevel) -> CrossBlocks {
    let (z_first, z_second) = (Effects::of(rows, standard, first), Effects::of(rows, standard, second));
    let (kf, ks) = (z_first.k(), z_second.k());
    let size = kf * ks;
    let counts = rows.weights.is_none() && z_first.only_ones() && z_second.only_ones();
    let codes = rows.groups[second].codes;
    let levels = rows.groups[first].levels;
    let mut out = CrossBlocks {
        first,
        second,
        start: Vec::with_capacity(levels + 1),
        index: Vec::new(),
        value: Vec::new(),
        size,
    };
    out.start.push(0);
    let mut slot = vec![0u32; rows.groups[second].levels];
    let mut keyed: Vec<u32> = Vec::new();
    let (mut zf, mut zs) = (vec![0.0; kf], vec![0.0; ks]);
    stop::point(10 * levels);
    for level in 0..levels {
        stop::large((sorted.start[level + 1] - sorted.start[level]) * (20 + 2 * size));
        let members = &sorted.rows[sorted.start[level]..sorted.start[level + 1]];
        // 1. The distinct levels of `second`, sorted; `slot` remembers where each one went.
        keyed.clear();
        keyed.extend(members.iter().map(|&row| codes.at(row as usize) as u32));
        keyed.sort_unstable();
        keyed.dedup();
        let base = out.index.len();
        for (at, &code) in keyed.iter().enumerate() {
            slot[code as usize] = at as u32;
        }
        out.index.extend_from_slice(&keyed);
        out.value.resize((base + keyed.len()) * size, 0.0);
        // 2. Add up the rows' products.
        let values = &mut out.value[base * size..];
        for &row in members {
            let row = row as usize;
            let at = slot[codes.at(row)] as usize * size;
            if counts {
                values[at] += 1.0;
                continue;
            }
            let weight = rows.weights.map_or(1.0, |w| w[row]);
            z_first.at(row, &mut zf);
            z_second.at(row, &mut zs);
            for (b, f) in zf.iter().enumerate() {
                for (a, s) in zs.iter().enumerate() {
                    values[at + a + b * ks] += weight * f * s;
                }
            }
        }
        out.start.push(out.index.len());
    }
    out.index.shrink_to_fit();
    out.value.shrink_to_fit();
    out
}

/// The standardised columns of one factor, row by row.
struct Effects<'a> {
    columns: Vec<(Column<'a>, f64, f64)>,
}

impl<'a> Effects<'a> {
    fn of(rows: &Rows<'a>, standard: &Standard, group: usize) -> Self {
        let affine = &standard.factors[group].columns;
        let columns = rows.terms.iter().filter(|t| t.group == group).flat_map(|t| t.columns.iter().copied());
        Self { columns: columns.zip(affine).map(|(c, a)| (c, a.shift, a.scale)).collect() }
    }

    fn k(&self) -> usize {
        self.columns.len()
    }

    fn only_ones(&self) -> bool {
        self.k() == 1 && matches!(self.columns[0].0, Column::Ones)
    }

    #[inline]
    fn at(&self, row: usize, out: &mut [f64]) {
        for (o, (column, shift, scale)) in out.iter_mut().zip(&self.columns) {
            *o = match column {
                Column::Ones => 1.0,
                Column::Values(values) => (values[row] - shift) * scale,
            };
        }
    }
}
