//! The walk along constrained optima: zeta = +- root of what the deviance has risen by, as a function of the value held, with
//! its exact slope; and the values where it crosses given limits.

use super::chart::Chart;
use super::constrained::{Constrained, Full, Quantity, Response};
use super::point::{Deviance, Point};
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
    /// Evaluations of the deviance after which a side is left where it stands.
    pub max_evaluations: usize,
}

/// One point of the curve.
#[derive(Debug, Clone)]
pub struct Knot {
    /// Value of the quantity.
    pub value: f64,
    pub zeta: f64,
    /// d zeta / d value.
    pub slope: f64,
    pub point: Point,
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
    /// The deviance falls again from here on, to no less than that of the estimate.
    Falls,
    /// A lower deviance than that of the estimate was found.
    Lower,
    /// No optimum was found with the quantity held further out.
    Lost,
    /// The side took more evaluations, or more steps without one, than it may.
    Spent,
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
    pub lower: Option<Point>,
    pub evaluations: usize,
}

impl Curve {
    /// The same curve of the quantity over `unit`.
    pub fn in_units_of(mut self, unit: f64) -> Self {
        for knot in &mut self.knots {
            knot.value /= unit;
            knot.slope *= unit;
        }
        self
    }
}

/// A fall of the deviance that is more than rounding.
const FALL: f64 = 1e-6;
/// Decrease that a point of the curve, or a limit, may still promise; it is accounted for to first order.
const TOLERANCE: f64 = 1e-6;
const CLOSE: f64 = 1e-7;
/// A fall of zeta that is more than rounding.
const SINK: f64 = 1e-5;
/// How close a step that was aimed at a limit comes to it, for the limit to stand in for the point itself.
const AIMED: f64 = 0.15;
/// Fall of the deviance per unit at which a coordinate leaves its zero.
const RELEASE: f64 = 1e-4;
/// Ratio of the slopes of zeta at two points beyond which there should be one more between them.
const BENDS: f64 = 1.35;
/// How often a coordinate may be pinned at zero and released, on one side.
const SWITCHES: usize = 6;
/// How closely, in units of the coordinate, the begin of a plateau is found.
const PLATEAU: f64 = 1e-3;
/// Steps for each point that a side may have, taken or not.
const TRIES: usize = 20;
/// Share of the cutoff at which a side is long enough.
const NEARLY: f64 = 0.97;
/// Share of a step of zeta below which the curve is all but flat, and steps double.
const LEVEL: f64 = 0.1;
/// So many units away from the estimate, and past 0, a curve that is level has no end.
const RUNAWAY: f64 = 256.0;
/// Zeta may miss a limit by this much before cubic interpolation, whose error goes with the square.
const MISS: f64 = 1e-3;

/// Follow one quantity from the optimum `point`. Without a `quantity` it is the chart's held coordinate.
pub fn curve(
    deviance: &mut dyn Deviance,
    chart: &Chart,
    curvature: &Curvature,
    point: &Point,
    quantity: Option<Quantity>,
    walk: &Walk,
) -> Result<Curve, EngineError> {
    let x = chart.coordinates(point);
    let mut lengths = chart.fallback_lengths(&x, &curvature.spread);
    for (length, unit) in lengths[chart.elements()..].iter_mut().zip(curvature.units_of_others(point.others.len())) {
        *length = unit;
    }
    let mut constrained = Constrained::new(deviance, chart, curvature.clone(), quantity, lengths);
    let start = constrained.begin(point)?;
    let value = constrained.value;
    let response = constrained.response(&start);
    let mut walker = Walker {
        bounds: if constrained.quantity.is_some() { (f64::NEG_INFINITY, f64::INFINITY) } else { chart.bounds() },
        least: start.slope.value,
        curvature: constrained.curvature.clone(),
        constrained,
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
    let evaluations = walker.constrained.evaluations;
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
            point: self.full.point.clone(),
            beta: self.full.slope.beta.clone(),
            limit,
        }
    }
}

