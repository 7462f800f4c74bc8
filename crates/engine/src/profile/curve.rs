//! The walk along constrained optima: zeta = +- root of what the deviance has risen by, as a function of the value held, with
//! its exact slope; and the values where it crosses given limits.

use super::chart::{Chart, Coordinate};
use super::held::{Full, Held, Quantity, Response};
use super::place::{Deviance, Place};
use super::space::Curvature;
use crate::error::EngineError;
use crate::optimize::{Options, Status, minimise};

/// How far to walk and in what steps.
#[derive(Debug, Clone)]
pub struct Walk {
    /// |zeta| up to which the curve is followed.
    pub cutoff: f64,
    /// Steps of zeta.
    pub step: f64,
    /// Values of |zeta| where the curve is wanted exactly.
    pub limits: Vec<f64>,
    pub max_points: usize,
}

/// One point of the curve.
#[derive(Debug, Clone)]
pub struct Knot {
    /// Value of the quantity.
    pub value: f64,
    pub zeta: f64,
    /// d zeta / d value.
    pub slope: f64,
    pub place: Place,
    pub beta: Vec<f64>,
    /// The |zeta| that was asked for here, if any.
    pub limit: Option<f64>,
}

/// Why a side of the curve ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Cutoff,
    /// The end of the quantity's range.
    Boundary,
    /// From some value of a correlation on a standard deviation is best at 0, and the deviance rises no more.
    Plateau,
    /// However far it goes, the deviance hardly rises.
    Unbounded,
    /// A lower deviance than that of the estimate was found.
    Lower,
    /// No optimum was found with the quantity held further out.
    Lost,
}

/// A profile.
#[derive(Debug, Clone)]
pub struct Curve {
    /// In ascending order of the value.
    pub knots: Vec<Knot>,
    /// Which of them is the estimate.
    pub estimate: usize,
    pub ends: [End; 2],
    /// Where a lower deviance was found.
    pub lower: Option<Place>,
    pub evaluations: usize,
}

/// A fall of the deviance that is more than rounding.
const FALL: f64 = 1e-6;
/// Decrease that a point of the curve may still promise; it is accounted for to first order.
const TOLERANCE: f64 = 1e-7;
/// How closely, in units of the coordinate, the begin of a plateau is found.
const PLATEAU: f64 = 1e-3;
/// Share of the cutoff at which a side is long enough.
const NEARLY: f64 = 0.97;
/// Zeta may miss a limit by this much before the last step, which squares it.
const MISS: f64 = 1e-5;

/// Follow one quantity from the optimum `place`. Without a `quantity` it is the chart's held coordinate.
pub fn curve(
    deviance: &mut dyn Deviance,
    chart: &Chart,
    curvature: &Curvature,
    place: &Place,
    quantity: Option<Quantity>,
    walk: &Walk,
) -> Result<Curve, EngineError> {
    let x = chart.coordinates(place);
    let mut lengths = chart.fallback_lengths(&x, &curvature.spread);
    for (length, unit) in lengths[chart.elements()..].iter_mut().zip(curvature.units_of_others(place.others.len())) {
        *length = unit;
    }
    let mut held = Held::new(deviance, chart, curvature.clone(), quantity, lengths);
    held.rescale(place)?;
    let x = held.scaled(place);
    let start = held.full(&x)?.ok_or(EngineError::NotFinite)?;
    let value = held.quantity_at(&x).ok_or(EngineError::NotFinite)?;
    held.hold(&start, &x, value);
    let start = held.full(&x)?.ok_or(EngineError::NotFinite)?;
    let response = held.response(&start);
    let mut walker = Walker {
        bounds: if held.quantity.is_some() { (f64::NEG_INFINITY, f64::INFINITY) } else { chart.bounds() },
        least: start.slope.value,
        curvature: held.curvature.clone(),
        held,
        walk,
        lower: None,
    };
    let first = Stop { value, zeta: 0.0, slope: (0.5 * response.bend.max(0.0)).sqrt(), full: start, response };
    let (down, low) = walker.side(&first, -1.0)?;
    let (up, high) = walker.side(&first, 1.0)?;
    let estimate = down.len();
    let mut knots: Vec<Knot> = down.into_iter().rev().collect();
    knots.push(first.knot(None));
    knots.extend(up);
    let evaluations = walker.held.evaluations;
    Ok(Curve { knots, estimate, ends: [low, high], lower: walker.lower, evaluations })
}

/// A point of the curve with all that the next step needs.
#[derive(Clone)]
struct Stop {
    value: f64,
    zeta: f64,
    slope: f64,
    full: Full,
    response: Response,
}

impl Stop {
    fn knot(&self, limit: Option<f64>) -> Knot {
        Knot {
            value: self.value,
            zeta: self.zeta,
            slope: self.slope,
            place: self.full.place.clone(),
            beta: self.full.slope.beta.clone(),
            limit,
        }
    }
}

