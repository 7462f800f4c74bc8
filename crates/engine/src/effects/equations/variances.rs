//! Quadratic forms t'M^-1 t of rows: by the tail's inverse, leaf after leaf, or by solving where that is cheaper or
//! where a sparse inverse lacks an entry (of levels that no row of the model has together).

use rayon::prelude::*;

use super::Equations;
use super::level::Level;
use super::rows::{Asked, Row};
use crate::effects::layout::Panel;
use crate::error::EngineError;
use crate::stop;

/// Rows of one task.
const ROWS_PER_TASK: usize = 2048;
/// Rows solved at once.
const SOLVED_AT_ONCE: usize = 32;

impl Equations {
    /// diag([Z X] V [Z X]') of rows, V the covariance of the errors of (b, beta).
    pub fn variances(&self, asked: &Asked) -> Result<Vec<f64>, EngineError> {
        self.frame.check(asked)?;
        let order = self.by_level(asked);
        let sorted = self.frame.run(|| {
            if self.solving_is_cheaper(asked.n) {
                self.all_solved(asked, &order)
            } else {
                self.by_inverse(asked, &order)
            }
        });
        let mut out = vec![0.0; asked.n];
        order.iter().zip(sorted).for_each(|(&row, value)| out[row as usize] = value);
        Ok(out)
    }

    /// Rows in the order of their leaves, those without one last.
    fn by_level(&self, asked: &Asked) -> Vec<u32> {
        let levels = self.frame.layout.leaf.map_or(0, |leaf| self.frame.gram.factors[leaf].levels);
        let of: Vec<usize> = (0..asked.n).map(|row| self.leaf_level(asked, row).unwrap_or(levels)).collect();
        let mut next = vec![0usize; levels + 2];
        of.iter().for_each(|&level| next[level + 1] += 1);
        (0..=levels).for_each(|level| next[level + 1] += next[level]);
        let mut order = vec![0u32; asked.n];
        for (row, &level) in of.iter().enumerate() {
            order[next[level]] = row as u32;
            next[level] += 1;
        }
        order
    }

    /// Whether so few rows are asked about that the inverse, where it is not there yet, costs more.
    fn solving_is_cheaper(&self, rows: usize) -> bool {
        let layout = &self.frame.layout;
        layout.n_tail > 0
            && self.inverse.get().is_none()
            && 4.0 * rows as f64 * layout.plan.nonzeros(layout.n_tail) < layout.plan.flops(layout.n_tail)
    }

    fn by_inverse(&self, asked: &Asked, order: &[u32]) -> Vec<f64> {
        if self.frame.layout.n_tail > 0 {
            self.inverse();
        }
        let mut out = vec![0.0; order.len()];
        let task = |(m, (rows, out)): (usize, (&[u32], &mut [f64]))| self.piece(asked, rows, out, m * ROWS_PER_TASK);
        let lacking: Vec<Vec<usize>> = if order.len() <= ROWS_PER_TASK || self.frame.layout.small {
            order.chunks(ROWS_PER_TASK).zip(out.chunks_mut(ROWS_PER_TASK)).enumerate().map(task).collect()
        } else {
            order.par_chunks(ROWS_PER_TASK).zip(out.par_chunks_mut(ROWS_PER_TASK)).enumerate().map(task).collect()
        };
        let places: Vec<usize> = lacking.into_iter().flatten().collect();
        let rows: Vec<u32> = places.iter().map(|&at| order[at]).collect();
        places.iter().zip(self.all_solved(asked, &rows)).for_each(|(&at, value)| out[at] = value);
        out
    }

    /// Forms of some rows; the places (from `first` on) of those for which the inverse lacks an entry.
    fn piece(&self, asked: &Asked, rows: &[u32], out: &mut [f64], first: usize) -> Vec<usize> {
        let (mut row, mut h, mut level) = (Row::default(), Vec::new(), Level::default());
        let (mut current, mut lacking) = (None, Vec::new());
        for (at, (&index, out)) in rows.iter().zip(out).enumerate() {
            stop::point(
                100 + h.len() * h.len() + row.places.len().pow(2) + row.x.len() * (row.x.len() + row.places.len()),
            );
            self.load(asked, index as usize, &mut row);
            if current != Some(row.level) {
                self.level(row.level, &mut level);
                current = Some(row.level);
            }
            self.whitened(&row, &mut h);
            match self.form(&mut row, &h, &level) {
                Some(value) => *out = value,
                None => lacking.push(first + at),
            }
        }
        lacking
    }

