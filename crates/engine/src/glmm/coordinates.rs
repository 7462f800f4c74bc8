//! The optimiser's vector: beta of the standardised columns, the elements of T (see the linear model's chart), psi.

use super::data::Data;
use super::point::{At, State};
use crate::dense::small::{cholesky, solve_lower};
use crate::dense::view::positions;
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

    /// The same where the first p elements of beta follow from the others: they are no directions, and curvature is past
    /// them.
    pub(crate) fn without_beta(&self, point: &mut Point, p: usize) {
        let n = point.gradient.len();
        let size = point.basis.len() / n.max(1);
        point.basis.drain(..p * n);
        let blocks = Leading::of(&point.hessian, p, size);
        point.hessian = match blocks.half() {
            Some(half) => past(&half, p, &blocks.rest, -1.0),
            None => blocks.rest,
        };
    }

    /// Undo [`Self::without_beta`] for the curvature: `whole` is that before it. Where they are `linked`, beta moves with the
    /// others, so that the inverse is a joint covariance; else it has curvature of its own alone.
    pub(crate) fn with_beta(&self, point: &mut Point, whole: &[f64], linked: bool) {
        let (size, left) = (whole.len().isqrt(), point.hessian.len().isqrt());
        let p = size - left;
        let blocks = Leading::of(whole, p, size);
        let half = blocks.half().filter(|_| linked);
        let rest = half.map_or_else(|| point.hessian.clone(), |half| past(&half, p, &point.hessian, 1.0));
        let cell = |(i, j): (usize, usize)| match (i < p, j < p) {
            (true, true) => blocks.own[i + j * p],
            (false, false) => rest[i - p + (j - p) * left],
            _ if !linked => 0.0,
            _ => blocks.cross[i.min(j) + (i.max(j) - p) * p],
        };
        point.hessian = positions(size, size).map(cell).collect();
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

/// A symmetric matrix cut after its first p rows.
struct Leading {
    p: usize,
    own: Vec<f64>,
    cross: Vec<f64>,
    rest: Vec<f64>,
}

impl Leading {
    fn of(matrix: &[f64], p: usize, size: usize) -> Self {
        let block = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| -> Vec<f64> {
            columns.flat_map(|j| rows.clone().map(move |i| matrix[i + j * size])).collect()
        };
        Self { p, own: block(0..p, 0..p), cross: block(0..p, p..size), rest: block(p..size, p..size) }
    }

    /// R^-T times the cross block, R'R the leading one.
    fn half(&self) -> Option<Vec<f64>> {
        let (mut own, mut half) = (self.own.clone(), self.cross.clone());
        cholesky(&mut own, self.p).ok()?;
        half.chunks_exact_mut(self.p.max(1)).for_each(|c| solve_lower(&own, self.p, c));
        Some(half)
    }
}

/// rest + sign half'half.
fn past(half: &[f64], p: usize, rest: &[f64], sign: f64) -> Vec<f64> {
    let left = rest.len().isqrt();
    let product = |(i, j): (usize, usize)| -> f64 {
        half[i * p..(i + 1) * p].iter().zip(&half[j * p..(j + 1) * p]).map(|(a, b)| a * b).sum()
    };
    positions(left, left).zip(rest).map(|(at, rest)| rest + sign * product(at)).collect()
}
