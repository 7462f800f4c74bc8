//! The rows of a generalised model, sorted by the levels of the leaf factor, with standardised columns; and the
//! pattern of their cross products.

use std::sync::Arc;

use super::merge;
use super::rows::GlmmRows;
use crate::effects::layout::Layout;
use crate::effects::tail;
use crate::error::EngineError;
use crate::family::WeightRole;
use crate::gram::cross;
use crate::gram::standard::{Affine, FactorStandard, Standard};
use crate::gram::{FactorBlocks, Gram, elimination_order};
use crate::rows::{Column, Rows};

/// One column, `None` for ones, with the linear predictor that it enters.
pub(crate) struct DataColumn {
    pub values: Option<Vec<f64>>,
    pub predictor: usize,
}

impl DataColumn {
    /// Of some rows, standardised.
    fn of(column: &Column, affine: Affine, predictor: usize, position: &[u32]) -> Self {
        let values = match column {
            Column::Ones => None,
            Column::Values(v) => {
                Some(position.iter().map(|&i| (v[i as usize] - affine.shift) * affine.scale).collect())
            }
        };
        Self { values, predictor }
    }

    #[inline]
    pub(crate) fn at(&self, row: usize) -> f64 {
        self.values.as_ref().map_or(1.0, |v| v[row])
    }

    /// w times the values of the rows that begin at `from`.
    pub(crate) fn scaled(&self, w: &[f64], from: usize, out: &mut [f64]) {
        match &self.values {
            Some(x) => out.iter_mut().zip(w).zip(&x[from..]).for_each(|((o, w), x)| *o = w * x),
            None => out.copy_from_slice(w),
        }
    }
}

/// Codes and columns of one grouping factor.
pub(crate) struct FactorRows {
    pub codes: Vec<u32>,
    pub columns: Vec<DataColumn>,
    pub levels: usize,
}

impl FactorRows {
    /// One grouping factor with the columns of all its terms, and their standardisation.
    fn of(given: &GlmmRows, group: usize, position: &[u32]) -> (Self, FactorStandard) {
        let (rows, grouping) = (&given.rows, &given.rows.groups[group]);
        let terms: Vec<usize> = (0..rows.terms.len()).filter(|&t| rows.terms[t].group == group).collect();
        let blocks: Vec<&[Column]> = terms.iter().map(|&t| rows.terms[t].columns.as_slice()).collect();
        let standard = FactorStandard::of(&blocks);
        let tagged = terms.iter().flat_map(|&t| {
            let predictor = given.term_predictor[t];
            rows.terms[t].columns.iter().map(move |c| (c, predictor))
        });
        let columns = tagged.zip(&standard.columns).map(|((c, r), a)| DataColumn::of(c, *a, r, position)).collect();
        let codes = position.iter().map(|&i| grouping.codes.at(i as usize) as u32).collect();
        (Self { codes, columns, levels: grouping.levels }, standard)
    }

    pub(crate) fn k(&self) -> usize {
        self.columns.len()
    }

    /// Whether it is a random intercept in the only linear predictor.
    pub(crate) fn only_ones(&self) -> bool {
        self.columns.len() == 1 && self.columns[0].values.is_none()
    }
}

/// Everything but the response is shared with the same model of another response.
#[derive(Clone)]
pub(crate) struct Data {
    /// Rows that the likelihood sums over: the caller's, or fewer where some were merged.
    pub n: usize,
    pub predictors: usize,
    pub y: Vec<f64>,
    pub weights: Option<Vec<f64>>,
    pub offsets: Arc<Vec<Option<Vec<f64>>>>,
    pub x: Arc<Vec<DataColumn>>,
    pub x_standard: FactorStandard,
    pub factors: Arc<Vec<FactorRows>>,
    pub factor_standard: Vec<FactorStandard>,
    /// For each pair of factors (in the order of `Gram::cross`) the pair of levels that a row belongs to.
    pub slots: Arc<Vec<Vec<u32>>>,
    /// First row of each leaf level, and the end.
    pub leaf_start: Arc<Vec<usize>>,
    /// For each row of the caller the row that it became.
    pub row_of: Arc<Vec<u32>>,
    /// Pattern of the cross products; its numbers are meaningless.
    pub pattern: Arc<Gram>,
    pub layout: Arc<Layout>,
}

