//! M^-1 times right-hand sides that are sums over the rows.

use super::Equations;
use super::rows::{Asked, Row};
use crate::effects::layout::Panel;
use crate::error::EngineError;
use crate::rows::Rows;
use crate::stop;

/// A solution for r right-hand sides.
#[derive(Debug, Clone)]
pub struct Solved {
    /// u of every term: levels x k x r, row by row.
    pub u: Vec<Vec<f64>>,
    /// p x r, row by row.
    pub beta: Vec<f64>,
}

/// The same by leaves, tail and standardised X.
pub(super) struct Stacked {
    /// levels x k x r.
    lead: Vec<f64>,
    /// n_tail x r, column-major.
    tail: Vec<f64>,
    /// p x r, column-major.
    fixed: Vec<f64>,
    r: usize,
}

impl Equations {
    /// W v - W [Z Lambda, X] M^-1 [Z Lambda, X]'W v for v of n x r, row by row: P v, or V^-1 v of equations without X.
    pub fn project(&self, rows: &Rows, v: &[f64], r: usize) -> Result<Vec<f64>, EngineError> {
        self.check_right(rows, v, r)?;
        if r == 0 {
            return Ok(Vec::new());
        }
        let weight = |row: usize| rows.weights.map_or(1.0, |w| w[row]);
        Ok(self.frame.run(|| {
            let mut right = self.right(rows, r, |row, out| {
                out.iter_mut().zip(&v[row * r..(row + 1) * r]).for_each(|(out, v)| *out = weight(row) * v);
            });
            self.back_and_forth(&mut right);
            let asked = Asked::own(rows);
            let (mut row, mut out) = (Row::default(), v.to_vec());
            for (index, out) in out.chunks_exact_mut(r).enumerate() {
                stop::point(50 + 2 * r * (row.lead.len() + row.places.len() + row.x.len()));
                self.load(&asked, index, &mut row);
                self.subtract_fitted(&row, &right, out);
                out.iter_mut().for_each(|value| *value *= weight(index));
            }
            out
        }))
    }

    pub(super) fn check_right(&self, rows: &Rows, v: &[f64], r: usize) -> Result<(), EngineError> {
        rows.check()?;
        self.frame.check(&Asked::own(rows))?;
        if v.len() == rows.n() * r {
            return Ok(());
        }
        Err(EngineError::shape(format!("the right-hand sides must have {} rows of {r} numbers", rows.n())))
    }

    /// Sums over rows of [Z Lambda, X]'v, v given row by row.
    pub(super) fn right(&self, rows: &Rows, r: usize, mut fill: impl FnMut(usize, &mut [f64])) -> Stacked {
        let frame = &*self.frame;
        let (n_tail, k, p) = (frame.layout.n_tail, frame.leaf_size(), self.p());
        let levels = frame.layout.leaf.map_or(0, |leaf| frame.gram.factors[leaf].levels);
        let mut out =
            Stacked { lead: vec![0.0; levels * k * r], tail: vec![0.0; n_tail * r], fixed: vec![0.0; p * r], r };
        if r == 0 {
            return out;
        }
        let asked = Asked::own(rows);
        let (mut row, mut v) = (Row::default(), vec![0.0; r]);
        for index in 0..rows.n() {
            stop::point(50 + 2 * r * (row.lead.len() + row.places.len() + p));
            self.load(&asked, index, &mut row);
            fill(index, &mut v);
            if let Some(level) = row.level {
                let lead = &mut out.lead[level * k * r..(level + 1) * k * r];
                for (t, lead) in row.lead.iter().zip(lead.chunks_exact_mut(r)) {
                    lead.iter_mut().zip(&v).for_each(|(l, v)| *l += t * v);
                }
            }
            for (&place, value) in row.places.iter().zip(&row.values) {
                v.iter().enumerate().for_each(|(c, v)| out.tail[c * n_tail + place as usize] += value * v);
            }
            for (c, v) in v.iter().enumerate() {
                out.fixed[c * p..(c + 1) * p].iter_mut().zip(&row.x).for_each(|(f, x)| *f += x * v);
            }
        }
        out
    }

    /// Where element (level, effect, column) of a term lies: in the leaves (true) or in the tail.
    fn each_of_term(&self, term: usize, r: usize, mut visit: impl FnMut(usize, bool, usize)) {
        let frame = &*self.frame;
        let Some((group, at, k)) = frame.parameters.slots().nth(term) else { return };
        let (size, levels) = (frame.parameters.sizes[group], frame.gram.factors[group].levels);
        let lead = Some(group) == frame.layout.leaf;
        for m in 0..levels * k * r {
            let (c, effect, level) = (m % r, m / r % k, m / r / k);
            let scalar = level * size + at + effect;
            let place = if lead { scalar * r + c } else { c * frame.layout.n_tail + frame.offsets[group] + scalar };
            visit(m, lead, place);
        }
    }

    pub(super) fn add_to_terms(&self, right: &mut Stacked, added: &[Option<&[f64]>]) {
        let r = right.r;
        for (term, added) in added.iter().enumerate() {
            let Some(added) = added else { continue };
            self.each_of_term(term, r, |m, lead, place| {
                if lead { right.lead[place] += added[m] } else { right.tail[place] += added[m] }
            });
        }
    }

    pub(super) fn terms_of(&self, solved: &Stacked) -> Vec<Vec<f64>> {
        let one = |(term, (levels, k)): (usize, (usize, usize))| {
            let mut out = vec![0.0; levels * k * solved.r];
            self.each_of_term(term, solved.r, |m, lead, place| {
                out[m] = if lead { solved.lead[place] } else { solved.tail[place] };
            });
            out
        };
        self.shapes().into_iter().enumerate().map(one).collect()
    }