    /// h'h + h'H'S H h - 2 h'H'S t + t'S t, S for the tail's inverse, and what X adds; x is overwritten.
    fn form(&self, row: &mut Row, h: &[f64], level: &Level) -> Option<f64> {
        let (k, p) = (h.len(), row.x.len());
        let mut sum: f64 = h.iter().map(|h| h * h).sum();
        for b in 0..k {
            sum += h[b] * (0..k).map(|a| level.square[a + b * k] * h[a]).sum::<f64>();
        }
        for (a, (&place, &value)) in row.places.iter().zip(&row.values).enumerate() {
            sum -= 2.0 * value * self.across(place, h, level)?;
            for (&other, &factor) in row.places[..a].iter().zip(&row.values) {
                sum += 2.0 * value * factor * self.entry(place, other)?;
            }
            sum += value * value * self.entry(place, place)?;
            if p > 0 {
                let coupling = &self.coupling[place as usize * p..(place as usize + 1) * p];
                row.x.iter_mut().zip(coupling).for_each(|(x, g)| *x -= value * g);
            }
        }
        if p > 0 {
            for (h, taken) in h.iter().zip(level.taken.chunks_exact(p)) {
                row.x.iter_mut().zip(taken).for_each(|(x, t)| *x -= h * t);
            }
        }
        Some(sum + self.fixed_form(&mut row.x))
    }

    /// One row of S H, times h.
    fn across(&self, place: u32, h: &[f64], level: &Level) -> Option<f64> {
        let (k, panel) = (h.len(), &level.panel);
        let product = |values: &[f64]| values.iter().zip(h).map(|(v, h)| v * h).sum::<f64>();
        if panel.index.is_empty() {
            return Some(0.0);
        }
        if let Ok(at) = panel.index.binary_search(&place) {
            return Some(product(&level.product[at * k..(at + 1) * k]));
        }
        let mut sum = 0.0;
        for (&other, values) in panel.index.iter().zip(panel.h.chunks_exact(k)) {
            sum += self.entry(place, other)? * product(values);
        }
        Some(sum)
    }

    /// An entry of the tail's inverse; `None` where a sparse one lacks it.
    #[inline]
    fn entry(&self, i: u32, j: u32) -> Option<f64> {
        self.inverse().inverse_entry(i.max(j) as usize, i.min(j) as usize)
    }

    /// Forms of rows that come in the order of their leaves, by solving.
    fn all_solved(&self, asked: &Asked, rows: &[u32]) -> Vec<f64> {
        let task = |rows: &[u32]| self.solved_forms(asked, rows);
        if rows.len() <= SOLVED_AT_ONCE || self.frame.layout.small {
            return rows.chunks(SOLVED_AT_ONCE).flat_map(task).collect();
        }
        let parts: Vec<Vec<f64>> = rows.par_chunks(SOLVED_AT_ONCE).map(task).collect();
        parts.concat()
    }

    fn solved_forms(&self, asked: &Asked, rows: &[u32]) -> Vec<f64> {
        let (n, p, k) = (self.frame.layout.n_tail, self.p(), self.frame.leaf_size());
        let mut right = vec![0.0; n * rows.len()];
        let mut rest: Vec<(f64, Vec<f64>)> = Vec::with_capacity(rows.len());
        let (mut row, mut h, mut panel, mut current) = (Row::default(), Vec::new(), Panel::default(), None);
        for (&index, column) in rows.iter().zip(right.chunks_exact_mut(n)) {
            self.load(asked, index as usize, &mut row);
            if current != Some(row.level) {
                self.panel(row.level, &mut panel);
                current = Some(row.level);
            }
            self.whitened(&row, &mut h);
            row.places.iter().zip(&row.values).for_each(|(&place, value)| column[place as usize] += value);
            for (&place, values) in panel.index.iter().zip(panel.h.chunks_exact(k)) {
                column[place as usize] -= values.iter().zip(&h).map(|(v, h)| v * h).sum::<f64>();
            }
            let mut x = row.x.clone();
            self.take_leaf(&row, &h, &mut x);
            rest.push((h.iter().map(|h| h * h).sum(), x));
        }
        self.e.tail.solve_lower(&mut right, rows.len());
        let form = |((own, mut x), v): ((f64, Vec<f64>), &[f64])| {
            let square: f64 = v.iter().map(|v| v * v).sum();
            for (x, half) in x.iter_mut().zip(self.e.tail_rhs.chunks_exact(n).take(p)) {
                *x -= half.iter().zip(v).map(|(a, b)| a * b).sum::<f64>();
            }
            own + square + self.fixed_form(&mut x)
        };
        rest.into_iter().zip(right.chunks_exact(n)).map(form).collect()
    }
}