impl Data {
    /// With `merge`, rows that say the same are merged by what their weights mean.
    pub(crate) fn of(given: &GlmmRows, merge: Option<WeightRole>) -> Result<Self, EngineError> {
        given.check()?;
        let rows = &given.rows;
        let order = elimination_order(rows);
        let Sorted { position, leaf_start, y, weights, row_of } = Sorted::of(given, merge, order.first().copied());
        let n = position.len();
        let gather = |values: &[f64]| -> Vec<f64> { position.iter().map(|&i| values[i as usize]).collect() };
        let predictors = given.offsets.len();
        let x_blocks: Vec<Vec<usize>> =
            (0..predictors).map(|r| (0..rows.x.len()).filter(|&j| given.x_predictor[j] == r).collect()).collect();
        let x_standard = standard_of_x(&rows.x, &x_blocks);
        let column = |j: usize| DataColumn::of(&rows.x[j], x_standard.columns[j], given.x_predictor[j], &position);
        let x: Vec<DataColumn> = (0..rows.x.len()).map(column).collect();
        let (factors, factor_standard): (Vec<FactorRows>, Vec<FactorStandard>) =
            (0..rows.groups.len()).map(|g| FactorRows::of(given, g, &position)).unzip();
        let offsets: Vec<Option<Vec<f64>>> = given.offsets.iter().map(|o| o.map(gather)).collect();
        let numbers = y.iter().chain(weights.iter().flatten()).chain(offsets.iter().flatten().flatten());
        let affine = factor_standard.iter().chain([&x_standard]).flat_map(|s| &s.columns);
        if !numbers.copied().all(f64::is_finite) || affine.into_iter().any(|a| !a.is_finite()) {
            return Err(EngineError::NotFinite);
        }
        let pattern = pattern_of(rows, &factor_standard, order);
        let layout = tail::layout(&pattern);
        if layout.plan.is_far(layout.n_tail) {
            return Err(EngineError::OutOfReach("generalised models of crossed factors"));
        }
        let slots: Vec<Vec<u32>> =
            pattern.cross.iter().map(|c| slots_of(c, &factors[c.first].codes, &factors[c.second].codes)).collect();
        Ok(Self {
            n,
            predictors,
            y,
            weights,
            offsets: Arc::new(offsets),
            x: Arc::new(x),
            x_standard,
            factors: Arc::new(factors),
            factor_standard,
            slots: Arc::new(slots),
            leaf_start: Arc::new(leaf_start),
            row_of: Arc::new(row_of),
            pattern: Arc::new(pattern),
            layout: Arc::new(layout),
        })
    }

    /// The same rows with another response and other weights; `None` where rows were merged by the old response.
    pub(crate) fn with_response(&self, rows: &Rows) -> Option<Self> {
        if self.n != rows.n() || self.n != self.row_of.len() {
            return None;
        }
        let sorted = |values: &[f64]| {
            let mut out = vec![0.0; self.n];
            self.row_of.iter().zip(values).for_each(|(&row, v)| out[row as usize] = *v);
            out
        };
        let numbers = rows.y.iter().chain(rows.weights.into_iter().flatten()).all(|v| v.is_finite());
        numbers.then(|| Self { y: sorted(rows.y), weights: rows.weights.map(sorted), ..self.clone() })
    }

    /// Values of all rows of the caller, in his order.
    pub(crate) fn in_callers_order(&self, values: &[f64]) -> Vec<f64> {
        self.row_of.iter().map(|&row| values[row as usize]).collect()
    }
}

/// Rows sorted by the levels of the leaf factor, merged where that is asked for and pays.
struct Sorted {
    /// One of the caller's rows for each row.
    position: Vec<u32>,
    leaf_start: Vec<usize>,
    y: Vec<f64>,
    weights: Option<Vec<f64>>,
    row_of: Vec<u32>,
}

