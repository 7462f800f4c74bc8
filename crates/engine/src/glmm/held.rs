//! Parameters that do not move, and parameters that move together. The search stays in the space that is left: a linear one
//! in its own coordinates, since the user's beta and psi are linear in them and a term's T moves as a whole or not at all.

use super::coordinates::Coordinates;
use super::data::Data;
use crate::dense::small::{cholesky, inverse_from_cholesky};
use crate::dense::view::positions;
use crate::error::{EngineError, Index, Misfit};
use crate::optimize::Point;

/// What a caller holds, by the number of each parameter in (theta, beta, psi).
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// A number where a parameter is held, NaN where it moves.
    pub values: Vec<f64>,
    /// Parameters that are equal, set by set.
    pub ties: Vec<Vec<usize>>,
}

/// Kinds of parameters in the order (theta, beta, psi).
struct Kinds {
    theta: usize,
    beta: usize,
}

impl Kinds {
    fn of(&self, index: usize) -> usize {
        usize::from(index >= self.theta) + usize::from(index >= self.theta + self.beta)
    }
}

impl Held {
    fn moves(&self, index: usize) -> bool {
        self.values[index].is_nan()
    }

    fn is_tied(&self, index: usize) -> bool {
        self.ties.iter().any(|set| set.contains(&index))
    }

    /// Whether a fixed effect from `from` to `to` is held or tied.
    pub(crate) fn touches_beta(&self, coordinates: &Coordinates, from: usize, to: usize) -> bool {
        let first = coordinates.parameters.count;
        (first + from..first + to).any(|j| !self.moves(j) || self.is_tied(j))
    }

    pub(crate) fn check(&self, coordinates: &Coordinates) -> Result<(), EngineError> {
        let (theta, beta) = (coordinates.parameters.count, coordinates.p);
        let size = theta + beta + coordinates.shapes;
        let plain = |what: &str| Err(EngineError::shape(what));
        if self.values.len() != size {
            return Err(EngineError::shape(format!("held does not have {size} elements")));
        }
        if self.values.iter().any(|v| v.is_infinite()) || self.values[..theta].iter().any(|v| *v < 0.0) {
            return plain("a parameter is held at a value that it cannot have");
        }
        let kinds = Kinds { theta, beta };
        for set in &self.ties {
            let alike = set.iter().all(|&j| j < size && kinds.of(j) == kinds.of(set[0]));
            if !alike || set.len() < 2 {
                return plain("tied parameters must be two or more of one kind: theta, beta or psi");
            }
            if set.iter().any(|&j| !self.moves(j) || self.ties.iter().flatten().filter(|&&i| i == j).count() > 1) {
                return plain("a parameter is tied twice, or held and tied");
            }
        }
        for (term, (first, k)) in slots(coordinates).enumerate() {
            let own = first..first + k * (k + 1) / 2;
            let held = own.clone().filter(|&j| !self.moves(j)).count();
            if k > 1 && (own.clone().any(|j| self.is_tied(j)) || (held > 0 && held < own.len())) {
                let what = "a covariance of several effects is held as a whole or not at all, and cannot be tied";
                return Err(EngineError::shape(Misfit::at(Index::Term(term), what)));
            }
        }
        Ok(())
    }

    /// Whether each term's covariance is held or tied.
    fn frozen(&self, coordinates: &Coordinates) -> Vec<bool> {
        slots(coordinates).map(|(first, _)| !self.moves(first) || self.is_tied(first)).collect()
    }

    /// Held parameters at their values, tied ones at their mean; `at` has one kind after another.
    pub(crate) fn settle(&self, at: &mut [f64]) {
        for (a, v) in at.iter_mut().zip(&self.values).filter(|(_, v)| !v.is_nan()) {
            *a = *v;
        }
        for set in &self.ties {
            let mean = set.iter().map(|&j| at[j]).sum::<f64>() / set.len() as f64;
            set.iter().for_each(|&j| at[j] = mean);
        }
    }
}

/// First element of theta and number of effects of every term.
fn slots(coordinates: &Coordinates) -> impl Iterator<Item = (usize, usize)> + '_ {
    coordinates.parameters.slots().scan(0, |first, (_, _, k)| {
        let own = *first;
        *first += k * (k + 1) / 2;
        Some((own, k))
    })
}

/// The space in which the search moves: orthonormal combinations of (beta, directions of T, psi).
pub(crate) struct Free {
    /// Column by column.
    columns: Vec<Vec<f64>>,
    size: usize,
    /// Of each term, whether its covariance stays where it is or is tied to another's.
    frozen: Vec<bool>,
}

impl Free {
    pub(crate) fn of(held: &Held, coordinates: &Coordinates, data: &Data) -> Self {
        let (theta, p) = (coordinates.parameters.count, coordinates.p);
        let size = theta + p + coordinates.shapes;
        let map = data.x_standard.matrix();
        let scales: Vec<f64> = coordinates
            .parameters
            .slots()
            .flat_map(|(g, at, k)| {
                let scale = 1.0 / data.factor_standard[g].columns[at].scale;
                vec![if k == 1 { scale } else { 1.0 }; k * (k + 1) / 2]
            })
            .collect();
        // What moves when the user's parameter moves by one.
        let image = |j: usize| -> Vec<f64> {
            let mut out = vec![0.0; size];
            if j < theta {
                out[p + j] = scales[j];
            } else if j < theta + p {
                out[..p].copy_from_slice(&map[(j - theta) * p..(j - theta + 1) * p]);
            } else {
                out[j] = 1.0;
            }
            out
        };
        let together = |set: &[usize]| -> Vec<f64> {
            let mut out = vec![0.0; size];
            set.iter().for_each(|&j| crate::dense::small::add(&mut out, &image(j)));
            out
        };
        let alone = |j: usize| held.moves(j) && !held.is_tied(j);
        // beta first, as everywhere inside.
        let order = (theta..theta + p).chain(0..theta).chain(theta + p..size);
        let mut columns = Vec::new();
        for j in order {
            let leader = held.ties.iter().find(|set| set[0] == j);
            let untouched = j < theta + p && j >= theta && !held.touches_beta(coordinates, 0, p);
            let mut column = match leader {
                Some(set) => together(set),
                None if !alone(j) => continue,
                None if untouched => (0..size).map(|i| f64::from(u8::from(i == j - theta))).collect(),
                None => image(j),
            };
            orthogonalise(&mut column, &columns);
            columns.push(column);
        }
        Self { columns, size, frozen: held.frozen(coordinates) }
    }

