//! Bilinear forms t_i'M^-1 t_j between rows.

use super::Equations;
use super::rows::{Asked, Row};
use crate::effects::layout::Panel;
use crate::error::EngineError;
use crate::factor::product::add_product;
use crate::stop;

/// Columns solved at once where a sparse inverse lacks an entry.
const SOLVED_AT_ONCE: usize = 32;

/// Rows after the elimination of their leaves.
struct Rest {
    /// Level and h of each row, k numbers.
    level: Vec<Option<usize>>,
    h: Vec<f64>,
    /// Columns of the tail that some row touches, ascending, and what each row has there: a column a row.
    touched: Vec<u32>,
    tail: Vec<f64>,
    /// What each row has on X after leaves and tail: p numbers.
    x: Vec<f64>,
}

impl Equations {
    /// [Z X] V [Z X]' of some rows, m x m; V the covariance of the errors of (b, beta).
    pub fn covariances(&self, asked: &Asked, some: &[usize]) -> Result<Vec<f64>, EngineError> {
        if let Some(row) = some.iter().find(|&&row| row >= asked.n) {
            return Err(EngineError::shape(format!("there is no row {row}")));
        }
        self.frame.run(|| {
            let rest = self.rest(asked, some);
            let (m, p, k) = (some.len(), self.p(), self.frame.leaf_size());
            let mut out = vec![0.0; m * m];
            for j in 0..m {
                stop::large(2 * m * (k + p));
                for i in 0..m {
                    let of_level = rest.level[i].is_some() && rest.level[i] == rest.level[j];
                    let own =
                        if of_level { dot(&rest.h[i * k..(i + 1) * k], &rest.h[j * k..(j + 1) * k]) } else { 0.0 };
                    out[i + j * m] = own + dot(&rest.x[i * p..(i + 1) * p], &rest.x[j * p..(j + 1) * p]);
                }
            }
            if !rest.touched.is_empty() {
                let size = rest.touched.len();
                let solved = self.times_inverse(&rest, m);
                add_product(&mut out, (&rest.tail, true), (&solved, false), (m, size, m));
            }
            Ok(out)
        })
    }

    fn rest(&self, asked: &Asked, some: &[usize]) -> Rest {
        let (p, k) = (self.p(), self.frame.leaf_size());
        let mut rows = vec![Row::default(); some.len()];
        rows.iter_mut().zip(some).for_each(|(row, &index)| self.load(asked, index, row));
        let mut levels: Vec<Option<usize>> = rows.iter().map(|r| r.level).collect();
        levels.sort_unstable();
        levels.dedup();
        let panels: Vec<Panel> = levels.iter().map(|&level| self.panel_of(level)).collect();
        let mut touched: Vec<u32> = rows.iter().flat_map(|r| r.places.iter().copied()).collect();
        touched.extend(panels.iter().flat_map(|panel| panel.index.iter().copied()));
        touched.sort_unstable();
        touched.dedup();
        let position = |place: &u32| touched.partition_point(|t| t < place);
        let positions: Vec<Vec<usize>> =
            panels.iter().map(|panel| panel.index.iter().map(position).collect()).collect();
        let mut out = Rest {
            level: Vec::new(),
            h: Vec::new(),
            tail: vec![0.0; touched.len() * rows.len()],
            touched: Vec::new(),
            x: Vec::new(),
        };
        let mut h = Vec::new();
        for (row, tail) in rows.iter().zip(out.tail.chunks_exact_mut(touched.len().max(1))) {
            self.whitened(row, &mut h);
            let mine = levels.partition_point(|level| *level < row.level);
            row.places.iter().zip(&row.values).for_each(|(place, value)| tail[position(place)] += value);
            for (&at, values) in positions[mine].iter().zip(panels[mine].h.chunks_exact(k.max(1))) {
                tail[at] -= dot(values, &h);
            }
        }
        for (index, row) in rows.iter().enumerate() {
            stop::large(2 * p * (touched.len() + p));
            self.whitened(row, &mut h);
            let mut x = row.x.clone();
            self.take_leaf(row, &h, &mut x);
            if p > 0 {
                let tail = &out.tail[index * touched.len()..(index + 1) * touched.len()];
                for (&place, value) in touched.iter().zip(tail) {
                    let coupling = &self.coupling[place as usize * p..(place as usize + 1) * p];
                    x.iter_mut().zip(coupling).for_each(|(x, g)| *x -= value * g);
                }
            }
            self.fixed_form(&mut x);
            out.level.push(row.level);
            out.h.extend_from_slice(&h);
            out.x.extend(x);
        }
        out.touched = touched;
        out
    }

    fn panel_of(&self, level: Option<usize>) -> Panel {
        let mut panel = Panel::default();
        self.panel(level, &mut panel);
        panel
    }

    /// The tail's inverse times the rows, at the entries that they touch.
    fn times_inverse(&self, rest: &Rest, m: usize) -> Vec<f64> {
        let size = rest.touched.len();
        let mut out = vec![0.0; size * m];
        match self.block(&rest.touched) {
            Some(block) => add_product(&mut out, (&block, false), (&rest.tail, false), (size, size, m)),
            None => self.solve_touched(rest, &mut out),
        }
        out
    }

    /// Entries of the inverse between columns of the tail; `None` where one is lacking.
    fn block(&self, touched: &[u32]) -> Option<Vec<f64>> {
        let (size, inverse) = (touched.len(), self.inverse());
        let mut out = vec![0.0; size * size];
        for (b, &j) in touched.iter().enumerate() {
            for (a, &i) in touched.iter().enumerate().skip(b) {
                let value = inverse.inverse_entry(i as usize, j as usize)?;
                out[a + b * size] = value;
                out[b + a * size] = value;
            }
        }
        Some(out)
    }

    fn solve_touched(&self, rest: &Rest, out: &mut [f64]) {
        let (n, size) = (self.frame.layout.n_tail, rest.touched.len());
        for (from, to) in rest.tail.chunks(size * SOLVED_AT_ONCE).zip(out.chunks_mut(size * SOLVED_AT_ONCE)) {
            let columns = from.len() / size;
            let mut whole = vec![0.0; n * columns];
            for (from, whole) in from.chunks_exact(size).zip(whole.chunks_exact_mut(n)) {
                rest.touched.iter().zip(from).for_each(|(&place, value)| whole[place as usize] = *value);
            }
            self.e.tail.solve_lower(&mut whole, columns);
            self.e.tail.solve_lower_transpose(&mut whole, columns);
            for (to, whole) in to.chunks_exact_mut(size).zip(whole.chunks_exact(n)) {
                rest.touched.iter().zip(to).for_each(|(&place, value)| *value = whole[place as usize]);
            }
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
