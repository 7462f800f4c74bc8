//! The columns of one leaf, computed once for all rows that belong to it.

use super::Equations;
use super::rows::Row;
use crate::effects::layout::Panel;

/// What rows of one leaf share: H on the tail, and S^-1 H.
#[derive(Default)]
pub(super) struct Level {
    pub panel: Panel,
    /// S^-1 H at the panel's own entries, k numbers each.
    pub product: Vec<f64>,
    /// H'S^-1 H, k x k.
    pub square: Vec<f64>,
    /// What the leaf takes from X: k rows of p.
    pub taken: Vec<f64>,
}

impl Equations {
    /// H of a leaf; no entries for a row without one.
    pub(super) fn panel(&self, level: Option<usize>, out: &mut Panel) {
        let frame = &*self.frame;
        match (frame.layout.leaf, level) {
            (Some(leaf), Some(level)) => self.e.leaves.panel(&frame.gram, &frame.layout, leaf, level, 0, out),
            _ => {
                out.index.clear();
                out.g.clear();
                out.h.clear();
            }
        }
    }

    /// Everything of a leaf, by the tail's inverse.
    pub(super) fn level(&self, level: Option<usize>, out: &mut Level) {
        let (k, p) = (self.frame.leaf_size(), self.p());
        self.panel(level, &mut out.panel);
        out.product.clear();
        out.square.clear();
        out.square.resize(k * k, 0.0);
        out.taken.clear();
        out.taken.resize(k * p, 0.0);
        let Some(level) = level else { return };
        for (a, taken) in out.taken.chunks_exact_mut(p.max(1)).enumerate() {
            taken.copy_from_slice(self.leaf_row(level, a));
        }
        if out.panel.index.is_empty() {
            return;
        }
        self.inverse().multiply_inverse(level, &out.panel, k, &mut out.product);
        for (h, y) in out.panel.h.chunks_exact(k).zip(out.product.chunks_exact(k)) {
            for (y, column) in y.iter().zip(out.square.chunks_exact_mut(k)) {
                column.iter_mut().zip(h).for_each(|(sum, h)| *sum += h * y);
            }
        }
        if p == 0 {
            return;
        }
        for (&i, h) in out.panel.index.iter().zip(out.panel.h.chunks_exact(k)) {
            let coupling = &self.coupling[i as usize * p..(i as usize + 1) * p];
            for (h, taken) in h.iter().zip(out.taken.chunks_exact_mut(p)) {
                taken.iter_mut().zip(coupling).for_each(|(t, g)| *t -= h * g);
            }
        }
    }

    /// h = L^-1 z of a row; zeros without a level.
    pub(super) fn whitened(&self, row: &Row, out: &mut Vec<f64>) {
        out.clear();
        out.resize(row.lead.len(), 0.0);
        if let Some(level) = row.level {
            self.whiten(level, &row.lead, out);
        }
    }

    /// x - C'h, what a row's leaf leaves of its columns of X.
    pub(super) fn take_leaf(&self, row: &Row, h: &[f64], x: &mut [f64]) {
        let Some(level) = row.level else { return };
        for (a, h) in h.iter().enumerate() {
            x.iter_mut().zip(self.leaf_row(level, a)).for_each(|(x, c)| *x -= h * c);
        }
    }
}
