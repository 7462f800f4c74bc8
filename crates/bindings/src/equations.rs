//! Henderson's mixed model equations at a given theta.

use std::sync::Arc;

use mixedmodels_engine::effects::equations::{self as engine, Asked, FixedRows, Form, Solved, TermRows};
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{CodeArray, MaybeColumn, columns, slice};
use crate::failure::raise;
use crate::rows::Rows;
use crate::signals::heard;

/// A random term of some rows: the levels, and the columns.
type Term<'py> = Option<(CodeArray<'py>, Vec<MaybeColumn<'py>>)>;
type Parts<'py> = (Vec<Bound<'py, PyArray3<f64>>>, Bound<'py, PyArray2<f64>>);

/// Errors of random and fixed effects together, given theta: Henderson's mixed model equations, eliminated; an
/// immutable handle. V is the covariance of the errors of (b, beta) over sigma^2 (of a generalised model over 1).
///
/// Parameters
/// ----------
/// rows : Rows
///     Of the model, with the weights that the equations are to have; the response does not matter.
/// theta : ndarray
///     Column-major lower triangles of T, term after term.
/// known_beta : bool
///     Leave beta out, as if it were known.
/// form : str or None
///     Of the factorisation of what the largest factor leaves: "dense" or "sparse"; None for what is predicted to cost
///     less.
#[pyclass(frozen)]
pub(crate) struct Equations {
    inner: engine::Equations,
    rows: Arc<Py<Rows>>,
    known_beta: bool,
}

#[pymethods]
impl Equations {
    #[new]
    #[pyo3(signature = (rows, theta, known_beta=false, form=None))]
    fn new(
        py: Python<'_>,
        rows: Py<Rows>,
        theta: PyReadonlyArray1<'_, f64>,
        known_beta: bool,
        form: Option<&str>,
    ) -> PyResult<Self> {
        let form = match form {
            None => Form::Chosen,
            Some("dense") => Form::Dense,
            Some("sparse") => Form::Sparse,
            Some(other) => return Err(PyValueError::new_err(format!("there is no form {other:?}"))),
        };
        let theta = slice(&theta)?;
        let built = borrowed(py, &rows, known_beta, |rows| engine::Equations::new(rows, theta, form))?;
        Ok(Self { inner: built.map_err(raise)?, rows: Arc::new(rows), known_beta })
    }

    /// The equations of the same rows at another theta.
    ///
    /// Parameters
    /// ----------
    /// theta : ndarray
    ///     As for the constructor.
    ///
    /// Returns
    /// -------
    /// Equations
    fn at(&self, py: Python<'_>, theta: PyReadonlyArray1<'_, f64>) -> PyResult<Self> {
        let theta = slice(&theta)?;
        let inner = heard(py, || self.inner.at(theta))?.map_err(raise)?;
        Ok(Self { inner, rows: Arc::clone(&self.rows), known_beta: self.known_beta })
    }