/// Where the walk along one side stands.
struct Side {
    sign: f64,
    /// The end of the quantity's range.
    bound: f64,
    /// Value of the estimate.
    from: f64,
    /// Limits still to come, ascending, and the |zeta| at which the side is long enough.
    wanted: Vec<f64>,
    furthest: f64,
    here: Stop,
    before: Option<Stop>,
    knots: Vec<Knot>,
    /// Share of the step that is taken.
    shrink: f64,
    /// How often a coordinate was pinned or released.
    switches: usize,
}

impl Side {
    fn new(first: &Stop, sign: f64, bound: f64, walk: &Walk) -> Self {
        let mut wanted = walk.limits.clone();
        wanted.sort_by(f64::total_cmp);
        let furthest = wanted.last().copied().unwrap_or(0.0).max(NEARLY * walk.cutoff);
        let (here, before, knots) = (first.clone(), None, Vec::new());
        Self { sign, bound, from: first.value, wanted, furthest, here, before, knots, shrink: 1.0, switches: 0 }
    }

    fn is_long_enough(&self, next: &Stop) -> bool {
        let last = self.knots.last().map_or(0.0, |k| self.sign * k.zeta);
        self.wanted.is_empty() && (self.sign * next.zeta).max(last) >= self.furthest
    }
}

struct Walker<'a, 'q> {
    constrained: Constrained<'a, 'q>,
    walk: &'a Walk,
    bounds: (f64, f64),
    /// Deviance of the estimate.
    least: f64,
    /// Curvature at the estimate.
    curvature: Curvature,
    lower: Option<Point>,
}

impl Walker<'_, '_> {
    /// One side: knots in order of their distance from the estimate.
    fn side(&mut self, first: &Stop, sign: f64) -> Result<(Vec<Knot>, End), EngineError> {
        self.constrained.curvature = self.curvature.clone();
        self.constrained.current = Some(first.full.clone());
        self.constrained.pinned = None;
        let bound = if sign < 0.0 { self.bounds.0 } else { self.bounds.1 };
        let mut side = Side::new(first, sign, bound, self.walk);
        let begun = self.constrained.evaluations;
        let mut tries = 0;
        while side.knots.len() < self.walk.max_points {
            tries += 1;
            let evaluations = self.constrained.evaluations - begun;
            if evaluations > self.walk.max_evaluations || tries > TRIES * self.walk.max_points {
                return Ok((side.knots, End::Spent));
            }
            if let Some(end) = self.step(&mut side)? {
                return Ok((side.knots, end));
            }
        }
        Ok((side.knots, End::Unbounded))
    }

    /// One step of a side, taken or found too long; why the side ends, if it does.
    fn step(&mut self, side: &mut Side) -> Result<Option<End>, EngineError> {
        let sign = side.sign;
        if sign * (side.bound - side.here.value) <= 0.0 {
            return Ok(Some(End::Boundary));
        }
        if self.runs_away(side) {
            return Ok(Some(End::Unbounded));
        }
        let (value, at_bound) = self.aim(side);
        let guess = self.predicted(&side.here, side.before.as_ref(), value);
        let next = self.stop(&side.here, guess, value, sign, TOLERANCE)?;
        let (next, leap) = match self.judged(side, next, value) {
            Verdict::Taken(next, leap) => (*next, leap),
            Verdict::Again => return Ok(None),
            Verdict::Over(end) => return Ok(Some(end)),
        };
        let (next, stands) = self.limits(side, next, leap > 2.0 * AIMED && !at_bound)?;
        self.constrained.current = Some(next.full.clone());
        self.fill(&side.here, &next, sign, &mut side.knots)?;
        if !stands && side.knots.last().is_none_or(|k: &Knot| k.value != next.value) {
            side.knots.push(next.knot(None));
        }
        if side.is_long_enough(&next) {
            return Ok(Some(End::Cutoff));
        }
        if at_bound {
            return Ok(Some(End::Boundary));
        }
        side.before = Some(std::mem::replace(&mut side.here, next));
        Ok(None)
    }

    /// Whether the curve is level although it was followed as far as can be: an estimate that is infinite itself may lie far
    /// from 0, near which its curve rises.
    fn runs_away(&self, side: &Side) -> bool {
        let (way, here) = ((side.here.value - side.from).abs(), &side.here);
        way > RUNAWAY * self.unit(here) + 2.0 * side.from.abs()
            && side.before.as_ref().is_some_and(|before| self.is_level(here, before))
    }

