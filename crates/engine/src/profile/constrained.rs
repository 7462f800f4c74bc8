//! The deviance with a quantity held at a value, as a function of the coordinates that stay free: one coordinate of the
//! chart, the pivot, follows from the others. With g the quantity, lambda = (d value / d pivot) / (dg / d pivot) is the slope
//! of the constrained minimum in the value held, and H - lambda d2g is the curvature along the level set.

use super::chart::Chart;
use super::point::{Deviance, Point, Slope};
use super::space::Curvature;
use crate::dense::view::positions;
use crate::error::EngineError;
use crate::optimize::{self, Objective};

/// A smooth function of the parameters that is no coordinate.
pub type Quantity<'a> = &'a mut dyn FnMut(&Point) -> Option<f64>;

/// Share of a coordinate's length over which a quantity is differenced.
const STEP: f64 = 1e-3;

/// Everything about one evaluation.
#[derive(Debug, Clone)]
pub(crate) struct Full {
    /// Coordinates over their lengths.
    pub x: Vec<f64>,
    pub point: Point,
    pub slope: Slope,
    /// In the scaled coordinates.
    pub gradient: Vec<f64>,
    /// Curvature along the level set, in the scaled coordinates.
    hessian: Vec<f64>,
    /// dg / dx: the unit vector of the held coordinate where that is the quantity.
    normal: Vec<f64>,
    z: Vec<f64>,
    gz: Vec<f64>,
    gain: Vec<f64>,
}

/// What happens when the value held changes.
#[derive(Clone)]
pub(crate) struct Response {
    /// d value / d quantity.
    pub slope: f64,
    /// Movement of the scaled coordinates with the quantity, all of them.
    pub tangent: Vec<f64>,
    /// Second derivative of the constrained minimum.
    pub bend: f64,
}

pub(crate) struct Constrained<'a, 'q> {
    pub deviance: &'a mut dyn Deviance,
    pub chart: &'a Chart,
    pub curvature: Curvature,
    pub quantity: Option<Quantity<'q>>,
    /// Lengths of the coordinates.
    pub lengths: Vec<f64>,
    pub value: f64,
    pivot: usize,
    /// A coordinate that stays at zero.
    pub pinned: Option<usize>,
    /// Pivot of the last evaluation, where the next search for it begins.
    last: f64,
    pub trial: Option<Full>,
    pub current: Option<Full>,
    pub evaluations: usize,
}

impl<'a, 'q> Constrained<'a, 'q> {
    pub(crate) fn new(
        deviance: &'a mut dyn Deviance,
        chart: &'a Chart,
        curvature: Curvature,
        quantity: Option<Quantity<'q>>,
        lengths: Vec<f64>,
    ) -> Self {
        let pivot = chart.constrained;
        Self {
            deviance,
            chart,
            curvature,
            quantity,
            lengths,
            value: 0.0,
            pivot,
            pinned: None,
            last: 0.0,
            trial: None,
            current: None,
            evaluations: 0,
        }
    }

    /// Everything at the point where a walk begins. The deviance's own curvature there gives the coordinates their lengths,
    /// where it has some.
    pub(crate) fn begin(&mut self, point: &Point) -> Result<Full, EngineError> {
        self.evaluations += 1;
        let slope = self.deviance.evaluate(point)?.ok_or(EngineError::NotFinite)?;
        let x = self.scaled(point);
        let quantity = self.quantity.take();
        let full = self.full_of(&x, slope.clone());
        self.quantity = quantity;
        let (full, n) = (full.ok_or(EngineError::NotFinite)?, x.len());
        for (i, length) in self.lengths.iter_mut().enumerate() {
            let curvature = full.hessian[i + i * n];
            if curvature > 1e-2 {
                *length *= (2.0 / curvature).sqrt();
            }
        }
        let x = self.scaled(point);
        let value = self.quantity_at(&x).ok_or(EngineError::NotFinite)?;
        let full = self.full_of(&x, slope.clone()).ok_or(EngineError::NotFinite)?;
        self.hold(&full, &x, value);
        // Once more, for the pivot has a say in the curvature of a quantity that is no coordinate.
        self.full_of(&x, slope).ok_or(EngineError::NotFinite)
    }

    /// The scaled coordinates of a point.
    pub(crate) fn scaled(&self, point: &Point) -> Vec<f64> {
        self.chart.coordinates(point).iter().zip(&self.lengths).map(|(x, l)| x / l).collect()
    }

    pub(crate) fn point(&self, x: &[f64]) -> Point {
        let x: Vec<f64> = x.iter().zip(&self.lengths).map(|(x, l)| x * l).collect();
        self.chart.point(&x)
    }