struct Walker<'a, 'q> {
    held: Held<'a, 'q>,
    walk: &'a Walk,
    bounds: (f64, f64),
    /// Deviance of the estimate.
    least: f64,
    /// Curvature at the estimate.
    curvature: Curvature,
    lower: Option<Place>,
}

impl Walker<'_, '_> {
    /// One side: knots in order of their distance from the estimate.
    fn side(&mut self, first: &Stop, sign: f64) -> Result<(Vec<Knot>, End), EngineError> {
        self.held.curvature = self.curvature.clone();
        self.held.current = Some(first.full.clone());
        let bound = if sign < 0.0 { self.bounds.0 } else { self.bounds.1 };
        let (mut here, mut before): (Stop, Option<Stop>) = (first.clone(), None);
        let mut knots = Vec::new();
        let mut wanted: Vec<f64> = self.walk.limits.clone();
        wanted.sort_by(f64::total_cmp);
        let mut shrink = 1.0;
        while knots.len() < self.walk.max_points {
            if sign * (bound - here.value) <= 0.0 {
                return Ok((knots, End::Boundary));
            }
            let mut value = here.value + sign * shrink * self.stride(&here, before.as_ref(), sign);
            let at_bound = sign * (value - bound) >= 0.0;
            if at_bound {
                value = bound;
            }
            let guess = self.predicted(&here, before.as_ref(), value);
            let next = self.stop(&here, guess, value, sign)?;
            let leap = next.as_ref().map_or(f64::INFINITY, |n| sign * (n.zeta - here.zeta));
            if next.as_ref().is_some_and(|n| self.held.chart.beyond(&n.full.x)) {
                if (value - here.value).abs() < PLATEAU * self.unit(&here) {
                    let flat = matches!(self.held.chart.coordinate, Coordinate::Angle { .. });
                    return Ok((knots, if flat { End::Plateau } else { End::Lost }));
                }
                shrink *= 0.25;
                continue;
            }
            // A step across which zeta runs away, or falls back to another valley, is taken again, shorter.
            if (leap > 3.0 * self.walk.step || leap < -0.5 * self.walk.step) && shrink > 1e-4 {
                shrink *=
                    if leap.is_finite() && leap > 0.0 { (1.5 * self.walk.step / leap).clamp(0.05, 0.5) } else { 0.25 };
                continue;
            }
            shrink = (2.0 * shrink).min(1.0);
            let Some(next) = next else { return Ok((knots, End::Lost)) };
            if next.full.slope.value < self.least - FALL {
                self.lower = Some(next.full.place.clone());
                return Ok((knots, End::Lower));
            }
            for &limit in wanted.iter().filter(|&&l| l > sign * here.zeta && l <= sign * next.zeta) {
                if let Some(found) = self.limit(&here, &next, limit, sign)? {
                    knots.push(found.knot(Some(limit)));
                }
            }
            self.held.current = Some(next.full.clone());
            if knots.last().is_none_or(|k: &Knot| k.value != next.value) {
                knots.push(next.knot(None));
            }
            let furthest = wanted.last().copied().unwrap_or(0.0).max(NEARLY * self.walk.cutoff);
            if sign * next.zeta >= furthest {
                return Ok((knots, End::Cutoff));
            }
            if at_bound {
                return Ok((knots, End::Boundary));
            }
            before = Some(here);
            here = next;
        }
        Ok((knots, End::Unbounded))
    }

    /// How far the value goes in one step, from the slope of zeta here and its change since the point before.
    fn stride(&self, here: &Stop, before: Option<&Stop>, sign: f64) -> f64 {
        let left = self.walk.cutoff - sign * here.zeta;
        let step = if left < 1.5 * self.walk.step { left } else { self.walk.step };
        let unit = 1.0 / self.unit(here);
        // Where zeta is all but flat in the value, the coordinate's own length says how far to go.
        let per = 1.0 / (here.slope).max(0.05 * unit);
        let Some(before) = before else { return step * per };
        let (dz, dv) = ((here.zeta - before.zeta).abs(), (here.value - before.value).abs());
        if dz < 1e-3 * self.walk.step {
            return 2.0 * dv;
        }
        let bend = 2.0 * (per * dz - dv) / (dz * dz);
        (step * per + 0.5 * step * step * bend).clamp(0.4 * step * per, 2.5 * step * per).min(20.0 * dv)
    }

    /// Length of the quantity that changes the deviance by about one.
    fn unit(&self, here: &Stop) -> f64 {
        match &self.held.quantity {
            None => self.held.lengths[self.held.chart.held],
            Some(_) => 1.0 / here.slope.max(1e-300),
        }
    }

