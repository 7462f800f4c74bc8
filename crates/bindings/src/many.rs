//! Many responses of one design: run in the background of Ctrl-C, and lay the fits out as arrays.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mixedmodels_engine::error::EngineError;
use mixedmodels_engine::lmm::{Lmm, ManyFit, ManyResult, Wanted};
use mixedmodels_engine::optimize::Status;
use mixedmodels_engine::rows::Rows;
use numpy::{PyArray1, PyArrayMethods};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

use crate::results::LmmOptima;
use crate::signals::heard_all;

/// How often the user's function is called.
const LOOK: Duration = Duration::from_millis(100);

const FAILED: i8 = 3;
const NOT_REACHED: i8 = 4;

type Fits = Result<Vec<ManyResult>, EngineError>;

/// Fit them; the second value says whether Ctrl-C was pressed on the way.
pub(crate) fn run(
    py: Python<'_>,
    model: &Lmm,
    rows: &Rows,
    columns: &[&[f64]],
    wanted: Wanted,
    watch: Option<Py<PyAny>>,
) -> PyResult<(Fits, bool)> {
    let failure: Mutex<Option<PyErr>> = Mutex::new(None);
    let asked = Mutex::new(Instant::now());
    let go_on = |done: usize| {
        let Some(watch) = &watch else { return true };
        // One worker at a time speaks; the others go on.
        let Ok(mut asked) = asked.try_lock() else { return true };
        if asked.elapsed() < LOOK {
            return true;
        }
        *asked = Instant::now();
        let answer = Python::attach(|py| watch.call1(py, (done,)).map(|_| ()));
        answer.map_err(|error| *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error)).is_ok()
    };
    // What was done before Ctrl-C is not lost: the caller is told instead.
    let (found, pressed) = heard_all(py, || model.fit_many(rows, columns, wanted, &go_on))?;
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let interrupted = pressed.is_some();
    match pressed {
        // What another handler raises is the user's own.
        Some(error) if !error.is_instance_of::<PyKeyboardInterrupt>(py) => Err(error),
        _ => Ok((found.unwrap_or(Err(EngineError::Interrupted)), interrupted)),
    }
}

/// Arrays with a row a response.
pub(crate) fn report<'py>(
    py: Python<'py>,
    found: Vec<ManyResult>,
    (m, p): (usize, usize),
    df: bool,
    interrupted: bool,
) -> PyResult<LmmOptima<'py>> {
    let count = found.len();
    let numbers = |width: usize, of: &dyn Fn(&ManyFit) -> &[f64]| {
        let mut values = Vec::with_capacity(count * width);
        for fit in &found {
            match fit {
                Some(Ok(fit)) => values.extend_from_slice(of(fit)),
                _ => values.extend(std::iter::repeat_n(f64::NAN, width)),
            }
        }
        PyArray1::from_vec(py, values)
    };
    let status = |fit: &ManyResult| match fit {
        Some(Ok(fit)) => match fit.status {
            Status::Converged => 0,
            Status::MaxEvaluations => 1,
            Status::Stalled => 2,
        },
        Some(Err(_)) => FAILED,
        None => NOT_REACHED,
    };
    let fitted = |fit: &ManyResult| fit.as_ref().and_then(|f| f.as_ref().ok()).map(|f| (f.holds, f.evaluations));
    let width = if df { p } else { 0 };
    let failed = |(i, fit): (usize, &ManyResult)| match fit {
        Some(Err(error)) => Some((i, error.to_string())),
        _ => None,
    };
    Ok(LmmOptima {
        py,
        theta: numbers(m, &|f| &f.theta).reshape([count, m])?,
        beta: numbers(p, &|f| &f.beta).reshape([count, p])?,
        sigma: numbers(1, &|f| std::slice::from_ref(&f.sigma)),
        criterion: numbers(1, &|f| std::slice::from_ref(&f.criterion)),
        pwrss: numbers(1, &|f| std::slice::from_ref(&f.pwrss)),
        vcov_unscaled: numbers(p * p, &|f| &f.vcov_unscaled).reshape([count, p, p])?,
        df: numbers(width, &|f| &f.df).reshape([count, width])?,
        converged: PyArray1::from_iter(py, found.iter().map(|f| fitted(f).is_some_and(|f| f.0))),
        evaluations: PyArray1::from_iter(py, found.iter().map(|f| fitted(f).map_or(0, |f| f.1 as i64))),
        status: PyArray1::from_iter(py, found.iter().map(status)),
        messages: found.iter().enumerate().filter_map(failed).collect(),
        interrupted,
    })
}
