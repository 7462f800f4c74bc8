//! Coordinates x of a point. Of each term S is lower triangular once its effects are put in some order: with effect i first
//! |S_11| is its standard deviation and zero an ordinary point; with effects i and j first and row two in polar form,
//! S_21 = r cos w and S_22 = r sin w, cos w is their correlation and +-1 are ordinary points, the ends of [0, pi].

use super::point::{Point, Slope, covariance, side};
use crate::dense::eigen::symmetric;
use crate::dense::small::lower_factor;
use crate::dense::view::{View, positions};
use crate::effects::template::inner;

/// The quantity that is profiled, as a coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordinate {
    /// Standard deviation of an effect of a term.
    Sd { term: usize, effect: usize },
    /// Angle whose cosine is the correlation of two effects of a term.
    Angle { term: usize, first: usize, second: usize },
    /// Element of T = S / sigma, where the first of the others is log sigma; place in theta's order.
    Relative { theta: usize },
    /// Element of S, in theta's order.
    Absolute { theta: usize },
    /// One of the others.
    Other(usize),
}

/// A chart, for models with terms of given sizes.
#[derive(Debug, Clone)]
pub struct Chart {
    pub coordinate: Coordinate,
    /// Order of the effects of each term.
    orders: Vec<Vec<usize>>,
    /// First coordinate of each term.
    first: Vec<usize>,
    /// The term whose second row is polar.
    polar: Option<usize>,
    relative: bool,
    elements: usize,
    others: usize,
    /// Which coordinate is held.
    pub constrained: usize,
}

/// A derivative of S of one term in one coordinate.
pub(crate) struct Tangent {
    pub at: usize,
    pub term: usize,
    pub ds: Vec<f64>,
}

/// A second derivative in two coordinates, both ways if they differ.
pub(crate) struct Bend {
    pub at: (usize, usize),
    pub term: usize,
    pub d2s: Vec<f64>,
}

impl Chart {
    pub fn new(sizes: &[usize], others: usize, coordinate: Coordinate) -> Self {
        let mut orders: Vec<Vec<usize>> = sizes.iter().map(|&k| (0..k).collect()).collect();
        let mut first = Vec::new();
        let mut elements = 0;
        for &k in sizes {
            first.push(elements);
            elements += k * (k + 1) / 2;
        }
        let mut front = |term: usize, effect: usize, to: usize| {
            let order = &mut orders[term];
            let from = order.iter().position(|&e| e == effect).unwrap_or(to);
            let moved = order.remove(from);
            order.insert(to, moved);
        };
        let (constrained, polar) = match coordinate {
            Coordinate::Sd { term, effect } => {
                front(term, effect, 0);
                (first[term], None)
            }
            Coordinate::Angle { term, first: a, second: b } => {
                front(term, a, 0);
                front(term, b, 1);
                // The angle stands where S_22 would.
                (first[term] + sizes[term], Some(term))
            }
            Coordinate::Relative { theta } | Coordinate::Absolute { theta } => (theta, None),
            Coordinate::Other(i) => (elements + i, None),
        };
        let relative = matches!(coordinate, Coordinate::Relative { .. });
        Self { coordinate, orders, first, polar, relative, elements, others, constrained }
    }

    pub(crate) fn dimension(&self) -> usize {
        self.elements + self.others
    }

    pub(crate) fn elements(&self) -> usize {
        self.elements
    }

    fn k(&self, term: usize) -> usize {
        self.orders[term].len()
    }

