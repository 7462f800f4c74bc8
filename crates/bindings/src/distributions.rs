//! Tail probabilities and quantiles over arrays of one length.

use mixedmodels_engine::distributions::{self as engine, Side};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::slice;
use crate::signals::each;

type Values<'py> = Bound<'py, PyArray1<f64>>;

fn side(upper: bool) -> Side {
    if upper { Side::Upper } else { Side::Lower }
}

/// Elementwise in arrays of one length.
fn map<'py, const N: usize>(
    py: Python<'py>,
    arrays: [&PyReadonlyArray1<'_, f64>; N],
    f: impl Fn([f64; N]) -> f64 + Sync,
) -> PyResult<Values<'py>> {
    let mut columns: [&[f64]; N] = [&[]; N];
    for (column, array) in columns.iter_mut().zip(arrays) {
        *column = slice(array)?;
    }
    let n = columns[0].len();
    if columns.iter().any(|c| c.len() != n) {
        return Err(PyValueError::new_err("arrays differ in length"));
    }
    Ok(PyArray1::from_vec(py, each(py, n, |i| f(columns.map(|c| c[i])))?))
}

/// Probability below `z`, or above it, of the standard normal distribution.
///
/// Parameters
/// ----------
/// z : float64 array
/// upper : bool
///
/// Returns
/// -------
/// float64 array
#[pyfunction]
pub(crate) fn normal_tail<'py>(py: Python<'py>, z: PyReadonlyArray1<'_, f64>, upper: bool) -> PyResult<Values<'py>> {
    map(py, [&z], |[z]| engine::normal_tail(z, side(upper)))
}

/// Where the lower tail of the standard normal distribution is `p`.
///
/// Parameters
/// ----------
/// p : float64 array
///
/// Returns
/// -------
/// float64 array
#[pyfunction]
pub(crate) fn normal_quantile<'py>(py: Python<'py>, p: PyReadonlyArray1<'_, f64>) -> PyResult<Values<'py>> {
    map(py, [&p], |[p]| engine::normal_quantile(p))
}

/// Probability below `t`, or above it, of the t distribution.
///
/// Parameters
/// ----------
/// t : float64 array
/// df : float64 array
///     Infinite for the normal distribution.
/// upper : bool
///
/// Returns
/// -------
/// float64 array
#[pyfunction]
pub(crate) fn t_tail<'py>(
    py: Python<'py>,
    t: PyReadonlyArray1<'_, f64>,
    df: PyReadonlyArray1<'_, f64>,
    upper: bool,
) -> PyResult<Values<'py>> {
    map(py, [&t, &df], |[t, df]| engine::t_tail(t, df, side(upper)))
}

/// Where the lower tail of the t distribution is `p`.
///
/// Parameters
/// ----------
/// p : float64 array
/// df : float64 array
///     Infinite for the normal distribution.
///
/// Returns
/// -------
/// float64 array
#[pyfunction]
pub(crate) fn t_quantile<'py>(
    py: Python<'py>,
    p: PyReadonlyArray1<'_, f64>,
    df: PyReadonlyArray1<'_, f64>,
) -> PyResult<Values<'py>> {
    map(py, [&p, &df], |[p, df]| engine::t_quantile(p, df))
}

/// Probability below `f`, or above it, of the F distribution.
///
/// Parameters
/// ----------
/// f : float64 array
/// df1 : float64 array
/// df2 : float64 array
///     Infinite for chi-squared over `df1`.
/// upper : bool
///
/// Returns
/// -------
/// float64 array
#[pyfunction]
pub(crate) fn f_tail<'py>(
    py: Python<'py>,
    f: PyReadonlyArray1<'_, f64>,
    df1: PyReadonlyArray1<'_, f64>,
    df2: PyReadonlyArray1<'_, f64>,
    upper: bool,
) -> PyResult<Values<'py>> {
    map(py, [&f, &df1, &df2], |[f, df1, df2]| engine::f_tail(f, df1, df2, side(upper)))
}

/// Where the lower, or else the upper tail of the F distribution is `p`.
///
/// Parameters
/// ----------
/// p : float64 array
/// df1 : float64 array
/// df2 : float64 array
/// upper : bool
///
/// Returns
/// -------
/// float64 array
#[pyfunction]
pub(crate) fn f_quantile<'py>(
    py: Python<'py>,
    p: PyReadonlyArray1<'_, f64>,
    df1: PyReadonlyArray1<'_, f64>,
    df2: PyReadonlyArray1<'_, f64>,
    upper: bool,
) -> PyResult<Values<'py>> {
    map(py, [&p, &df1, &df2], |[p, df1, df2]| engine::f_quantile(p, df1, df2, side(upper)))
}

/// Probability below `x`, or above it, of the chi-squared distribution.
///
/// Parameters
/// ----------
/// x : float64 array
/// df : float64 array
/// upper : bool
///
/// Returns
/// -------
/// float64 array
#[pyfunction]
pub(crate) fn chi_squared_tail<'py>(
    py: Python<'py>,
    x: PyReadonlyArray1<'_, f64>,
    df: PyReadonlyArray1<'_, f64>,
    upper: bool,
) -> PyResult<Values<'py>> {
    map(py, [&x, &df], |[x, df]| engine::chi_squared_tail(x, df, side(upper)))
}

/// Where the lower, or else the upper tail of the chi-squared distribution is `p`.
///
/// Parameters
/// ----------
/// p : float64 array
/// df : float64 array
/// upper : bool
///
/// Returns
/// -------
/// float64 array
#[pyfunction]
pub(crate) fn chi_squared_quantile<'py>(
    py: Python<'py>,
    p: PyReadonlyArray1<'_, f64>,
    df: PyReadonlyArray1<'_, f64>,
    upper: bool,
) -> PyResult<Values<'py>> {
    map(py, [&p, &df], |[p, df]| engine::chi_squared_quantile(p, df, side(upper)))
}
