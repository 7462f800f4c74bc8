//! Curvature of the deviance in (Sigma of every term, others), a space that all charts share.
//!
//! It is had by differences of the exact slope at the optimum, once for all quantities, and learns from every step on the
//! way (a symmetric update of rank one). What the chart adds, 2 <dS, D dS>, is exact everywhere: where a standard deviation is zero
//! it is all there is.

use super::chart::{Bend, Tangent, cells, grown};
use super::point::{Deviance, Point, Slope, covariance, side};
use crate::dense::small::solve_lower;
use crate::dense::view::{View, positions};
use crate::effects::template::{inner, sigma_direction};
use crate::error::EngineError;

/// Step of the differences, in units of the spread.
const STEP: f64 = 1e-3;

/// Curvature with the units in which it is kept.
#[derive(Debug, Clone)]
pub struct Curvature {
    sizes: Vec<usize>,
    /// Unit of each element of vech Sigma and of the others.
    unit: Vec<f64>,
    /// In these units, column-major.
    matrix: Vec<f64>,
    /// A standard deviation for each effect of each term.
    pub(crate) spread: Vec<Vec<f64>>,
    /// What the data weigh where the curvature was taken.
    weights: Vec<Vec<f64>>,
}

/// Differences of the slope beside a point.
struct Differences<'a> {
    deviance: &'a mut dyn Deviance,
    space: &'a Curvature,
    /// The slope at the point.
    base: Vec<f64>,
}

impl Differences<'_> {
    fn slope(&mut self, at: &Point) -> Result<Vec<f64>, EngineError> {
        let slope = self.deviance.evaluate(at)?.ok_or(EngineError::NotFinite)?;
        Ok(self.space.slope(&slope))
    }

    /// From one step.
    fn straight(&mut self, moved: &dyn Fn(f64) -> Point) -> Result<Vec<f64>, EngineError> {
        let one = self.slope(&moved(STEP))?;
        Ok(one.iter().zip(&self.base).map(|(one, base)| (one - base) / STEP).collect())
    }

    /// From two steps to one side, exact where the slope is a parabola.
    fn curved(&mut self, moved: &dyn Fn(f64) -> Point) -> Result<Vec<f64>, EngineError> {
        let one = self.slope(&moved(STEP))?;
        let two = self.slope(&moved(2.0 * STEP))?;
        let steps = one.iter().zip(&two).zip(&self.base);
        Ok(steps.map(|((one, two), base)| (4.0 * (one - base) - (two - base)) / (2.0 * STEP)).collect())
    }

    /// Along each element of one term's Sigma: a covariance may grow along any vector; elements off the diagonal follow
    /// from the sums.
    fn of_term(&mut self, point: &Point, term: usize, spread: &[f64]) -> Result<Vec<Vec<f64>>, EngineError> {
        let k = side(&point.roots[term]);
        let mut along = |i: usize, j: usize| {
            let mut v = vec![0.0; k];
            (v[i], v[j]) = (spread[i], spread[j]);
            self.curved(&|h: f64| {
                let mut moved = point.clone();
                moved.roots[term] = grown(&point.roots[term], &v, h);
                moved
            })
        };
        let diagonal: Vec<Vec<f64>> = (0..k).map(|i| along(i, i)).collect::<Result<_, _>>()?;
        let element = |(i, j): (usize, usize)| {
            if i == j {
                return Ok(diagonal[i].clone());
            }
            let whole = along(i, j)?;
            let parts = whole.iter().zip(&diagonal[i]).zip(&diagonal[j]);
            Ok(parts.map(|((whole, a), b)| whole - a - b).collect())
        };
        cells(k).map(element).collect()
    }
}