    /// Whether zeta all but stood still over the last step.
    fn is_level(&self, here: &Stop, before: &Stop) -> bool {
        (here.zeta - before.zeta).abs() < LEVEL * self.walk.step && here.slope < 0.05 / self.unit(here)
    }

    /// The value to go to next, and whether it is the end of the quantity's range.
    fn aim(&self, side: &Side) -> (f64, bool) {
        let (here, sign) = (&side.here, side.sign);
        let goal = side.wanted.first().copied().unwrap_or(side.furthest.max(self.walk.cutoff));
        let stride = self.stride(here, side.before.as_ref(), goal - sign * here.zeta);
        let value = here.value + sign * side.shrink * stride;
        if sign * (value - side.bound) >= 0.0 { (side.bound, true) } else { (value, false) }
    }

    /// What becomes of a step to `value`, which led to `next`.
    fn judged(&mut self, side: &mut Side, next: Option<Stop>, value: f64) -> Verdict {
        if let Some(lower) = next.as_ref().filter(|n| n.full.slope.value < self.least - FALL) {
            self.lower = Some(lower.full.point.clone());
            return Verdict::Over(End::Lower);
        }
        match self.turn(&side.here, next.as_ref(), value) {
            Turn::None => {}
            _ if side.switches == SWITCHES => return Verdict::Over(End::Lost),
            Turn::Plateau => return Verdict::Over(End::Plateau),
            Turn::Shorter => {
                side.shrink *= 0.25;
                return Verdict::Again;
            }
            Turn::Switched => {
                (side.shrink, side.before, side.switches) = (1.0, None, side.switches + 1);
                return Verdict::Again;
            }
        }
        let leap = next.as_ref().map_or(f64::INFINITY, |n| side.sign * (n.zeta - side.here.zeta));
        if let Some(share) = self.shortened(&side.here, next.as_ref(), leap).filter(|_| side.shrink > 1e-3) {
            side.shrink *= share;
            return Verdict::Again;
        }
        side.shrink = (2.0 * side.shrink).min(1.0);
        let Some(mut next) = next else { return Verdict::Over(End::Lost) };
        if leap < -SINK && sinks(&side.here, &next) {
            return Verdict::Over(End::Falls);
        }
        // What is left is rounding.
        next.zeta = side.sign * (side.sign * next.zeta).max(side.sign * side.here.zeta);
        Verdict::Taken(Box::new(next), leap)
    }

    /// A step across which zeta runs away, or falls back to another valley, is taken again, shorter: by this share.
    fn shortened(&self, here: &Stop, next: Option<&Stop>, leap: f64) -> Option<f64> {
        if leap > 3.0 * self.walk.step || leap < -SINK && next.is_none_or(|n| sinks(here, n)) {
            let runs = leap.is_finite() && leap > 0.0;
            return Some(if runs { (1.5 * self.walk.step / leap).clamp(0.05, 0.5) } else { 0.25 });
        }
        next.is_some_and(|n| self.jumps(here, n)).then_some(0.4)
    }

    /// Knots at the limits that a step passes, or was `aimable` at; whether one of them stands in for the step's own end, and
    /// where that then is.
    fn limits(&mut self, side: &mut Side, mut next: Stop, aimable: bool) -> Result<(Stop, bool), EngineError> {
        let (sign, mut stands) = (side.sign, false);
        while let Some(limit) = side.wanted.first().copied() {
            let aimed = (sign * next.zeta - limit).abs() < AIMED && aimable;
            if !aimed && sign * next.zeta < limit {
                break;
            }
            side.wanted.remove(0);
            if let Some((found, near)) = self.limit(&side.here, &next, limit, sign)? {
                side.knots.push(found.knot(Some(limit)));
                if aimed {
                    (stands, next) = (true, near);
                }
            }
        }
        Ok((next, stands))
    }

