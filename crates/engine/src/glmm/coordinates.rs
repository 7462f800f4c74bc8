//! The optimiser's vector: beta of the standardised columns, the elements of T (see the linear model's chart), psi.

use super::data::Data;
use super::laplace::{At, State};
use crate::lmm::chart::Chart;
use crate::lmm::parameters::{Direction, Parameters};
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