impl Curvature {
    /// At a point. `spread` says what changes of the covariances (as standard deviations, for each effect of each term)
    /// and of the others matter.
    pub fn at(
        deviance: &mut dyn Deviance,
        point: &Point,
        spread: &[Vec<f64>],
        others: &[f64],
    ) -> Result<Self, EngineError> {
        let sizes: Vec<usize> = point.roots.iter().map(|r| side(r)).collect();
        let mut unit = Vec::new();
        for (&k, s) in sizes.iter().zip(spread) {
            unit.extend(cells(k).map(|(i, j)| s[i] * s[j]));
        }
        unit.extend_from_slice(others);
        let n = unit.len();
        let mut out = Self { sizes, unit, matrix: vec![0.0; n * n], spread: spread.to_vec(), weights: Vec::new() };
        let here = deviance.evaluate(point)?.ok_or(EngineError::NotFinite)?;
        out.weights.clone_from(&here.weights);
        let base = out.slope(&here);
        let mut differences = Differences { deviance, space: &out, base };
        let mut columns: Vec<Vec<f64>> = Vec::with_capacity(n);
        for (term, spread) in spread.iter().enumerate().take(point.roots.len()) {
            columns.extend(differences.of_term(point, term, spread)?);
        }
        for (m, unit) in others.iter().enumerate() {
            let moved = |h: f64| {
                let mut moved = point.clone();
                moved.others[m] += h * unit;
                moved
            };
            // In fixed effects and log scales the slope is all but straight over a thousandth of an error.
            columns.push(differences.straight(&moved)?);
        }
        for (cell, (i, j)) in out.matrix.iter_mut().zip(positions(n, n)) {
            *cell = 0.5 * (columns[j][i] + columns[i][j]);
        }
        Ok(out)
    }

    pub(crate) fn dimension(&self) -> usize {
        self.unit.len()
    }

    /// Units of the last coordinates, which are those that are no covariance.
    pub(crate) fn units_of_others(&self, count: usize) -> Vec<f64> {
        self.unit[self.dimension() - count..].to_vec()
    }

    /// The same with only some of the others kept, the rest at their optimum.
    pub fn keeping(&self, kept: &[usize]) -> Self {
        let elements: usize = self.sizes.iter().map(|k| k * (k + 1) / 2).sum();
        let n = self.dimension();
        let stay: Vec<usize> = (0..elements).chain(kept.iter().map(|m| elements + m)).collect();
        let leave: Vec<usize> = (elements..n).filter(|m| !stay.contains(m)).collect();
        let (s, l) = (stay.len(), leave.len());
        let whole = View::square(&self.matrix, n);
        let part = |rows: &[usize], cols: &[usize]| -> Vec<f64> {
            positions(rows.len(), cols.len()).map(|(i, j)| whole.at(rows[i], cols[j])).collect()
        };
        let (mut own, mut cross) = (part(&leave, &leave), part(&leave, &stay));
        let mut matrix = part(&stay, &stay);
        if l > 0 && crate::dense::small::cholesky(&mut own, l).is_ok() {
            cross.chunks_exact_mut(l).for_each(|c| solve_lower(&own, l, c));
            for j in 0..s {
                for i in 0..s {
                    let (a, b) = (&cross[i * l..(i + 1) * l], &cross[j * l..(j + 1) * l]);
                    matrix[i + j * s] -= a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                }
            }
        }
        let unit = stay.iter().map(|&m| self.unit[m]).collect();
        Self { sizes: self.sizes.clone(), unit, matrix, spread: self.spread.clone(), weights: self.weights.clone() }
    }

    /// By how much more the data weigh each direction than where the curvature was taken. The information on Sigma goes
    /// with the square of these weights, so that in units which follow them the curvature hardly changes.
    pub(crate) fn gain(&self, slope: &Slope) -> Vec<f64> {
        let mut out = vec![1.0; self.dimension()];
        if self.weights.is_empty() || slope.weights.is_empty() {
            return out;
        }
        let mut from = 0;
        for ((now, base), &k) in slope.weights.iter().zip(&self.weights).zip(&self.sizes) {
            let ratio = |i: usize| (now[i] / base[i]).clamp(1e-4, 1e4);
            for (m, (i, j)) in cells(k).enumerate() {
                let gain = (ratio(i) * ratio(j)).sqrt();
                out[from + m] = if gain.is_finite() { gain } else { 1.0 };
            }
            from += k * (k + 1) / 2;
        }
        out
    }