    /// Everything at scaled coordinates, held or not.
    pub(crate) fn full(&mut self, x: &[f64]) -> Result<Option<Full>, EngineError> {
        self.evaluations += 1;
        let point = self.point(x);
        Ok(self.deviance.evaluate(&point)?.and_then(|slope| self.full_of(x, slope)))
    }

    fn full_of(&mut self, x: &[f64], slope: Slope) -> Option<Full> {
        let (point, n) = (self.point(x), x.len());
        let raw: Vec<f64> = x.iter().zip(&self.lengths).map(|(x, l)| x * l).collect();
        let tangents = self.chart.tangents(&raw, &point);
        let mut gradient = self.chart.gradient(&tangents, &point, &slope);
        gradient.iter_mut().zip(&self.lengths).for_each(|(g, l)| *g *= l);
        let (z, gz) = (self.curvature.coordinates(&point), self.curvature.slope(&slope));
        let gain = self.curvature.gain(&slope);
        if let Some(known) = &self.current {
            // In units half way between.
            let middle: Vec<f64> = gain.iter().zip(&known.gain).map(|(a, b)| (a * b).sqrt()).collect();
            let step: Vec<f64> = z.iter().zip(&known.z).zip(&middle).map(|((a, b), u)| (a - b) * u).collect();
            let change: Vec<f64> = gz.iter().zip(&known.gz).zip(&middle).map(|((a, b), u)| (a - b) / u).collect();
            self.curvature.learn(&step, &change);
        }
        let bends = self.chart.bends(&raw, &point);
        let mut hessian = self.curvature.pulled_back(n, &tangents, &bends, &point, &slope, &gain);
        for (h, (i, j)) in hessian.iter_mut().zip(positions(n, n)) {
            *h *= self.lengths[i] * self.lengths[j];
        }
        let normal = match self.derivatives(x) {
            None => return None,
            Some(None) => {
                let mut normal = vec![0.0; n];
                normal[self.chart.constrained] = self.lengths[self.chart.constrained];
                normal
            }
            Some(Some((normal, second))) => {
                let pivot = self.pivot;
                let lambda = gradient[pivot] / normal[pivot];
                if lambda.is_finite() {
                    hessian.iter_mut().zip(&second).for_each(|(h, s)| *h -= lambda * s);
                }
                normal
            }
        };
        Some(Full { x: x.to_vec(), point, slope, gradient, hessian, normal, z, gz, gain })
    }

    /// First and second derivatives of the quantity by differences; `Some(None)`: it is a coordinate.
    #[allow(clippy::type_complexity)]
    fn derivatives(&mut self, x: &[f64]) -> Option<Option<(Vec<f64>, Vec<f64>)>> {
        let n = x.len();
        if self.quantity.is_none() {
            return Some(None);
        }
        let at = |constrained: &mut Self, moves: &[(usize, f64)]| {
            let mut moved = x.to_vec();
            for &(i, by) in moves {
                moved[i] += by * STEP;
            }
            constrained.quantity_at(&moved)
        };
        let here = at(self, &[])?;
        let (mut first, mut second) = (vec![0.0; n], vec![0.0; n * n]);
        let mut up = vec![0.0; n];
        for i in 0..n {
            let (a, b) = (at(self, &[(i, 1.0)])?, at(self, &[(i, -1.0)])?);
            up[i] = a;
            first[i] = (a - b) / (2.0 * STEP);
            second[i + i * n] = (a + b - 2.0 * here) / (STEP * STEP);
        }
        for j in 0..n {
            for i in 0..j {
                let value = (at(self, &[(i, 1.0), (j, 1.0)])? - up[i] - up[j] + here) / (STEP * STEP);
                second[i + j * n] = value;
                second[j + i * n] = value;
            }
        }
        Some(Some((first, second)))
    }

    /// The quantity at scaled coordinates.
    pub(crate) fn quantity_at(&mut self, x: &[f64]) -> Option<f64> {
        let point = self.point(x);
        match &mut self.quantity {
            Some(g) => g(&point).filter(|v| v.is_finite()),
            None => Some(x[self.chart.constrained] * self.lengths[self.chart.constrained]),
        }
    }

    /// The coordinates of a search from x on with the quantity held at `value`: all but the pivot.
    pub(crate) fn hold(&mut self, full: &Full, x: &[f64], value: f64) -> Vec<f64> {
        self.value = value;
        if self.quantity.is_some() {
            let steepest =
                |best: usize, i: usize| if full.normal[i].abs() > full.normal[best].abs() { i } else { best };
            self.pivot = (0..x.len()).fold(0, steepest);
        }
        self.last = x[self.pivot];
        self.free(x)
    }

    /// Which of n coordinates are free.
    fn free_places(&self, n: usize) -> Vec<usize> {
        (0..n).filter(|&i| i != self.pivot && Some(i) != self.pinned).collect()
    }

    fn free(&self, x: &[f64]) -> Vec<f64> {
        self.free_places(x.len()).iter().map(|&i| x[i]).collect()
    }

