//! Profile likelihoods of linear and generalised mixed models.

use std::sync::Mutex;

use mixedmodels_engine::error::EngineError;
use mixedmodels_engine::profile::{
    Chart, Coordinate, Curvature, Curve, Deviance, End, Point, Slope, Walk, curve, in_parallel,
};
use mixedmodels_engine::{glmm, lmm, stop};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::arrays::slice;
use crate::failure::raise;
use crate::results::{ProfileCurve, watched};

/// What is to be profiled, and how: kind ("sd", "cor", "theta", "other" or "derived"), three places, and the function of a
/// derived quantity.
pub(crate) type Wish = (String, usize, usize, usize, Option<Py<PyAny>>);

/// Settings of a walk.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct How {
    cutoff: f64,
    step: f64,
    limits: Vec<f64>,
    max_points: usize,
    max_evaluations: usize,
}

impl How {
    fn walk(&self) -> Walk {
        Walk {
            cutoff: self.cutoff,
            step: self.step,
            limits: self.limits.clone(),
            max_points: self.max_points,
            max_evaluations: self.max_evaluations,
        }
    }
}

fn coordinate(wish: &Wish, relative: bool) -> Coordinate {
    match wish.0.as_str() {
        "sd" => Coordinate::Sd { term: wish.1, effect: wish.2 },
        "cor" => Coordinate::Angle { term: wish.1, first: wish.2, second: wish.3 },
        "theta" if relative => Coordinate::Relative { theta: wish.1 },
        "theta" => Coordinate::Absolute { theta: wish.1 },
        _ => Coordinate::Other(wish.1),
    }
}

/// A deviance that tells the user's function.
struct Watched<'a, 'w> {
    inner: &'a mut (dyn Deviance + Send),
    look: &'a mut (dyn FnMut(usize, f64) -> bool + Send + 'w),
    count: usize,
}

impl Deviance for Watched<'_, '_> {
    fn evaluate(&mut self, at: &Point) -> Result<Option<Slope>, EngineError> {
        self.count += 1;
        let found = self.inner.evaluate(at)?;
        let value = found.as_ref().map_or(f64::NAN, |s| s.value);
        if (self.look)(self.count, value) { Ok(found) } else { Err(EngineError::Interrupted) }
    }
}

/// Profiles of a linear mixed model from its optimum (the deviance's, or with `reml` the restricted likelihood's).
#[allow(clippy::too_many_arguments)]
pub(crate) fn of_lmm<'py>(
    py: Python<'py>,
    model: &lmm::Lmm,
    theta: &PyReadonlyArray1<'py, f64>,
    sigma: f64,
    beta: &PyReadonlyArray1<'py, f64>,
    rows: &PyReadonlyArray2<'py, f64>,
    wishes: Vec<Wish>,
    how: How,
    reml: bool,
    watch: Option<Py<PyAny>>,
) -> PyResult<Vec<ProfileCurve<'py>>> {
    let (theta, beta, walk) = (slice(theta)?, slice(beta)?, how.walk());
    let rows: Vec<Vec<f64>> = rows.as_array().rows().into_iter().map(|r| r.to_vec()).collect();
    let sizes: Vec<usize> = model.terms().iter().map(|t| t.1).collect();
    let held: Vec<f64> = rows.iter().map(|r| r.iter().zip(beta).map(|(a, b)| a * b).sum()).collect();
    let curves = watched(py, watch, |look| -> Result<Vec<Curve>, EngineError> {
        let point = model.profile_point(theta, sigma, &held);
        let mut whole = lmm::Absolute::new(model, reml, &rows)?;
        whole.evaluate(&point)?;
        let spread = whole.spread(sigma);
        // log sigma is the first of the others, unless sigma is known.
        let free = usize::from(model.sigma().is_none());
        let mut others = vec![1.0; free];
        others.extend(whole.errors(sigma));
        let mut deviance = Watched { inner: &mut whole, look, count: 0 };
        let curvature = Curvature::at(&mut deviance, &point, &spread, &others)?;
        let look = Mutex::new(look);
        in_parallel(wishes.len(), |index| {
            let wish = &wishes[index];
            let chosen = match coordinate(wish, free == 1) {
                // Of a derived quantity any coordinate will do, and log sigma may be none.
                Coordinate::Other(_) if wish.4.is_some() && free == 0 => Coordinate::Absolute { theta: 0 },
                other => other,
            };
            // Fixed effects that are not held are at their optimum, and no coordinates.
            let kept: Vec<usize> = match (wish.0.as_str(), chosen) {
                ("derived", _) => (0..free + rows.len()).collect(),
                (_, Coordinate::Other(i)) if i > 0 => (0..free).chain([i - 1 + free]).collect(),
                _ => (0..free).collect(),
            };
            let own: Vec<Vec<f64>> = kept[free..].iter().map(|&i| rows[i - free].clone()).collect();
            let chosen = match chosen {
                Coordinate::Other(i) if i > 0 => Coordinate::Other(free),
                other => other,
            };
            let from = Point { roots: point.roots.clone(), others: kept.iter().map(|&i| point.others[i]).collect() };
            let mut own = lmm::Absolute::new(model, reml, &own)?;
            let mut ask = |count: usize, value: f64| (look.lock().unwrap_or_else(|e| e.into_inner()))(count, value);
            let mut deviance = Watched { inner: &mut own, look: &mut ask, count: 0 };
            let chart = Chart::new(&sizes, kept.len(), chosen);
            let curvature = curvature.keeping(&kept);
            let found = one(&mut deviance, &chart, &curvature, &from, wish, &walk, model.sigma())?;
            Ok(match (wish.0.as_str(), model.sigma()) {
                ("theta", Some(sigma)) => found.in_units_of(sigma),
                _ => found,
            })
        })
    })?;
    curves.map_err(raise)?.into_iter().map(|curve| report(py, curve, model.sigma())).collect()
}

