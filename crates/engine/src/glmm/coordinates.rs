//! The optimiser's vector: beta of the standardised columns, the elements of T (see the linear model's chart), psi.

use super::data::Data;
use super::point::{At, State};
use crate::dense::small::{cholesky, solve_lower};
use crate::effects::chart::Chart;
use crate::effects::parameters::{Direction, Parameters};
use crate::optimize::Point;

/// beta, T and psi at one point, in standardised units.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub beta: Vec<f64>,
    pub templates: Vec<Vec<f64>>,
    pub psi: Vec<f64>,
}

impl Place {
    pub(crate) fn at(&self) -> At<'_> {
        At { beta: &self.beta, templates: &self.templates, psi: &self.psi }
    }
}

pub(crate) struct Coordinates {
    pub parameters: Parameters,
    pub chart: Chart,
    pub p: usize,
    pub shapes: usize,
}

impl Coordinates {
    pub(crate) fn place(&self, x: &[f64]) -> Place {
        let (beta, rest) = x.split_at(self.p);
        let (phi, psi) = rest.split_at(self.chart.count);
        Place { beta: beta.to_vec(), templates: self.chart.templates(phi), psi: psi.to_vec() }
    }

    pub(crate) fn vector(&self, place: &Place) -> Vec<f64> {
        [place.beta.as_slice(), &self.chart.phi_of(&place.templates), &place.psi].concat()
    }

    pub(crate) fn phi<'a>(&self, x: &'a [f64]) -> &'a [f64] {
        &x[self.p..self.p + self.chart.count]
    }

    /// Directions of T, and all directions as columns of a matrix: beta, those of T, psi.
    pub(crate) fn directions(&self, x: &[f64]) -> (Vec<Direction>, Vec<f64>) {
        let (directions, inner) = self.chart.directions(self.phi(x));
        let size = x.len();
        let unit = |i: usize| {
            let mut e = vec![0.0; size];
            e[i] = 1.0;
            e
        };
        let mut basis: Vec<f64> = (0..self.p).flat_map(unit).collect();
        for column in inner.chunks_exact(self.chart.count.max(1)) {
            basis.resize(basis.len() + self.p, 0.0);
            basis.extend_from_slice(column);
            basis.resize(basis.len() + self.shapes, 0.0);
        }
        basis.extend((size - self.shapes..size).flat_map(unit));
        (directions, basis)
    }

    /// Gradient in the optimiser's vector.
    pub(crate) fn gradient(&self, place: &Place, state: &State) -> Vec<f64> {
        let (beta, psi) = state.gradient.split_at(self.p);
        [beta, &self.chart.gradient(&state.d, &place.templates), psi].concat()
    }

    pub(crate) fn point(&self, place: &Place, basis: Vec<f64>, state: &State) -> Point {
        Point { value: state.criterion, gradient: self.gradient(place, state), basis, hessian: state.hessian.clone() }
    }

    /// The same where beta follows from the others: it is no direction, and curvature is past it.
    pub(crate) fn without_beta(&self, point: &mut Point) {
        let (p, n) = (self.p, point.gradient.len());
        let size = point.basis.len() / n.max(1);
        point.basis.drain(..p * n);
        let block = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| -> Vec<f64> {
            let cells = columns.flat_map(|j| rows.clone().map(move |i| i + j * size));
            cells.map(|at| point.hessian[at]).collect()
        };
        let mut own = block(0..p, 0..p);
        let mut cross = block(0..p, p..size);
        let mut rest = block(p..size, p..size);
        if cholesky(&mut own, p).is_ok() {
            cross.chunks_exact_mut(p.max(1)).for_each(|c| solve_lower(&own, p, c));
            let left = size - p;
            for j in 0..left {
                for i in 0..left {
                    let (a, b) = (&cross[i * p..(i + 1) * p], &cross[j * p..(j + 1) * p]);
                    rest[i + j * left] -= a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                }
            }
        }
        point.hessian = rest;
    }

    /// Undo [`Self::without_beta`] with curvature of beta alone, `fixed`, beside what the point has.
    pub(crate) fn with_beta(&self, point: &mut Point, x: &[f64], fixed: &[f64]) {
        let (p, left) = (self.p, point.basis.len() / x.len().max(1));
        let (size, width) = (p + left, p + self.shapes);
        let mut whole = vec![0.0; size * size];
        for j in 0..p {
            (0..p).for_each(|i| whole[i + j * size] = 2.0 * fixed[i + j * width]);
        }
        for j in 0..left {
            (0..left).for_each(|i| whole[p + i + (p + j) * size] = point.hessian[i + j * left]);
        }
        point.basis = self.directions(x).1;
        point.hessian = whole;
    }

    /// beta of the columns as they came.
    pub(crate) fn original_beta(&self, data: &Data, beta: &[f64]) -> Vec<f64> {
        apply(&data.x_standard.inverse(), beta)
    }

    pub(crate) fn standardised_beta(&self, data: &Data, beta: &[f64]) -> Vec<f64> {
        apply(&data.x_standard.matrix(), beta)
    }
}

/// Square matrix (column-major) times vector.
fn apply(matrix: &[f64], v: &[f64]) -> Vec<f64> {
    let k = v.len();
    (0..k).map(|i| (0..k).map(|j| matrix[i + j * k] * v[j]).sum()).collect()
}