impl Sorted {
    fn of(given: &GlmmRows, merge: Option<WeightRole>, leaf: Option<usize>) -> Self {
        let rows = &given.rows;
        let (position, leaf_start) = sort_by_leaf(rows, leaf);
        if let Some(m) = merge.and_then(|role| merge::merge(given, role, &position, &leaf_start)) {
            let merge::Merged { position, leaf_start, y, weights, row_of } = m;
            return Self { position, leaf_start, y, weights: Some(weights), row_of };
        }
        let y = position.iter().map(|&i| rows.y[i as usize]).collect();
        let weights = rows.weights.map(|w| position.iter().map(|&i| w[i as usize]).collect());
        let row_of = inverted(&position);
        Self { position, leaf_start, y, weights, row_of }
    }
}

/// Where each position went.
fn inverted(position: &[u32]) -> Vec<u32> {
    let mut out = vec![0; position.len()];
    position.iter().enumerate().for_each(|(at, &i)| out[i as usize] = at as u32);
    out
}

/// Columns of X are centred on the column of ones of their own linear predictor.
fn standard_of_x(x: &[Column], blocks: &[Vec<usize>]) -> FactorStandard {
    let columns: Vec<Vec<Column>> = blocks.iter().map(|b| b.iter().map(|&j| x[j]).collect()).collect();
    let parts: Vec<&[Column]> = columns.iter().map(Vec::as_slice).collect();
    let by_block = FactorStandard::of(&parts);
    // From the order of the blocks to that of X.
    let place: Vec<usize> = blocks.iter().flatten().copied().collect();
    let mut out =
        FactorStandard { columns: by_block.columns.clone(), blocks: vec![x.len()], anchor: (0..x.len()).collect() };
    for (m, &j) in place.iter().enumerate() {
        out.columns[j] = by_block.columns[m];
        out.anchor[j] = place[by_block.anchor[m]];
    }
    out
}

/// Row numbers sorted by the levels of the leaf factor (stable), and where each level begins.
fn sort_by_leaf(rows: &Rows, leaf: Option<usize>) -> (Vec<u32>, Vec<usize>) {
    let n = rows.n();
    let Some(leaf) = leaf else { return ((0..n as u32).collect(), vec![0, n]) };
    let grouping = &rows.groups[leaf];
    let mut start = vec![0usize; grouping.levels + 1];
    for row in 0..n {
        start[grouping.codes.at(row) + 1] += 1;
    }
    for level in 0..grouping.levels {
        start[level + 1] += start[level];
    }
    let mut next = start.clone();
    let mut position = vec![0u32; n];
    for row in 0..n {
        let at = &mut next[grouping.codes.at(row)];
        position[*at] = row as u32;
        *at += 1;
    }
    (position, start)
}

fn pattern_of(rows: &Rows, factors: &[FactorStandard], order: Vec<usize>) -> Gram {
    let standard = Standard { y: Affine::NONE, x: Vec::new(), intercept: None, factors: factors.to_vec() };
    let bare = Rows { weights: None, ..rows.clone() };
    let cross = cross::all_pairs(&bare, &standard, &order);
    let factors = factors
        .iter()
        .zip(&rows.groups)
        .map(|(f, g)| FactorBlocks {
            levels: g.levels,
            k: f.k(),
            zz: vec![0.0; g.levels * f.k() * f.k()],
            zr: vec![0.0; g.levels * f.k()],
        })
        .collect();
    Gram { n: rows.n(), p: 0, sum_log_weights: 0.0, standard, fixed: vec![0.0], factors, cross, order }
}

/// The pair of levels of every row.
fn slots_of(cross: &cross::CrossBlocks, first: &[u32], second: &[u32]) -> Vec<u32> {
    let find = |(&a, &b): (&u32, &u32)| {
        let pairs = cross.pairs(a as usize);
        (pairs.start + cross.index[pairs].partition_point(|&i| i < b)) as u32
    };
    first.iter().zip(second).map(find).collect()
}