    /// Scaled coordinates at a value, along the tangent and the curvature since the point before.
    fn predicted(&self, here: &Stop, before: Option<&Stop>, value: f64) -> Vec<f64> {
        let step = value - here.value;
        let tangent = &here.response.tangent;
        let mut x: Vec<f64> = here.full.x.iter().zip(tangent).map(|(x, t)| x + step * t).collect();
        if let Some(before) = before {
            let back = here.value - before.value;
            let share = (step / back).powi(2).min(4.0);
            for (i, x) in x.iter_mut().enumerate() {
                *x += share * (before.full.x[i] - here.full.x[i] + back * tangent[i]);
            }
        }
        x
    }

    /// The constrained optimum at a value.
    fn stop(&mut self, near: &Stop, guess: Vec<f64>, value: f64, sign: f64) -> Result<Option<Stop>, EngineError> {
        self.held.current = Some(near.full.clone());
        let free = self.held.hold(&near.full, &guess, value);
        let options = Options { max_evaluations: 60, tolerance: TOLERANCE, radius: 2.0 };
        let mut found = minimise(&mut self.held, &free, options)?;
        if found.is_none() {
            // The guess has no value: from the last point instead.
            let free = self.held.hold(&near.full, &near.full.x.clone(), value);
            found = minimise(&mut self.held, &free, options)?;
        }
        let Some(found) = found else { return Ok(None) };
        let Some(full) = self.held.current.take() else { return Ok(None) };
        if found.status != Status::Converged && found.predicted > 1e-6 {
            return Ok(None);
        }
        let response = self.held.response(&full);
        let rise = full.slope.value - found.predicted.clamp(0.0, TOLERANCE) - self.least;
        let zeta = sign * rise.max(0.0).sqrt();
        let slope = if zeta == 0.0 { 0.0 } else { response.slope / (2.0 * zeta) };
        Ok(Some(Stop { value, zeta, slope, full, response }))
    }

    /// The point between two where |zeta| is `limit`: Newton's method with the secant as a safeguard.
    fn limit(&mut self, low: &Stop, high: &Stop, limit: f64, sign: f64) -> Result<Option<Stop>, EngineError> {
        let target = sign * limit;
        let (mut inside, mut outside) = (low.clone(), high.clone());
        let mut found: Option<Stop> = None;
        for _ in 0..30 {
            let near = match &found {
                Some(f) => f.clone(),
                None if (inside.zeta - target).abs() < (outside.zeta - target).abs() => inside.clone(),
                None => outside.clone(),
            };
            if (near.zeta - target).abs() < MISS {
                let mut end = near;
                if end.slope > 0.0 {
                    let step = (target - end.zeta) / end.slope;
                    end.value += step;
                    end.zeta = target;
                }
                return Ok(Some(end));
            }
            let ratio = (target - inside.zeta) / (outside.zeta - inside.zeta);
            let secant = inside.value + ratio * (outside.value - inside.value);
            let value = hermite(&inside, &outside, target)
                .filter(|v| within(*v, inside.value, outside.value))
                .unwrap_or(secant);
            let share = (value - inside.value) / (outside.value - inside.value);
            let guess = between(&inside, &outside, share);
            let Some(next) = self.stop(&near, guess, value, sign)? else { return Ok(found) };
            if sign * (next.zeta - target) < 0.0 {
                inside = next.clone()
            } else {
                outside = next.clone()
            }
            found = Some(next);
        }
        Ok(found)
    }
}

fn within(v: f64, a: f64, b: f64) -> bool {
    v > a.min(b) && v < a.max(b)
}

/// Value where zeta is `target`, by cubic interpolation of the value in zeta.
fn hermite(a: &Stop, b: &Stop, target: f64) -> Option<f64> {
    let h = b.zeta - a.zeta;
    if a.slope <= 0.0 || b.slope <= 0.0 || h == 0.0 {
        return None;
    }
    let t = (target - a.zeta) / h;
    let (ma, mb) = (h / a.slope, h / b.slope);
    let (t2, t3) = (t * t, t * t * t);
    Some(
        (2.0 * t3 - 3.0 * t2 + 1.0) * a.value
            + (t3 - 2.0 * t2 + t) * ma
            + (3.0 * t2 - 2.0 * t3) * b.value
            + (t3 - t2) * mb,
    )
}

/// Coordinates at a share of the way between two points, by cubic interpolation.
fn between(a: &Stop, b: &Stop, t: f64) -> Vec<f64> {
    let h = b.value - a.value;
    let (t2, t3) = (t * t, t * t * t);
    (0..a.full.x.len())
        .map(|i| {
            (2.0 * t3 - 3.0 * t2 + 1.0) * a.full.x[i]
                + (t3 - 2.0 * t2 + t) * h * a.response.tangent[i]
                + (3.0 * t2 - 2.0 * t3) * b.full.x[i]
                + (t3 - t2) * h * b.response.tangent[i]
        })
        .collect()
}