    /// diag([Z X] V [Z X]') of any rows.
    ///
    /// Parameters
    /// ----------
    /// x : ndarray or None
    ///     The model's columns of X, n x p; None for zeros.
    /// random : list of (ndarray, list) or None
    ///     For each random term of the model the codes of the rows' levels (int8, int16 or int32; negative for a level
    ///     that the model does not know, which contributes nothing) and the columns; None for a term that is left out.
    ///
    /// Returns
    /// -------
    /// float64 array
    fn variances<'py>(
        &self,
        py: Python<'py>,
        x: Option<PyReadonlyArray2<'py, f64>>,
        random: Vec<Term<'py>>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let of_terms = random.iter().flatten().map(|(codes, _)| codes.borrow().map(|c| c.len())).next().transpose()?;
        let n = x.as_ref().map(|x| x.shape()[0]).or(of_terms).unwrap_or(0);
        let copied = x.as_ref().filter(|x| !x.is_c_contiguous()).map(|x| x.as_array().iter().copied().collect());
        let flat: Option<Vec<f64>> = copied;
        let x = match (&flat, &x) {
            (Some(values), _) => FixedRows::Matrix(values),
            (None, Some(x)) => FixedRows::Matrix(matrix(x)?),
            (None, None) => FixedRows::Zeros,
        };
        let random = random
            .iter()
            .map(|term| match term {
                Some((codes, z)) => Ok(Some(TermRows { codes: codes.borrow()?, columns: columns(z)? })),
                None => Ok(None),
            })
            .collect::<PyResult<_>>()?;
        let asked = Asked { n, x, random };
        let found = heard(py, || self.inner.variances(&asked))?.map_err(raise)?;
        Ok(PyArray1::from_vec(py, found))
    }

    /// `variances` of the model's own rows.
    ///
    /// Returns
    /// -------
    /// float64 array
    fn own_variances<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let found = self.with_rows(py, |rows| self.inner.variances(&Asked::own(rows)))?.map_err(raise)?;
        Ok(PyArray1::from_vec(py, found))
    }

    /// [Z X] V [Z X]' of m of the model's own rows.
    ///
    /// Parameters
    /// ----------
    /// some : int64 array
    ///     Which rows.
    ///
    /// Returns
    /// -------
    /// float64 array
    ///     m x m.
    fn own_covariances<'py>(
        &self,
        py: Python<'py>,
        some: PyReadonlyArray1<'py, i64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let some: Vec<usize> = slice(&some)?.iter().map(|&row| row as usize).collect();
        let found = self.with_rows(py, |rows| self.inner.covariances(&Asked::own(rows), &some))?.map_err(raise)?;
        PyArray1::from_vec(py, found).reshape([some.len(), some.len()])
    }

    /// W v - W [Z X] V [Z X]'W v for the model's own rows: P v, or V^-1 v where beta is known (V then the rows' own).
    ///
    /// Parameters
    /// ----------
    /// v : ndarray
    ///     n x r.
    ///
    /// Returns
    /// -------
    /// float64 array
    ///     n x r.
    fn project<'py>(&self, py: Python<'py>, v: PyReadonlyArray2<'py, f64>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (values, r) = (matrix(&v)?, v.shape()[1]);
        let found = self.with_rows(py, |rows| self.inner.project(rows, values, r))?.map_err(raise)?;
        PyArray1::from_vec(py, found).reshape([v.shape()[0], r])
    }

    /// How modes and coefficients move with the elements of theta, and with other parameters.
    ///
    /// Parameters
    /// ----------
    /// score : ndarray
    ///     Derivative of each row's log-likelihood in eta (of a linear model W times the residual), length n.
    /// u : list of ndarray
    ///     Modes of each term, levels x k.
    /// changes : ndarray
    ///     What other parameters change of `score` at given u and beta, n x others.
    ///
    /// Returns
    /// -------
    /// (list of float64 array, float64 array)
    ///     Derivatives of b of each term, levels x k x M, and of beta, p x M.
    fn slopes<'py>(
        &self,
        py: Python<'py>,
        score: PyReadonlyArray1<'py, f64>,
        u: Vec<PyReadonlyArray2<'py, f64>>,
        changes: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Parts<'py>> {
        let (score, changed, others) = (slice(&score)?, matrix(&changes)?, changes.shape()[1]);
        let u = u.iter().map(matrix).collect::<PyResult<Vec<_>>>()?;
        let found = self.with_rows(py, |rows| self.inner.slopes(rows, score, &u, changed, others))?.map_err(raise)?;
        let elements: usize = self.inner.shapes().iter().map(|(_, k)| k * (k + 1) / 2).sum();
        self.parts(py, found, elements + others)
    }
}

impl Equations {
    /// Work on the rows with the GIL released.
    fn with_rows<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mixedmodels_engine::rows::Rows) -> R + Send,
    ) -> PyResult<R> {
        borrowed(py, &self.rows, self.known_beta, work)
    }

    fn parts<'py>(&self, py: Python<'py>, found: Solved, r: usize) -> PyResult<Parts<'py>> {
        let of_term =
            |(values, (levels, k)): (Vec<f64>, (usize, usize))| PyArray1::from_vec(py, values).reshape([levels, k, r]);
        let u = found.u.into_iter().zip(self.inner.shapes()).map(of_term).collect::<PyResult<_>>()?;
        Ok((u, PyArray1::from_vec(py, found.beta).reshape([self.inner.p(), r])?))
    }
}

fn borrowed<R: Send>(
    py: Python<'_>,
    rows: &Py<Rows>,
    known_beta: bool,
    work: impl FnOnce(&mixedmodels_engine::rows::Rows) -> R + Send,
) -> PyResult<R> {
    rows.get().borrow(py, |rows, _| {
        let mut rows = rows.clone();
        if known_beta {
            rows.x.clear();
        }
        heard(py, || work(&rows))
    })?
}

/// The memory of a matrix that lies row by row.
fn matrix<'a>(array: &'a PyReadonlyArray2<'_, f64>) -> PyResult<&'a [f64]> {
    array.as_slice().ok().filter(|_| array.is_c_contiguous()).ok_or_else(not_contiguous)
}

fn not_contiguous() -> PyErr {
    PyValueError::new_err("an array is not contiguous")
}
