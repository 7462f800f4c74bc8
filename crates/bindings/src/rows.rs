//! The rows of a mixed model as one object, which borrows its arrays whenever the engine works.

use mixedmodels_engine::glmm::GlmmRows;
use mixedmodels_engine::rows as engine;
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{CodeArray, MaybeColumn, columns, slice};
use crate::failure;
use crate::signals::heard;

type Stored = Py<PyArray1<f64>>;

/// Codes of a grouping factor, kept.
enum StoredCodes {
    Byte(Py<PyArray1<i8>>),
    Short(Py<PyArray1<i16>>),
    Int(Py<PyArray1<i32>>),
}

/// The rows of a mixed model: arrays that are kept, not copied, so that nobody may write into them.
///
/// Parameters
/// ----------
/// y : ndarray
///     Response, float64 of length n: of a linear model with the offset subtracted, of a generalised one as the family
///     sees it (a proportion for a binomial one).
/// x : list of ndarray or None
///     Columns of X (full column rank), float64 of length n; None is a column of ones.
/// groups : list of (ndarray, int)
///     Grouping factors: codes of length n (int8, int16 or int32), and the number of levels.
/// terms : list of (int, list)
///     Random-effects terms: index of the grouping factor and the columns, None for ones.
/// weights : ndarray or None
///     Prior weights: precisions, Var(e_i) = sigma^2 / w_i, or the trials of a binomial proportion.
/// offset : ndarray or None
///     Known part of a generalised model's first linear predictor, that of the mean.
/// x_predictor, term_predictor : None or list of int
///     Linear predictor that each column of X and each term belongs to; None is the first.
/// more_offsets : None or list of (ndarray or None)
///     Known parts of the further linear predictors.
#[pyclass(frozen)]
pub(crate) struct Rows {
    y: Stored,
    x: Vec<Option<Stored>>,
    groups: Vec<(StoredCodes, usize)>,
    terms: Vec<(usize, Vec<Option<Stored>>)>,
    weights: Option<Stored>,
    offset: Option<Stored>,
    x_predictor: Option<Vec<usize>>,
    term_predictor: Option<Vec<usize>>,
    more_offsets: Vec<Option<Stored>>,
    #[pyo3(get)]
    n: usize,
}

#[pymethods]
impl Rows {
    #[new]
    #[pyo3(signature = (
        y, x, groups, terms, weights=None, offset=None, x_predictor=None, term_predictor=None, more_offsets=None
    ))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        y: PyReadonlyArray1<'_, f64>,
        x: Vec<MaybeColumn<'_>>,
        groups: Vec<(CodeArray<'_>, usize)>,
        terms: Vec<(usize, Vec<MaybeColumn<'_>>)>,
        weights: MaybeColumn<'_>,
        offset: MaybeColumn<'_>,
        x_predictor: Option<Vec<usize>>,
        term_predictor: Option<Vec<usize>>,
        more_offsets: Option<Vec<MaybeColumn<'_>>>,
    ) -> PyResult<Self> {
        Ok(Self {
            n: slice(&y)?.len(),
            y: kept(y)?,
            x: x.into_iter().map(maybe_kept).collect::<PyResult<_>>()?,
            groups: groups
                .into_iter()
                .map(|(codes, levels)| Ok((kept_codes(codes)?, levels)))
                .collect::<PyResult<_>>()?,
            terms: terms
                .into_iter()
                .map(|(group, z)| Ok((group, z.into_iter().map(maybe_kept).collect::<PyResult<_>>()?)))
                .collect::<PyResult<_>>()?,
            weights: maybe_kept(weights)?,
            offset: maybe_kept(offset)?,
            x_predictor,
            term_predictor,
            more_offsets: more_offsets.unwrap_or_default().into_iter().map(maybe_kept).collect::<PyResult<_>>()?,
        })
    }

    /// The same rows with another response.
    ///
    /// Parameters
    /// ----------
    /// y : ndarray
    ///     Response, float64 of length n.
    ///
    /// Returns
    /// -------
    /// Rows
    fn with_response(&self, py: Python<'_>, y: PyReadonlyArray1<'_, f64>) -> PyResult<Self> {
        let copy = |column: &Option<Stored>| column.as_ref().map(|c| c.clone_ref(py));
        Ok(Self {
            n: slice(&y)?.len(),
            y: kept(y)?,
            x: self.x.iter().map(copy).collect(),
            groups: self.groups.iter().map(|(codes, levels)| (codes.clone_ref(py), *levels)).collect(),
            terms: self.terms.iter().map(|(group, z)| (*group, z.iter().map(copy).collect())).collect(),
            weights: copy(&self.weights),
            offset: copy(&self.offset),
            x_predictor: self.x_predictor.clone(),
            term_predictor: self.term_predictor.clone(),
            more_offsets: self.more_offsets.iter().map(copy).collect(),
        })
    }

    /// What is wrong with the rows themselves: numbers out of scale, a response that is constant, in all rows or within
    /// the levels of a grouping factor.
    ///
    /// Returns
    /// -------
    /// EngineError or None
    fn fault<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = self.borrow(py, |rows, _| heard(py, || mixedmodels_engine::fault::fault(rows)))??;
        Ok(found.map(|fault| failure::of_rows(py, &fault).into_value(py).into_bound(py).into_any()))
    }
}