/// Profiles of a generalised linear mixed model; `errors` are of beta and psi.
#[allow(clippy::too_many_arguments)]
pub(crate) fn of_glmm<'py>(
    py: Python<'py>,
    model: &glmm::Glmm,
    at: glmm::Parameter,
    criterion: glmm::How,
    errors: &PyReadonlyArray1<'py, f64>,
    wishes: Vec<Wish>,
    how: How,
    watch: Option<Py<PyAny>>,
) -> PyResult<Vec<ProfileCurve<'py>>> {
    let (errors, walk) = (slice(errors)?, how.walk());
    let sizes: Vec<usize> = model.terms().iter().map(|t| t.1).collect();
    let curves = watched(py, watch, |look| -> Result<Vec<Curve>, EngineError> {
        let point = model.profile_point(&at.theta, &at.beta, &at.psi);
        let mut whole = glmm::Absolute::new(model, criterion)?;
        whole.evaluate(&point)?.ok_or(EngineError::NoMode)?;
        let spread = whole.spread();
        let mut deviance = Watched { inner: &mut whole, look, count: 0 };
        let curvature = Curvature::at(&mut deviance, &point, &spread, errors)?;
        let mut out = Vec::with_capacity(wishes.len());
        for wish in &wishes {
            let chart = Chart::new(&sizes, point.others.len(), coordinate(wish, false));
            out.push(one(&mut deviance, &chart, &curvature, &point, wish, &walk, None)?);
        }
        Ok(out)
    })?;
    curves.map_err(raise)?.into_iter().map(|curve| report(py, curve, None)).collect()
}

/// The others of a point as Python reads them: log sigma first, where it is known too.
fn with_sigma(others: &[f64], sigma: Option<f64>) -> Vec<f64> {
    sigma.map(f64::ln).into_iter().chain(others.iter().copied()).collect()
}

fn one(
    deviance: &mut dyn Deviance,
    chart: &Chart,
    curvature: &Curvature,
    point: &Point,
    wish: &Wish,
    walk: &Walk,
    sigma: Option<f64>,
) -> Result<Curve, EngineError> {
    let Some(function) = &wish.4 else { return curve(deviance, chart, curvature, point, None, walk) };
    let mut quantity = |at: &Point| -> Option<f64> {
        Python::attach(|py| {
            let roots: Vec<_> = at.roots.iter().map(|r| PyArray1::from_slice(py, r)).collect();
            let others = PyArray1::from_vec(py, with_sigma(&at.others, sigma));
            let value = function.call1(py, (roots, others)).and_then(|v| v.extract::<f64>(py));
            // A point where the function fails has no value; Ctrl-C in it ends the walk.
            value
                .map_err(|error| {
                    if !error.is_instance_of::<PyException>(py) {
                        stop::now()
                    }
                })
                .ok()
        })
    };
    curve(deviance, chart, curvature, point, Some(&mut quantity), walk)
}

fn report(py: Python<'_>, curve: Curve, sigma: Option<f64>) -> PyResult<ProfileCurve<'_>> {
    let knots = &curve.knots;
    let number = |f: fn(&mixedmodels_engine::profile::Knot) -> f64| PyArray1::from_iter(py, knots.iter().map(f));
    let rows = knots.len();
    let table = |width: usize, cells: Vec<f64>| PyArray1::from_vec(py, cells).reshape([rows, width]);
    let first = &knots[curve.estimate];
    let roots = |term: usize| {
        let cells = knots.iter().flat_map(|k| k.point.roots[term].iter().copied()).collect();
        table(first.point.roots[term].len(), cells)
    };
    let end = |end: End| match end {
        End::Cutoff => "cutoff",
        End::Boundary => "boundary",
        End::Plateau => "plateau",
        End::Unbounded => "unbounded",
        End::Falls => "falls",
        End::Lower => "lower",
        End::Lost => "lost",
        End::Spent => "spent",
    };
    let lower = |point: &Point| {
        let roots = point.roots.iter().map(|r| PyArray1::from_slice(py, r)).collect();
        (roots, PyArray1::from_vec(py, with_sigma(&point.others, sigma)))
    };
    let [below, above] = curve.ends;
    Ok(ProfileCurve {
        py,
        value: number(|k| k.value),
        zeta: number(|k| k.zeta),
        slope: number(|k| k.slope),
        limit: number(|k| k.limit.unwrap_or(f64::NAN)),
        roots: (0..first.point.roots.len()).map(roots).collect::<PyResult<_>>()?,
        others: table(
            with_sigma(&first.point.others, sigma).len(),
            knots.iter().flat_map(|k| with_sigma(&k.point.others, sigma)).collect(),
        )?,
        beta: table(first.beta.len(), knots.iter().flat_map(|k| k.beta.clone()).collect())?,
        estimate: curve.estimate,
        ends: (end(below), end(above)),
        lower: curve.lower.as_ref().map(lower),
        evaluations: curve.evaluations,
    })
}