    /// Least and largest value of the held coordinate.
    pub fn bounds(&self) -> (f64, f64) {
        match self.coordinate {
            Coordinate::Sd { .. } => (0.0, f64::INFINITY),
            Coordinate::Angle { .. } => (0.0, std::f64::consts::PI),
            Coordinate::Relative { theta } | Coordinate::Absolute { theta } if self.diagonal(theta) => {
                (0.0, f64::INFINITY)
            }
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// Place of the diagonal element in the column of an element of theta.
    fn column_of(&self, theta: usize) -> Option<usize> {
        (0..self.orders.len()).find_map(|t| {
            let places: Vec<(usize, usize)> = cells(self.k(t)).collect();
            let (_, column) = *places.get(theta.checked_sub(self.first[t])?)?;
            places.iter().position(|&c| c == (column, column)).map(|m| self.first[t] + m)
        })
    }

    fn diagonal(&self, theta: usize) -> bool {
        (0..self.orders.len())
            .any(|t| cells(self.k(t)).enumerate().any(|(m, (i, j))| i == j && self.first[t] + m == theta))
    }

    /// The diagonal element beside which an element of theta is held: T's columns have no signs, so that with the other
    /// sign it would be another quantity, and it must not fall below zero.
    pub(crate) fn guarded(&self) -> Option<usize> {
        match self.coordinate {
            Coordinate::Relative { theta } | Coordinate::Absolute { theta } => {
                self.column_of(theta).filter(|diagonal| *diagonal != theta)
            }
            _ => None,
        }
    }

    /// Whether a length went through zero, so that the held coordinate has changed its meaning: an angle is that of the
    /// opposite correlation, an element of theta that of the negative column. `x` may be scaled.
    pub(crate) fn beyond(&self, x: &[f64]) -> bool {
        const ZERO: f64 = 1e-4;
        if let Some(diagonal) = self.guarded() {
            return x[diagonal] < -ZERO;
        }
        self.polar.is_some_and(|term| {
            let (a, r) = (x[self.first[term]], x[self.first[term] + 1]);
            a * r < 0.0 && a.abs() > ZERO && r.abs() > ZERO
        })
    }

    /// Factor that S carries beside the coordinates.
    fn scale(&self, others: &[f64]) -> f64 {
        if self.relative { others[0].exp() } else { 1.0 }
    }

    /// Coordinates of a point.
    pub(crate) fn coordinates(&self, point: &Point) -> Vec<f64> {
        let mut x = Vec::with_capacity(self.dimension());
        let scale = self.scale(&point.others);
        for (term, root) in point.roots.iter().enumerate() {
            let (k, order) = (self.k(term), &self.orders[term]);
            let root = View::square(root, k);
            let turned: Vec<f64> = positions(k, k).map(|(i, j)| root.at(order[i], j) / scale).collect();
            let (l, _) = lower_factor(&turned, k);
            let from = x.len();
            x.extend(cells(k).map(|(i, j)| l[i + j * k]));
            if self.polar == Some(term) {
                let (a, b) = (x[from + 1], x[from + k]);
                (x[from + 1], x[from + k]) =
                    (a.hypot(b), if a == 0.0 && b == 0.0 { 0.5 * std::f64::consts::PI } else { b.atan2(a) });
            }
        }
        x.extend_from_slice(&point.others);
        x
    }

    /// The point at given coordinates.
    pub(crate) fn point(&self, x: &[f64]) -> Point {
        let others = x[self.elements..].to_vec();
        let scale = self.scale(&others);
        let roots = (0..self.orders.len())
            .map(|term| {
                let k = self.k(term);
                let mut root = vec![0.0; k * k];
                for (m, (i, j)) in cells(k).enumerate() {
                    root[self.orders[term][i] + j * k] = scale * x[self.first[term] + m];
                }
                if let Some((r, w)) = self.polar_of(term, x) {
                    let row = self.orders[term][1];
                    root[row] = scale * r * w.cos();
                    root[row + k] = scale * r * w.sin();
                }
                root
            })
            .collect();
        Point { roots, others }
    }

    fn polar_of(&self, term: usize, x: &[f64]) -> Option<(f64, f64)> {
        (self.polar == Some(term)).then(|| (x[self.first[term] + 1], x[self.first[term] + self.k(term)]))
    }

    /// Derivatives of S.
    pub(crate) fn tangents(&self, x: &[f64], point: &Point) -> Vec<Tangent> {
        let scale = self.scale(&point.others);
        let mut out = Vec::with_capacity(self.elements + self.orders.len());
        for term in 0..self.orders.len() {
            let (k, order) = (self.k(term), &self.orders[term]);
            for (m, (i, j)) in cells(k).enumerate() {
                let mut ds = vec![0.0; k * k];
                match self.polar_of(term, x) {
                    Some((_, w)) if m == 1 => {
                        ds[order[1]] = w.cos();
                        ds[order[1] + k] = w.sin();
                    }
                    Some((r, w)) if m == k => {
                        ds[order[1]] = -r * w.sin();
                        ds[order[1] + k] = r * w.cos();
                    }
                    _ => ds[order[i] + j * k] = scale,
                }
                out.push(Tangent { at: self.first[term] + m, term, ds });
            }
            if self.relative {
                out.push(Tangent { at: self.elements, term, ds: point.roots[term].clone() });
            }
        }
        out
    }

    /// Second derivatives of S that are not zero.
    pub(crate) fn bends(&self, x: &[f64], point: &Point) -> Vec<Bend> {
        let mut out = Vec::new();
        if let Some(term) = self.polar {
            let (k, row, from) = (self.k(term), self.orders[term][1], self.first[term]);
            if let Some((r, w)) = self.polar_of(term, x) {
                let mut both = vec![0.0; k * k];
                (both[row], both[row + k]) = (-w.sin(), w.cos());
                out.push(Bend { at: (from + 1, from + k), term, d2s: both });
                let mut twice = vec![0.0; k * k];
                (twice[row], twice[row + k]) = (-r * w.cos(), -r * w.sin());
                out.push(Bend { at: (from + k, from + k), term, d2s: twice });
            }
        }
        if self.relative {
            for tangent in self.tangents(x, point) {
                let (l, m) = (tangent.at.min(self.elements), self.elements);
                out.push(Bend { at: (l, m), term: tangent.term, d2s: tangent.ds });
            }
        }
        out
    }

    /// Gradient in the coordinates.
    pub(crate) fn gradient(&self, tangents: &[Tangent], point: &Point, slope: &Slope) -> Vec<f64> {
        let mut g = vec![0.0; self.dimension()];
        g[self.elements..].copy_from_slice(&slope.others);
        for t in tangents {
            g[t.at] += 2.0 * inner(&t.ds, &slope.d[t.term], &point.roots[t.term], self.k(t.term));
        }
        g
    }

    /// Of a coordinate without curvature: a length to go by. `spread` is a standard deviation for each term.
    pub(crate) fn fallback_lengths(&self, x: &[f64], spread: &[Vec<f64>]) -> Vec<f64> {
        let mut out = vec![1.0; self.dimension()];
        for term in 0..self.orders.len() {
            for (m, (i, _)) in cells(self.k(term)).enumerate() {
                out[self.first[term] + m] = spread[term][self.orders[term][i]] / self.scale(&x[self.elements..]);
            }
            if self.polar == Some(term) {
                out[self.first[term] + self.k(term)] = 1.0;
            }
        }
        out
    }
}

/// Rows and columns of a lower triangle, column by column.
pub(crate) fn cells(k: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..k).flat_map(move |j| (j..k).map(move |i| (i, j)))
}

/// A square root of S S' + step v v'.
pub(crate) fn grown(root: &[f64], v: &[f64], step: f64) -> Vec<f64> {
    let k = side(root);
    let mut sigma = covariance(root, k);
    for j in 0..k {
        for i in 0..k {
            sigma[i + j * k] += step * v[i] * v[j];
        }
    }
    // Scaled to unit diagonal, so that small variances keep their digits.
    let size: Vec<f64> = (0..k).map(|i| sigma[i + i * k].max(1e-300).sqrt()).collect();
    let scaled: Vec<f64> = sigma.iter().zip(positions(k, k)).map(|(s, (i, j))| s / (size[i] * size[j])).collect();
    let (values, u) = symmetric(&scaled, k);
    u.iter().zip(positions(k, k)).map(|(u, (i, j))| size[i] * u * values[j].max(0.0).sqrt()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point() -> Point {
        Point { roots: vec![vec![2.0, 0.5, -0.3, 0.4, 1.0, 0.2, -0.1, 0.3, 0.8], vec![0.7]], others: vec![0.3, -1.0] }
    }

    fn charts() -> Vec<Chart> {
        [
            Coordinate::Sd { term: 0, effect: 1 },
            Coordinate::Angle { term: 0, first: 0, second: 2 },
            Coordinate::Relative { theta: 4 },
            Coordinate::Other(1),
        ]
        .map(|c| Chart::new(&[3, 1], 2, c))
        .to_vec()
    }

    #[test]
    fn coordinates_and_points_undo_each_other() {
        for chart in charts() {
            let x = chart.coordinates(&point());
            let back = chart.point(&x);
            for (a, b) in point().roots.iter().zip(&back.roots) {
                let k = side(a);
                for (u, v) in covariance(a, k).iter().zip(covariance(b, k)) {
                    assert!((u - v).abs() < 1e-13, "{:?}", chart.coordinate);
                }
            }
        }
    }

    #[test]
    fn the_constrained_coordinate_is_the_quantity() {
        let sigma = covariance(&point().roots[0], 3);
        let sd = &charts()[0];
        assert!((sd.coordinates(&point())[sd.constrained] - sigma[4].sqrt()).abs() < 1e-14);
        let angle = &charts()[1];
        let rho = sigma[2] / (sigma[0] * sigma[8]).sqrt();
        assert!((angle.coordinates(&point())[angle.constrained].cos() - rho).abs() < 1e-14);
    }

    #[test]
    fn derivatives_of_s_agree_with_differences() {
        for chart in charts() {
            let x = chart.coordinates(&point());
            let at = chart.point(&x);
            let h = 1e-5;
            for l in 0..x.len() {
                let (mut up, mut down) = (x.clone(), x.clone());
                up[l] += h;
                down[l] -= h;
                let (up, down) = (chart.point(&up), chart.point(&down));
                for term in 0..2 {
                    let mut ds = vec![0.0; at.roots[term].len()];
                    let mut d2s = ds.clone();
                    for t in chart.tangents(&x, &at).iter().filter(|t| t.at == l && t.term == term) {
                        ds.iter_mut().zip(&t.ds).for_each(|(a, b)| *a += b);
                    }
                    for b in chart.bends(&x, &at).iter().filter(|b| b.at == (l, l) && b.term == term) {
                        d2s.iter_mut().zip(&b.d2s).for_each(|(a, b)| *a += b);
                    }
                    for (m, d) in ds.iter().enumerate() {
                        let (a, b) = (up.roots[term][m], down.roots[term][m]);
                        assert!((d - (a - b) / (2.0 * h)).abs() < 1e-9, "{:?} {l}", chart.coordinate);
                        let second = (a + b - 2.0 * at.roots[term][m]) / (h * h);
                        assert!((d2s[m] - second).abs() < 1e-4, "{:?} {l}", chart.coordinate);
                    }
                }
            }
        }
    }
}