impl Rows {
    /// Borrow the arrays as the engine's rows, with the offset of each linear predictor, and hand them to `work`.
    pub(crate) fn borrow<R>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&engine::Rows, &[Option<&[f64]>]) -> R,
    ) -> PyResult<R> {
        let y = read(py, &self.y)?;
        let x = self.x.iter().map(|c| maybe_read(py, c)).collect::<PyResult<Vec<_>>>()?;
        let codes = self.groups.iter().map(|(codes, _)| codes.read(py)).collect::<PyResult<Vec<_>>>()?;
        let z = self
            .terms
            .iter()
            .map(|(_, z)| z.iter().map(|c| maybe_read(py, c)).collect::<PyResult<Vec<_>>>())
            .collect::<PyResult<Vec<_>>>()?;
        let weights = maybe_read(py, &self.weights)?;
        let offsets = [&self.offset].into_iter().chain(&self.more_offsets);
        let offsets = offsets.map(|o| maybe_read(py, o)).collect::<PyResult<Vec<_>>>()?;
        let rows = engine::Rows {
            y: slice(&y)?,
            x: columns(&x)?,
            groups: codes
                .iter()
                .zip(&self.groups)
                .map(|(codes, (_, levels))| Ok(engine::Grouping { codes: codes.borrow()?, levels: *levels }))
                .collect::<PyResult<_>>()?,
            terms: z
                .iter()
                .zip(&self.terms)
                .map(|(z, (group, _))| Ok(engine::Term { group: *group, columns: columns(z)? }))
                .collect::<PyResult<_>>()?,
            weights: weights.as_ref().map(slice).transpose()?,
        };
        let offsets = offsets.iter().map(|o| o.as_ref().map(slice).transpose()).collect::<PyResult<Vec<_>>>()?;
        Ok(work(&rows, &offsets))
    }

    /// The same rows as those of a generalised model, each column and term with its linear predictor.
    pub(crate) fn generalised<'a>(&self, rows: &engine::Rows<'a>, offsets: &[Option<&'a [f64]>]) -> GlmmRows<'a> {
        let first = |of: &Option<Vec<usize>>, n: usize| of.clone().unwrap_or_else(|| vec![0; n]);
        GlmmRows {
            x_predictor: first(&self.x_predictor, rows.x.len()),
            term_predictor: first(&self.term_predictor, rows.terms.len()),
            offsets: offsets.to_vec(),
            rows: rows.clone(),
        }
    }
}

impl Rows {
    /// The same with the GIL released.
    pub(crate) fn work<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&engine::Rows, &[Option<&[f64]>]) -> R + Send,
    ) -> PyResult<R> {
        self.borrow(py, |rows, offsets| heard(py, || work(rows, offsets)))?
    }
}

impl StoredCodes {
    fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Byte(codes) => Self::Byte(codes.clone_ref(py)),
            Self::Short(codes) => Self::Short(codes.clone_ref(py)),
            Self::Int(codes) => Self::Int(codes.clone_ref(py)),
        }
    }

    fn read<'py>(&self, py: Python<'py>) -> PyResult<CodeArray<'py>> {
        Ok(match self {
            Self::Byte(codes) => CodeArray::Byte(read(py, codes)?),
            Self::Short(codes) => CodeArray::Short(read(py, codes)?),
            Self::Int(codes) => CodeArray::Int(read(py, codes)?),
        })
    }
}

/// Keep an array that is contiguous.
fn kept<T: numpy::Element>(array: PyReadonlyArray1<'_, T>) -> PyResult<Py<PyArray1<T>>> {
    slice(&array)?;
    Ok((*array).clone().unbind())
}

fn maybe_kept(column: MaybeColumn<'_>) -> PyResult<Option<Stored>> {
    column.map(kept).transpose()
}

fn kept_codes(codes: CodeArray<'_>) -> PyResult<StoredCodes> {
    Ok(match codes {
        CodeArray::Byte(codes) => StoredCodes::Byte(kept(codes)?),
        CodeArray::Short(codes) => StoredCodes::Short(kept(codes)?),
        CodeArray::Int(codes) => StoredCodes::Int(kept(codes)?),
    })
}

fn read<'py, T: numpy::Element>(py: Python<'py>, array: &Py<PyArray1<T>>) -> PyResult<PyReadonlyArray1<'py, T>> {
    array.bind(py).try_readonly().map_err(|_| PyValueError::new_err("an array of the rows is being written"))
}

fn maybe_read<'py>(py: Python<'py>, column: &Option<Stored>) -> PyResult<MaybeColumn<'py>> {
    column.as_ref().map(|c| read(py, c)).transpose()
}