    /// A point half way where zeta bends so much that cubic interpolation between the two would miss it.
    fn fill(&mut self, here: &Stop, next: &Stop, sign: f64, knots: &mut Vec<Knot>) -> Result<(), EngineError> {
        let ratio = next.slope / here.slope;
        if (1.0 / BENDS..BENDS).contains(&ratio) || ratio.is_nan() || ratio <= 0.0 || here.zeta == next.zeta {
            return Ok(());
        }
        let middle = 0.5 * (here.value + next.value);
        let cubic = between(here, next, 0.5);
        let straight = here.full.x.iter().zip(&next.full.x).map(|(a, b)| 0.5 * (a + b)).collect();
        let found = match self.stop(here, cubic, middle, sign, TOLERANCE)? {
            None => self.stop(here, straight, middle, sign, TOLERANCE)?,
            found => found,
        };
        let Some(found) = found else { return Ok(()) };
        if within(found.zeta, here.zeta, next.zeta) && !self.constrained.chart.beyond(&found.full.x) {
            // A limit may lie on either side.
            let at = knots.iter().rposition(|k| sign * k.value < sign * middle).map_or(0, |m| m + 1);
            knots.insert(at, found.knot(None));
        }
        self.constrained.current = Some(next.full.clone());
        Ok(())
    }

    /// Whether a step beside a guarded coordinate left the curve for another valley: its slopes are not those of the chord.
    fn jumps(&self, here: &Stop, next: &Stop) -> bool {
        let chord = (next.zeta - here.zeta) / (next.value - here.value);
        let (least, most) = (here.slope.min(next.slope), here.slope.max(next.slope));
        self.constrained.chart.guarded().is_some()
            && here.zeta != 0.0
            && (chord - 0.5 * (least + most)).abs() > 0.1 * most.max(0.2 / self.unit(here))
    }

    /// Whether a step led where the held coordinate means something else, or a coordinate wants to leave its zero.
    fn turn(&mut self, here: &Stop, next: Option<&Stop>, value: f64) -> Turn {
        let Some(next) = next else { return Turn::None };
        if let Some(pinned) = self.constrained.pinned {
            return self.released(pinned, next);
        }
        if !self.constrained.chart.beyond(&next.full.x) {
            return Turn::None;
        }
        self.plateau(here, value)
    }

    /// A coordinate pinned at zero is let go where the deviance falls beside it.
    fn released(&mut self, pinned: usize, next: &Stop) -> Turn {
        if next.full.gradient[pinned] < -RELEASE {
            self.constrained.pinned = None;
            return Turn::Switched;
        }
        Turn::None
    }

    /// Where the held coordinate comes to mean something else: found closely first, then walked along or the end.
    fn plateau(&mut self, here: &Stop, value: f64) -> Turn {
        if (value - here.value).abs() >= PLATEAU * self.unit(here) {
            return Turn::Shorter;
        }
        // A diagonal element of T that has come to zero stays there; the length of a polar row would turn its angle.
        self.constrained.pinned = self.constrained.chart.guarded();
        if self.constrained.pinned.is_some() { Turn::Switched } else { Turn::Plateau }
    }

    /// How far the value goes in one step towards a goal that zeta is `left` away from, by the slope of zeta here and its
    /// change since the point before.
    fn stride(&self, here: &Stop, before: Option<&Stop>, left: f64) -> f64 {
        let step = left / (left / self.walk.step - 0.3).ceil().max(1.0);
        let unit = 1.0 / self.unit(here);
        // Where zeta is all but flat in the value, the coordinate's own length says how far to go.
        let per = 1.0 / (here.slope).max(0.05 * unit);
        let Some(before) = before else { return step * per };
        let (dz, dv) = ((here.zeta - before.zeta).abs(), (here.value - before.value).abs());
        if self.is_level(here, before) {
            return 2.0 * dv;
        }
        // Points as close as a limit and the one beside it say nothing about the change of the slope.
        if dz < 1e-3 * self.walk.step {
            return step * per;
        }
        let bend = 2.0 * (per * dz - dv) / (dz * dz);
        (step * per + 0.5 * step * step * bend).clamp(0.4 * step * per, 2.5 * step * per).min(20.0 * dv)
    }