    /// beta in the user's columns, p x r row by row.
    pub(super) fn coefficients_of(&self, solved: &Stacked) -> Vec<f64> {
        let (p, r, (map, _)) = (self.p(), solved.r, self.frame.gram.standard.fixed_map());
        let element = |i: usize, c: usize| (0..p).map(|m| map[i + m * p] * solved.fixed[c * p + m]).sum();
        (0..p * r).map(|m| element(m / r, m % r)).collect()
    }

    /// Solve in place.
    pub(super) fn back_and_forth(&self, right: &mut Stacked) {
        let (n_tail, p, k, r) = (self.frame.layout.n_tail, self.p(), self.frame.leaf_size(), right.r);
        if r == 0 {
            return;
        }
        let levels = right.lead.len() / (k * r).max(1);
        let mut panel = Panel::default();
        for level in 0..levels {
            self.whiten_block(level, &mut right.lead[level * k * r..(level + 1) * k * r], r);
            let lead = &right.lead[level * k * r..(level + 1) * k * r];
            self.panel(Some(level), &mut panel);
            stop::point(20 + 2 * k * r * (panel.index.len() + p + k));
            for (&place, h) in panel.index.iter().zip(panel.h.chunks_exact(k)) {
                for (h, lead) in h.iter().zip(lead.chunks_exact(r)) {
                    lead.iter().enumerate().for_each(|(c, y)| right.tail[c * n_tail + place as usize] -= h * y);
                }
            }
            for (a, lead) in lead.chunks_exact(r).enumerate() {
                for (c, y) in lead.iter().enumerate() {
                    let fixed = right.fixed[c * p..(c + 1) * p].iter_mut();
                    fixed.zip(self.leaf_row(level, a)).for_each(|(f, x)| *f -= x * y);
                }
            }
        }
        self.solve_rest(right);
        for level in 0..levels {
            let lead = &mut right.lead[level * k * r..(level + 1) * k * r];
            self.panel(Some(level), &mut panel);
            stop::point(20 + 2 * k * r * (panel.index.len() + p + k));
            for (a, lead) in lead.chunks_exact_mut(r).enumerate() {
                for (c, y) in lead.iter_mut().enumerate() {
                    let beta = &right.fixed[c * p..(c + 1) * p];
                    *y -= self.leaf_row(level, a).iter().zip(beta).map(|(x, b)| x * b).sum::<f64>();
                }
            }
            for (&place, h) in panel.index.iter().zip(panel.h.chunks_exact(k)) {
                for (h, lead) in h.iter().zip(lead.chunks_exact_mut(r)) {
                    lead.iter_mut().enumerate().for_each(|(c, y)| *y -= h * right.tail[c * n_tail + place as usize]);
                }
            }
            self.unwhiten_block(level, lead, r);
        }
    }

    /// Tail and X, once the leaves are eliminated.
    fn solve_rest(&self, right: &mut Stacked) {
        let (n_tail, p, r) = (self.frame.layout.n_tail, self.p(), right.r);
        if n_tail > 0 {
            self.e.tail.solve_lower(&mut right.tail, r);
        }
        for c in 0..r {
            stop::large(4 * p * (n_tail + p));
            let tail = &mut right.tail[c * n_tail..(c + 1) * n_tail];
            let fixed = &mut right.fixed[c * p..(c + 1) * p];
            if n_tail > 0 {
                for (f, half) in fixed.iter_mut().zip(self.e.tail_rhs.chunks_exact(n_tail)) {
                    *f -= half.iter().zip(&*tail).map(|(a, b)| a * b).sum::<f64>();
                }
            }
            self.fixed_solve(fixed);
            if n_tail > 0 {
                for (f, half) in fixed.iter().zip(self.e.tail_rhs.chunks_exact(n_tail)) {
                    tail.iter_mut().zip(half).for_each(|(t, half)| *t -= f * half);
                }
            }
        }
        if n_tail > 0 {
            self.e.tail.solve_lower_transpose(&mut right.tail, r);
        }
    }

    /// L^-1 times k rows of r.
    fn whiten_block(&self, level: usize, block: &mut [f64], r: usize) {
        let k = block.len() / r;
        let linv = &self.e.leaves.linv[level * k * k..(level + 1) * k * k];
        for i in (0..k).rev() {
            for c in 0..r {
                block[i * r + c] = (0..=i).map(|j| linv[i + j * k] * block[j * r + c]).sum();
            }
        }
    }

    /// L^-T times k rows of r.
    fn unwhiten_block(&self, level: usize, block: &mut [f64], r: usize) {
        let k = block.len() / r;
        let linv = &self.e.leaves.linv[level * k * k..(level + 1) * k * k];
        for i in 0..k {
            for c in 0..r {
                block[i * r + c] = (i..k).map(|j| linv[j + i * k] * block[j * r + c]).sum();
            }
        }
    }

    /// out -= [Z Lambda, X] (u, beta) of one row.
    fn subtract_fitted(&self, row: &Row, solved: &Stacked, out: &mut [f64]) {
        let (n_tail, p, k, r) = (self.frame.layout.n_tail, self.p(), self.frame.leaf_size(), solved.r);
        if let Some(level) = row.level {
            let lead = &solved.lead[level * k * r..(level + 1) * k * r];
            for (t, u) in row.lead.iter().zip(lead.chunks_exact(r)) {
                out.iter_mut().zip(u).for_each(|(o, u)| *o -= t * u);
            }
        }
        for (c, out) in out.iter_mut().enumerate() {
            for (&place, value) in row.places.iter().zip(&row.values) {
                *out -= value * solved.tail[c * n_tail + place as usize];
            }
            *out -= row.x.iter().zip(&solved.fixed[c * p..(c + 1) * p]).map(|(x, b)| x * b).sum::<f64>();
        }
    }
}