    /// A point in this space; its first `skip` directions are gone already.
    pub(crate) fn restrict(&self, point: &mut Point, skip: usize) {
        let n = point.gradient.len();
        let own: Vec<&[f64]> = self.columns[skip..].iter().map(|c| &c[skip..]).collect();
        let mut basis = vec![0.0; n * own.len()];
        for (out, column) in basis.chunks_exact_mut(n.max(1)).zip(&own) {
            for (q, c) in point.basis.chunks_exact(n.max(1)).zip(*column).filter(|(_, c)| **c != 0.0) {
                out.iter_mut().zip(q).for_each(|(o, q)| *o += c * q);
            }
        }
        point.hessian = squeezed(&point.hessian, &own);
        point.basis = basis;
    }

    /// P'H P of all directions.
    pub(crate) fn squeezed(&self, matrix: &[f64]) -> Vec<f64> {
        squeezed(matrix, &self.columns.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// P H P' for a matrix of this space.
    pub(crate) fn lifted(&self, matrix: &[f64]) -> Vec<f64> {
        lifted(matrix, &self.columns.iter().map(Vec::as_slice).collect::<Vec<_>>(), self.size)
    }

    /// The inverse of a matrix of all p fixed effects, where these move.
    pub(crate) fn inverse_of_beta(&self, matrix: &[f64], p: usize) -> Option<Vec<f64>> {
        let columns: Vec<&[f64]> =
            self.columns.iter().map(|c| &c[..p]).filter(|c| c.iter().any(|&v| v != 0.0)).collect();
        let mut own = squeezed(matrix, &columns);
        cholesky(&mut own, columns.len()).ok()?;
        Some(lifted(&inverse_from_cholesky(&own, columns.len()), &columns, p))
    }

    /// Components of a vector of all directions.
    pub(crate) fn along(&self, v: &[f64]) -> Vec<f64> {
        self.columns.iter().map(|c| c.iter().zip(v).map(|(c, v)| c * v).sum()).collect()
    }

    /// The optimiser's T with what is held or tied as in `kept`.
    pub(crate) fn keep(&self, coordinates: &Coordinates, kept: &[f64], phi: &mut [f64]) {
        let mut first = 0;
        for ((_, _, k), frozen) in coordinates.parameters.slots().zip(&self.frozen) {
            if *frozen {
                phi[first..first + k * k].copy_from_slice(&kept[first..first + k * k]);
            }
            first += k * k;
        }
    }

    /// D without what is held or tied: there no covariance may grow.
    pub(crate) fn scores(&self, coordinates: &Coordinates, d: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut out = d.to_vec();
        for ((g, at, k), _) in coordinates.parameters.slots().zip(&self.frozen).filter(|(_, frozen)| **frozen) {
            let size = coordinates.parameters.sizes[g];
            for (i, j) in positions(size, size).filter(|(i, j)| [i, j].iter().any(|m| (at..at + k).contains(m))) {
                out[g][i + j * size] = 0.0;
            }
        }
        out
    }
}

/// The sum over pairs of columns of a matrix element times c_a c_b'.
fn lifted(matrix: &[f64], columns: &[&[f64]], size: usize) -> Vec<f64> {
    let count = columns.len();
    let mut out = vec![0.0; size * size];
    for ((a, b), value) in positions(count, count).zip(matrix) {
        for (j, y) in columns[b].iter().enumerate().filter(|(_, y)| **y != 0.0) {
            out[j * size..(j + 1) * size].iter_mut().zip(columns[a]).for_each(|(o, x)| *o += value * x * y);
        }
    }
    out
}

/// C'M C.
fn squeezed(matrix: &[f64], columns: &[&[f64]]) -> Vec<f64> {
    let size = matrix.len().isqrt();
    let image =
        |c: &[f64]| -> Vec<f64> { (0..size).map(|i| (0..size).map(|j| matrix[i + j * size] * c[j]).sum()).collect() };
    let images: Vec<Vec<f64>> = columns.iter().map(|c| image(c)).collect();
    let count = columns.len();
    positions(count, count).map(|(a, b)| columns[a].iter().zip(&images[b]).map(|(x, y)| x * y).sum()).collect()
}

/// Gram and Schmidt's, twice for what rounding leaves; of length one.
fn orthogonalise(column: &mut [f64], others: &[Vec<f64>]) {
    for _ in 0..2 {
        for other in others {
            let share: f64 = other.iter().zip(column.iter()).map(|(o, c)| o * c).sum();
            if share != 0.0 {
                column.iter_mut().zip(other).for_each(|(c, o)| *c -= share * o);
            }
        }
    }
    let length = column.iter().map(|c| c * c).sum::<f64>().sqrt();
    column.iter_mut().for_each(|c| *c /= length);
}