    /// Length of the quantity that changes the deviance by about one.
    fn unit(&self, here: &Stop) -> f64 {
        match &self.constrained.quantity {
            None => self.constrained.lengths[self.constrained.chart.constrained],
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
    fn stop(
        &mut self,
        near: &Stop,
        guess: Vec<f64>,
        value: f64,
        sign: f64,
        tolerance: f64,
    ) -> Result<Option<Stop>, EngineError> {
        self.constrained.current = Some(near.full.clone());
        let free = self.constrained.hold(&near.full, &guess, value);
        let options = Options { max_evaluations: 60, tolerance, radius: 2.0 };
        let mut found = minimise(&mut self.constrained, &free, options)?;
        if found.is_none() {
            // The guess has no value: from the last point instead.
            let free = self.constrained.hold(&near.full, &near.full.x.clone(), value);
            found = minimise(&mut self.constrained, &free, options)?;
        }
        let Some(found) = found else { return Ok(None) };
        let Some(full) = self.constrained.current.take() else { return Ok(None) };
        if found.status != Status::Converged && found.predicted > 1e-5 {
            return Ok(None);
        }
        let response = self.constrained.response(&full);
        let rise = full.slope.value - found.predicted.clamp(0.0, tolerance) - self.least;
        let zeta = sign * rise.max(0.0).sqrt();
        let slope = if zeta == 0.0 { 0.0 } else { response.slope / (2.0 * zeta) };
        Ok(Some(Stop { value, zeta, slope, full, response }))
    }

    /// The point where |zeta| is `limit`, close to or between two points, and the evaluated point beside it: cubic
    /// interpolation with the secant as a safeguard.
    fn limit(&mut self, low: &Stop, high: &Stop, limit: f64, sign: f64) -> Result<Option<(Stop, Stop)>, EngineError> {
        let target = sign * limit;
        let (mut a, mut b) = (low.clone(), high.clone());
        for _ in 0..30 {
            let (near, far) = if (a.zeta - target).abs() < (b.zeta - target).abs() { (&a, &b) } else { (&b, &a) };
            let (near, far) = (near.clone(), far.clone());
            let ratio = (target - near.zeta) / (far.zeta - near.zeta);
            let straight = near.value + ratio * (far.value - near.value);
            let most = 2.0 * (straight - near.value).abs();
            let value = hermite(&near, &far, target).filter(|v| (v - near.value).abs() <= most).unwrap_or(straight);
            let share = (value - near.value) / (far.value - near.value);
            let guess = between(&near, &far, share);
            if (near.zeta - target).abs() < MISS {
                return Ok(Some((self.moved(&near, &far, guess, value, target), near)));
            }
            let Some(next) = self.stop(&near, guess, value, sign, CLOSE)? else { return Ok(None) };
            if self.constrained.chart.beyond(&next.full.x) {
                return Ok(None);
            }
            // The two that bracket the limit, or the two that are closest to it.
            let across = (next.zeta - target) * (far.zeta - target) < 0.0;
            let bracketed = (near.zeta - target) * (far.zeta - target) < 0.0;
            a = if bracketed && across && (next.zeta - target) * (near.zeta - target) > 0.0 { far } else { near };
            b = next;
        }
        Ok(None)
    }

    /// A point beside an evaluated one, by interpolation.
    fn moved(&self, near: &Stop, far: &Stop, x: Vec<f64>, value: f64, zeta: f64) -> Stop {
        let mut out = near.clone();
        let share = (value - near.value) / (far.value - near.value);
        out.full.point = self.constrained.point(&x);
        out.full.x = x;
        for (own, other) in out.full.slope.beta.iter_mut().zip(&far.full.slope.beta) {
            *own += share * (other - *own);
        }
        out.slope += share * (far.slope - near.slope);
        (out.value, out.zeta) = (value, zeta);
        out
    }
}

fn within(v: f64, a: f64, b: f64) -> bool {
    v > a.min(b) && v < a.max(b)
}

/// What becomes of a step.
enum Verdict {
    /// It is taken: where it led, and by how much zeta grew.
    Taken(Box<Stop>, f64),
    /// It is tried again, from a state that has changed.
    Again,
    Over(End),
}

/// What a step came to.
enum Turn {
    None,
    /// The step must be shorter.
    Shorter,
    /// A coordinate is pinned, or free again.
    Switched,
    Plateau,
}

/// Whether the deviance fell by more than rounding; of a zeta near 0 the square alone is well known.
fn sinks(here: &Stop, next: &Stop) -> bool {
    next.zeta * next.zeta < here.zeta * here.zeta - FALL
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