    /// All coordinates from the free ones: the pivot by Newton's method.
    fn complete(&mut self, free: &[f64]) -> Option<Vec<f64>> {
        let mut x = vec![0.0; self.lengths.len()];
        self.free_places(x.len()).iter().zip(free).for_each(|(&i, &v)| x[i] = v);
        x[self.pivot] = self.last;
        if self.quantity.is_none() {
            x[self.pivot] = self.value / self.lengths[self.pivot];
            return Some(x);
        }
        let size = self.value.abs().max(1e-300);
        for _ in 0..30 {
            let here = self.quantity_at(&x)?;
            if (here - self.value).abs() <= 1e-13 * size.max(here.abs()) {
                break;
            }
            let mut moved = x.clone();
            moved[self.pivot] += 1e-5;
            let up = self.quantity_at(&moved)?;
            moved[self.pivot] -= 2e-5;
            let slope = (up - self.quantity_at(&moved)?) / 2e-5;
            let step = (self.value - here) / slope;
            if !step.is_finite() {
                return None;
            }
            x[self.pivot] += step.clamp(-3.0, 3.0);
            if step.abs() < 1e-14 * x[self.pivot].abs().max(1e-3) {
                break;
            }
        }
        let found = self.quantity_at(&x)?;
        if (found - self.value).abs() > 1e-8 * size.max(found.abs()) {
            return None;
        }
        self.last = x[self.pivot];
        Some(x)
    }

    /// Gradient and curvature along the level set, in the free coordinates.
    fn reduced(&self, full: &Full) -> (Vec<f64>, Vec<f64>) {
        let (n, pivot) = (full.x.len(), self.pivot);
        let free = self.free_places(n);
        let ratio: Vec<f64> = free.iter().map(|&i| full.normal[i] / full.normal[pivot]).collect();
        let g = free.iter().zip(&ratio).map(|(&i, r)| full.gradient[i] - r * full.gradient[pivot]).collect();
        let h = |i: usize, j: usize| full.hessian[i + j * n];
        let m = free.len();
        let mut out = vec![0.0; m * m];
        for (b, &j) in free.iter().enumerate() {
            for (a, &i) in free.iter().enumerate() {
                out[a + b * m] =
                    h(i, j) - ratio[a] * h(pivot, j) - ratio[b] * h(i, pivot) + ratio[a] * ratio[b] * h(pivot, pivot);
            }
        }
        (g, out)
    }

    /// How the constrained optimum answers to a change of the value held.
    pub(crate) fn response(&self, full: &Full) -> Response {
        let (n, pivot) = (full.x.len(), self.pivot);
        let free = self.free_places(n);
        let (g, hessian) = self.reduced(full);
        let per = 1.0 / full.normal[pivot];
        let ratio: Vec<f64> = free.iter().map(|&i| full.normal[i] * per).collect();
        let h = |i: usize, j: usize| full.hessian[i + j * n];
        let cross: Vec<f64> =
            free.iter().zip(&ratio).map(|(&i, r)| per * (h(i, pivot) - r * h(pivot, pivot))).collect();
        let far = 1e8;
        let moved = crate::optimize::model_step(&cross, &hessian, far);
        // A flat or indefinite curvature says nothing about where the optimum goes.
        let tangent_free = if moved.bounded { vec![0.0; free.len()] } else { moved.step };
        let settle = crate::optimize::model_step(&g, &hessian, 1.0);
        let slope = full.gradient[pivot] * per
            + if settle.bounded { 0.0 } else { cross.iter().zip(&settle.step).map(|(c, s)| c * s).sum::<f64>() };
        let bend = per * per * h(pivot, pivot) + cross.iter().zip(&tangent_free).map(|(c, t)| c * t).sum::<f64>();
        let mut tangent = vec![0.0; n];
        tangent[pivot] = per;
        for ((&i, t), r) in free.iter().zip(&tangent_free).zip(&ratio) {
            tangent[i] = *t;
            tangent[pivot] -= r * t;
        }
        Response { slope, tangent, bend }
    }
}

impl Objective for Constrained<'_, '_> {
    type Error = EngineError;

    fn evaluate(&mut self, free: &[f64]) -> Result<Option<optimize::Point>, EngineError> {
        let Some(x) = self.complete(free) else { return Ok(None) };
        let Some(full) = self.full(&x)? else { return Ok(None) };
        if !full.slope.value.is_finite() {
            return Ok(None);
        }
        let (gradient, hessian) = self.reduced(&full);
        let value = full.slope.value;
        self.trial = Some(full);
        let n = free.len();
        Ok(Some(optimize::Point { value, gradient, basis: crate::dense::small::identity(n), hessian }))
    }

    fn accept(&mut self) {
        self.current = self.trial.take();
    }
}