    /// A point in this space.
    pub(crate) fn coordinates(&self, point: &Point) -> Vec<f64> {
        let mut z = Vec::with_capacity(self.dimension());
        for (root, &k) in point.roots.iter().zip(&self.sizes) {
            let sigma = covariance(root, k);
            z.extend(cells(k).map(|(i, j)| sigma[i + j * k]));
        }
        z.extend_from_slice(&point.others);
        z.iter_mut().zip(&self.unit).for_each(|(z, u)| *z /= u);
        z
    }

    /// The slope in this space.
    pub(crate) fn slope(&self, slope: &Slope) -> Vec<f64> {
        let mut g = Vec::with_capacity(self.dimension());
        for (d, &k) in slope.d.iter().zip(&self.sizes) {
            g.extend(cells(k).map(|(i, j)| if i == j { d[i + j * k] } else { 2.0 * d[i + j * k] }));
        }
        g.extend_from_slice(&slope.others);
        g.iter_mut().zip(&self.unit).for_each(|(g, u)| *g *= u);
        g
    }

    /// Learn from a step and the change of the slope over it.
    pub(crate) fn learn(&mut self, step: &[f64], change: &[f64]) {
        let n = self.dimension();
        let lack: Vec<f64> =
            (0..n).map(|i| change[i] - (0..n).map(|j| self.matrix[i + j * n] * step[j]).sum::<f64>()).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let along = dot(&lack, step);
        if along.abs() <= 1e-4 * (dot(&lack, &lack) * dot(step, step)).sqrt() || dot(step, step) < 1e-18 {
            return;
        }
        for j in 0..n {
            for i in 0..n {
                self.matrix[i + j * n] += lack[i] * lack[j] / along;
            }
        }
    }

    /// Curvature in the coordinates of a chart.
    pub(crate) fn pulled_back(
        &self,
        dimension: usize,
        tangents: &[Tangent],
        bends: &[Bend],
        point: &Point,
        slope: &Slope,
        gain: &[f64],
    ) -> Vec<f64> {
        let (n, others) = (self.dimension(), point.others.len());
        let elements = n - others;
        let mut starts = Vec::with_capacity(self.sizes.len());
        let mut from = 0;
        for &k in &self.sizes {
            starts.push(from);
            from += k * (k + 1) / 2;
        }
        // Images of the coordinates in this space.
        let mut image = vec![0.0; n * dimension];
        for t in tangents {
            let k = self.sizes[t.term];
            let direction = sigma_direction(&point.roots[t.term], &t.ds, k);
            for (m, (i, j)) in cells(k).enumerate() {
                let at = starts[t.term] + m;
                image[at + t.at * n] += direction[i + j * k] * gain[at] / self.unit[at];
            }
        }
        for m in 0..others {
            image[elements + m + (dimension - others + m) * n] += 1.0 / self.unit[elements + m];
        }
        let mut half = vec![0.0; n * dimension];
        for (column, out) in image.chunks_exact(n).zip(half.chunks_exact_mut(n)) {
            for (j, &value) in column.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                out.iter_mut().zip(&self.matrix[j * n..(j + 1) * n]).for_each(|(o, a)| *o += a * value);
            }
        }
        let mut out = vec![0.0; dimension * dimension];
        for j in 0..dimension {
            for i in 0..=j {
                let (a, b) = (&image[i * n..(i + 1) * n], &half[j * n..(j + 1) * n]);
                let value = a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                out[i + j * dimension] = value;
                out[j + i * dimension] = value;
            }
        }
        for l in tangents {
            for m in tangents.iter().filter(|m| m.term == l.term) {
                let value = inner(&l.ds, &slope.d[l.term], &m.ds, self.sizes[l.term]);
                out[l.at + m.at * dimension] += 2.0 * value;
            }
        }
        for b in bends {
            let value = 2.0 * inner(&b.d2s, &slope.d[b.term], &point.roots[b.term], self.sizes[b.term]);
            out[b.at.0 + b.at.1 * dimension] += value;
            if b.at.0 != b.at.1 {
                out[b.at.1 + b.at.0 * dimension] += value;
            }
        }
        out
    }
}
