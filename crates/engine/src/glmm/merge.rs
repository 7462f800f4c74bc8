//! Rows that say the same are merged: the same levels, columns and offsets, and, where weights count cases, the same
//! response. Trials add up, with the mean of their proportions; cases add up. The likelihood stays the same up to the
//! part that depends on the response alone.

use super::rows::GlmmRows;
use crate::family::WeightRole;
use crate::rows::Column;

/// Sorted rows after merging.
pub(crate) struct Merged {
    /// One of the caller's rows for each row that is left.
    pub position: Vec<u32>,
    pub leaf_start: Vec<usize>,
    pub y: Vec<f64>,
    pub weights: Vec<f64>,
    /// For each row of the caller the row that it went into.
    pub row_of: Vec<u32>,
}

/// Leaves looked at to see whether merging pays.
const SAMPLE: usize = 64;
/// It does if at most this share of the rows is left.
const MOST: f64 = 0.75;

/// `position` and `leaf_start` are those of rows sorted by the leaf factor. `None`: too few rows are alike.
pub(crate) fn merge(given: &GlmmRows, role: WeightRole, position: &[u32], leaf_start: &[usize]) -> Option<Merged> {
    let keys = Keys::of(given, role);
    let levels = leaf_start.len() - 1;
    let mut list = Vec::new();
    let (mut seen, mut left) = (0, 0);
    for m in 0..levels.min(SAMPLE) {
        let level = m * levels / levels.min(SAMPLE);
        let rows = &position[leaf_start[level]..leaf_start[level + 1]];
        seen += rows.len();
        left += keys.alike(rows, &mut list);
    }
    if left as f64 > MOST * seen as f64 {
        return None;
    }
    let mut out = Merged {
        position: Vec::new(),
        leaf_start: vec![0],
        y: Vec::new(),
        weights: Vec::new(),
        row_of: vec![0; position.len()],
    };
    for level in 0..levels {
        keys.alike(&position[leaf_start[level]..leaf_start[level + 1]], &mut list);
        for group in list.chunk_by(|a, b| a.group == b.group) {
            out.push(given, group);
        }
        out.leaf_start.push(out.position.len());
    }
    Some(out)
}

impl Merged {
    fn push(&mut self, given: &GlmmRows, group: &[Keyed]) {
        let (mut sum, mut weight) = (0.0, 0.0);
        for member in group {
            let row = member.row as usize;
            let w = given.rows.weights.map_or(1.0, |w| w[row]);
            sum += w * given.rows.y[row];
            weight += w;
            self.row_of[row] = self.position.len() as u32;
        }
        let first = group[0].row;
        // Without weight, or where there is nothing to average, the response stays as it is to the last digit.
        let same = group.len() == 1 || weight <= 0.0 || group.iter().all(|m| m.y == group[0].y);
        self.y.push(if same { given.rows.y[first as usize] } else { sum / weight });
        self.weights.push(weight);
        self.position.push(first);
    }
}

/// A row within its leaf.
#[derive(Clone, Copy)]
struct Keyed {
    hash: u64,
    row: u32,
    /// First row that it equals.
    group: u32,
    y: f64,
}

/// What must agree.
struct Keys<'a> {
    given: &'a GlmmRows<'a>,
    columns: Vec<&'a [f64]>,
}

impl<'a> Keys<'a> {
    fn of(given: &'a GlmmRows<'a>, role: WeightRole) -> Self {
        let rows = &given.rows;
        let all = rows.x.iter().chain(rows.terms.iter().flat_map(|t| &t.columns));
        let values = all.filter_map(|c| match c {
            Column::Ones => None,
            Column::Values(v) => Some(*v),
        });
        let mut columns: Vec<&[f64]> = values.chain(given.offsets.iter().flatten().copied()).collect();
        if role == WeightRole::Cases {
            columns.push(rows.y);
        }
        // A column that X and Z share is compared once.
        columns.sort_by_key(|c| c.as_ptr() as usize);
        columns.dedup_by_key(|c| c.as_ptr() as usize);
        Self { given, columns }
    }

    /// Rows of one leaf, those alike next to each other and in the order of their first; how many differ.
    fn alike(&self, rows: &[u32], out: &mut Vec<Keyed>) -> usize {
        let y = self.given.rows.y;
        out.clear();
        out.extend(rows.iter().map(|&row| Keyed { hash: self.hash(row), row, group: row, y: y[row as usize] }));
        out.sort_unstable_by_key(|k| (k.hash, k.row));
        for at in 1..out.len() {
            // Rows of one hash stand together; nearly always they are alike.
            let mut before = at;
            while before > 0 && out[before - 1].hash == out[at].hash {
                before -= 1;
                if self.equal(out[before].row, out[at].row) {
                    out[at].group = out[before].group;
                    break;
                }
            }
        }
        out.sort_unstable_by_key(|k| (k.group, k.row));
        out.chunk_by(|a, b| a.group == b.group).count()
    }

    fn hash(&self, row: u32) -> u64 {
        let row = row as usize;
        let mix = |h: u64, v: u64| (h ^ v).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        let codes = self.given.rows.groups.iter().map(|g| g.codes.at(row) as u64);
        codes.chain(self.columns.iter().map(|c| c[row].to_bits())).fold(0, mix)
    }

    fn equal(&self, a: u32, b: u32) -> bool {
        let (a, b) = (a as usize, b as usize);
        self.given.rows.groups.iter().all(|g| g.codes.at(a) == g.codes.at(b))
            && self.columns.iter().all(|c| c[a].to_bits() == c[b].to_bits())
    }
}
