//! Borrowing NumPy arrays as the engine's columns.

use mixedmodels_engine::rows::{Codes, Column};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A column from Python: None is a column of ones.
pub(crate) type MaybeColumn<'py> = Option<PyReadonlyArray1<'py, f64>>;

/// Codes of a grouping factor in the width that they came in.
#[derive(FromPyObject)]
pub(crate) enum CodeArray<'py> {
    Byte(PyReadonlyArray1<'py, i8>),
    Short(PyReadonlyArray1<'py, i16>),
    Int(PyReadonlyArray1<'py, i32>),
}

impl CodeArray<'_> {
    pub(crate) fn borrow(&self) -> PyResult<Codes<'_>> {
        Ok(match self {
            Self::Byte(codes) => Codes::Byte(slice(codes)?),
            Self::Short(codes) => Codes::Short(slice(codes)?),
            Self::Int(codes) => Codes::Int(slice(codes)?),
        })
    }
}

/// The array's memory; it must be contiguous.
pub(crate) fn slice<'a, T: numpy::Element>(array: &'a PyReadonlyArray1<'_, T>) -> PyResult<&'a [T]> {
    array.as_slice().map_err(|_| PyValueError::new_err("an array is not contiguous"))
}

pub(crate) fn columns<'a>(arrays: &'a [MaybeColumn<'_>]) -> PyResult<Vec<Column<'a>>> {
    arrays.iter().map(|c| c.as_ref().map_or(Ok(Column::Ones), |a| slice(a).map(Column::Values))).collect()
}

/// A symmetric or row-major square matrix as a fresh k x k array.
pub(crate) fn square<'py>(py: Python<'py>, values: &[f64], k: usize) -> PyResult<Bound<'py, PyArray2<f64>>> {
    PyArray1::from_slice(py, values).reshape([k, k])
}
