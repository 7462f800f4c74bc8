//! Linear mixed models.

use mixedmodels_engine::gram::rank;
use mixedmodels_engine::lmm as engine;
use mixedmodels_engine::optimize::Options;
use mixedmodels_engine::rows::{Grouping, Rows, Term};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arrays::{CodeArray, MaybeColumn, columns, raise, slice, square};
use crate::many;
use crate::profile;
use crate::results::{by_term, certificate, plan, watched, way};

pub(crate) type Groups<'py> = Vec<(CodeArray<'py>, usize)>;
pub(crate) type Terms<'py> = Vec<(usize, Vec<MaybeColumn<'py>>)>;

/// Columns of X that R would keep: a column is dropped when earlier ones determine it (relative length 1e-7).
///
/// Parameters
/// ----------
/// x : list of ndarray or None
///     Columns, float64 of length n; None is a column of ones.
/// n : int
///     Rows.
/// weights : ndarray or None
///     Prior weights, float64 of length n.
///
/// Returns
/// -------
/// list of int
///     Positions of the columns kept, ascending.
#[pyfunction]
#[pyo3(signature = (x, n, weights=None))]
pub(crate) fn pivot_columns(
    py: Python<'_>,
    x: Vec<MaybeColumn<'_>>,
    n: usize,
    weights: MaybeColumn<'_>,
) -> PyResult<Vec<usize>> {
    let (x, weights) = (columns(&x)?, weights.as_ref().map(slice).transpose()?);
    Ok(py.detach(|| rank::pivot_columns(&x, n, weights)))
}

/// A linear mixed model reduced to its cross products; an immutable handle.
///
/// Parameters
/// ----------
/// y : ndarray
///     Response, float64 of length n, offset subtracted.
/// x : list of ndarray or None
///     Columns of X (full column rank), float64 of length n; None is a column of ones.
/// groups : list of (ndarray, int)
///     Grouping factors: codes of length n (int8, int16 or int32), and the number of levels.
/// terms : list of (int, list)
///     Random-effects terms: index of the grouping factor and the columns, None for ones.
/// weights : ndarray or None
///     Precision weights: Var(e_i) = sigma^2 / w_i.
/// reml : bool
///     Whether the criterion is REML's.
#[pyclass(frozen)]
pub(crate) struct Lmm {
    model: engine::Lmm,
    #[pyo3(get)]
    n: usize,
    #[pyo3(get)]
    p: usize,
    #[pyo3(get)]
    q: usize,
    #[pyo3(get)]
    n_theta: usize,
    #[pyo3(get)]
    sum_log_weights: f64,
}

impl Lmm {
    fn of(model: engine::Lmm) -> Self {
        let gram = model.gram();
        let (n, p, q, sum_log_weights) = (gram.n, gram.p, gram.q(), gram.sum_log_weights);
        Self { n, p, q, n_theta: model.n_theta(), sum_log_weights, model }
    }

    fn theta<'a>(&self, theta: &'a PyReadonlyArray1<'_, f64>) -> PyResult<&'a [f64]> {
        let values = slice(theta)?;
        if values.len() == self.n_theta && values.iter().all(|v| v.is_finite()) {
            return Ok(values);
        }
        let what = format!("theta must hold {} finite numbers", self.n_theta);
        Err(PyValueError::new_err(what))
    }
}

/// Borrow the arrays of a call as the engine's rows and hand them to `work`.
pub(crate) fn with_rows<R>(
    y: &PyReadonlyArray1<'_, f64>,
    x: &[MaybeColumn<'_>],
    groups: &Groups<'_>,
    terms: &Terms<'_>,
    weights: &MaybeColumn<'_>,
    work: impl FnOnce(&Rows) -> R,
) -> PyResult<R> {
    let rows = Rows {
        y: slice(y)?,
        x: columns(x)?,
        groups: groups
            .iter()
            .map(|(codes, levels)| Ok(Grouping { codes: codes.borrow()?, levels: *levels }))
            .collect::<PyResult<_>>()?,
        terms: terms
            .iter()
            .map(|(group, z)| Ok(Term { group: *group, columns: columns(z)? }))
            .collect::<PyResult<_>>()?,
        weights: weights.as_ref().map(slice).transpose()?,
    };
    Ok(work(&rows))
}

#[pymethods]
impl Lmm {
    #[new]
    #[pyo3(signature = (y, x, groups, terms, weights, reml))]
    fn new(
        py: Python<'_>,
        y: PyReadonlyArray1<'_, f64>,
        x: Vec<MaybeColumn<'_>>,
        groups: Groups<'_>,
        terms: Terms<'_>,
        weights: MaybeColumn<'_>,
        reml: bool,
    ) -> PyResult<Self> {
        let built = with_rows(&y, &x, &groups, &terms, &weights, |rows| py.detach(|| engine::Lmm::new(rows, reml)))?;
        built.map(Self::of).map_err(raise)
    }

    /// The same model with another response.
    ///
    /// Parameters
    /// ----------
    /// y, x, groups, terms, weights
    ///     As given to the constructor, with the new response.
    ///
    /// Returns
    /// -------
    /// Lmm
    #[pyo3(signature = (y, x, groups, terms, weights))]
    fn with_response(
        &self,
        py: Python<'_>,
        y: PyReadonlyArray1<'_, f64>,
        x: Vec<MaybeColumn<'_>>,
        groups: Groups<'_>,
        terms: Terms<'_>,
        weights: MaybeColumn<'_>,
    ) -> PyResult<Self> {
        let built = with_rows(&y, &x, &groups, &terms, &weights, |rows| py.detach(|| self.model.with_response(rows)))?;
        built.map(Self::of).map_err(raise)
    }

    /// ML deviance or REML criterion, profiled over beta and sigma.
    ///
    /// Parameters
    /// ----------
    /// theta : ndarray
    ///     Column-major lower triangles of T, term after term.
    ///
    /// Returns
    /// -------
    /// float
    fn criterion(&self, py: Python<'_>, theta: PyReadonlyArray1<'_, f64>) -> PyResult<f64> {
        let theta = self.theta(&theta)?;
        py.detach(|| self.model.criterion(theta)).map_err(raise)
    }

    /// Criterion, exact gradient, and average information plus curvature.
    ///
    /// Parameters
    /// ----------
    /// theta : ndarray
    ///     As for `criterion`.
    ///
    /// Returns
    /// -------
    /// dict
    ///     criterion (float), gradient (K), hessian (K x K).
    fn evaluate<'py>(&self, py: Python<'py>, theta: PyReadonlyArray1<'py, f64>) -> PyResult<Bound<'py, PyDict>> {
        let theta = self.theta(&theta)?;
        let found = py.detach(|| self.model.evaluate(theta)).map_err(raise)?;
        let out = PyDict::new(py);
        out.set_item("criterion", found.criterion)?;
        out.set_item("gradient", PyArray1::from_vec(py, found.gradient))?;
        out.set_item("hessian", square(py, &found.hessian, self.n_theta)?)?;
        Ok(out)
    }

    /// The optimum.
    ///
    /// Parameters
    /// ----------
    /// start : ndarray or None
    ///     theta to start from.
    /// max_evaluations : int
    /// tolerance : float
    ///     Stop when the criterion promises to fall by less than this.
    /// watch : callable or None
    ///     Called as watch(evaluations, criterion) at every evaluation.
    ///
    /// Returns
    /// -------
    /// dict
    ///     As `at`, with evaluations, trace, status and message.
    #[pyo3(signature = (start=None, max_evaluations=200, tolerance=1e-11, watch=None))]
    fn fit<'py>(
        &self,
        py: Python<'py>,
        start: MaybeColumn<'py>,
        max_evaluations: usize,
        tolerance: f64,
        watch: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let start = start.as_ref().map(|t| self.theta(t)).transpose()?;
        let options = Options { max_evaluations, tolerance, ..Options::default() };
        let found = watched(py, watch, self.n, |look| self.model.fit(start, options, look))?;
        let found = found.map_err(raise)?;
        let out = self.report(py, found.solution)?;
        way(py, &out, &found.trace, found.status)?;
        Ok(out)
    }

    /// The optimum for each of many responses.
    ///
    /// Parameters
    /// ----------
    /// responses : ndarray
    ///     B x n, float64, C-contiguous; the model's own response does not matter.
    /// x, groups, terms, weights
    ///     As given to the constructor.
    /// start : ndarray or None
    ///     theta to start from; None lets every response choose its own.
    /// max_evaluations : int
    ///     As for `fit`.
    /// tolerance : float
    ///     As for `fit`.
    /// df : bool
    ///     Satterthwaite's degrees of freedom of every coefficient too.
    /// watch : callable or None
    ///     Called as watch(responses done) now and then.
    ///
    /// Returns
    /// -------
    /// dict
    ///     One row a response: theta (B x K), beta (B x p), sigma, criterion, pwrss (B), vcov_unscaled (B x p x p), df
    ///     (B x p, or x 0), converged (B, bool), evaluations (B), status (B, int8: 0 converged, 1 evaluations used up,
    ///     2 stalled, 3 failed, 4 not reached because Ctrl-C was pressed); NaN where there is no fit. messages: index of
    ///     a failed response -> why. interrupted: whether Ctrl-C was pressed.
    #[pyo3(signature = (responses, x, groups, terms, weights, start=None, max_evaluations=200, tolerance=1e-11, df=false, watch=None))]
    #[allow(clippy::too_many_arguments)]
    fn fit_many<'py>(
        &self,
        py: Python<'py>,
        responses: PyReadonlyArray2<'py, f64>,
        x: Vec<MaybeColumn<'py>>,
        groups: Groups<'py>,
        terms: Terms<'py>,
        weights: MaybeColumn<'py>,
        start: MaybeColumn<'py>,
        max_evaluations: usize,
        tolerance: f64,
        df: bool,
        watch: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let start = start.as_ref().map(|t| self.theta(t)).transpose()?;
        let options = Options { max_evaluations, tolerance, ..Options::default() };
        let wanted = engine::Wanted { start, options, df };
        let values = responses.as_slice().map_err(|_| PyValueError::new_err("an array is not contiguous"))?;
        if responses.shape()[1] != self.n {
            return Err(PyValueError::new_err(format!(
                "responses must have {} columns, one a row of the table",
                self.n
            )));
        }
        let columns: Vec<&[f64]> = values.chunks_exact(self.n).collect();
        let own = PyArray1::<f64>::zeros(py, self.n, false).readonly();
        let (found, interrupted) = with_rows(&own, &x, &groups, &terms, &weights, |rows| {
            many::run(py, &self.model, rows, &columns, wanted, watch)
        })??;
        many::report(py, found.map_err(raise)?, (self.n_theta, self.p), df, interrupted)
    }

    /// All results at a given theta, without optimising.
    ///
    /// Parameters
    /// ----------
    /// theta : ndarray
    ///     As for `criterion`.
    ///
    /// Returns
    /// -------
    /// dict
    ///     theta, criterion, beta, sigma, pwrss, logdet_u, logdet_x, vcov_unscaled, u and b (lists of levels x k),
    ///     gradient, hessian, certificate.
    fn at<'py>(&self, py: Python<'py>, theta: PyReadonlyArray1<'py, f64>) -> PyResult<Bound<'py, PyDict>> {
        let theta = self.theta(&theta)?;
        let found = py.detach(|| self.model.at(theta)).map_err(raise)?;
        self.report(py, found)
    }

    /// Conditional covariance of the random effects given theta, over sigma^2, for every grouping factor.
    ///
    /// Parameters
    /// ----------
    /// theta : ndarray
    ///     As for `criterion`.
    ///
    /// Returns
    /// -------
    /// list of ndarray
    ///     levels x K x K, K all effects of the factor in the order of its terms.
    fn condvar<'py>(&self, py: Python<'py>, theta: PyReadonlyArray1<'py, f64>) -> PyResult<Bound<'py, PyList>> {
        let theta = self.theta(&theta)?;
        let blocks = py.detach(|| self.model.conditional_variances(theta)).map_err(raise)?;
        let out = PyList::empty(py);
        for (values, factor) in blocks.into_iter().zip(&self.model.gram().factors) {
            out.append(PyArray1::from_vec(py, values).reshape([factor.levels, factor.k, factor.k])?)?;
        }
        Ok(out)
    }

    /// Exact second derivatives in theta.
    ///
    /// Parameters
    /// ----------
    /// theta : ndarray
    ///     As for `criterion`.
    ///
    /// Returns
    /// -------
    /// dict
    ///     hessian (K x K, exact), jacobian (K x p x p, derivatives of vcov_unscaled), pwrss_gradient (K).
    fn information<'py>(&self, py: Python<'py>, theta: PyReadonlyArray1<'py, f64>) -> PyResult<Bound<'py, PyDict>> {
        let theta = self.theta(&theta)?;
        let found = py.detach(|| self.model.second_order(theta)).map_err(raise)?;
        let out = PyDict::new(py);
        out.set_item("hessian", square(py, &found.hessian, self.n_theta)?)?;
        let jacobian = PyArray1::from_vec(py, found.jacobian).reshape([self.n_theta, self.p, self.p])?;
        out.set_item("jacobian", jacobian)?;
        out.set_item("pwrss_gradient", PyArray1::from_vec(py, found.pwrss_gradient))?;
        Ok(out)
    }

    /// Z'V^-1 X, Z'V^-1(y - X beta) and the blocks [Z'V^-1 Z]_ll, with V = W^-1 + Z Lambda Lambda'Z'.
    ///
    /// Parameters
    /// ----------
    /// theta : ndarray
    ///     As for `criterion`.
    ///
    /// Returns
    /// -------
    /// dict
    ///     zvx (per term levels x k x p), zvr (levels x k), zvz (levels x k x k; None where T is too small for it).
    fn projections<'py>(&self, py: Python<'py>, theta: PyReadonlyArray1<'py, f64>) -> PyResult<Bound<'py, PyDict>> {
        let theta = self.theta(&theta)?;
        let found = py.detach(|| self.model.projections(theta)).map_err(raise)?;
        let shapes = self.shapes();
        let out = PyDict::new(py);
        let blocks = |values: Vec<Vec<f64>>, last: Option<usize>| -> PyResult<Bound<'py, PyList>> {
            let list = PyList::empty(py);
            for (values, &(levels, k)) in values.into_iter().zip(&shapes) {
                list.append(PyArray1::from_vec(py, values).reshape([levels, k, last.unwrap_or(k)])?)?;
            }
            Ok(list)
        };
        out.set_item("zvx", blocks(found.zvx, Some(self.p))?)?;
        out.set_item("zvr", by_term(py, found.zvr, &shapes)?)?;
        out.set_item("zvz", found.zvz.map(|values| blocks(values, None)).transpose()?)?;
        Ok(out)
    }

    /// Profiles of quantities from an optimum.
    ///
    /// Parameters
    /// ----------
    /// theta, beta : ndarray
    /// sigma : float
    ///     The optimum of the deviance (of the restricted likelihood with `reml`).
    /// rows : ndarray
    ///     Combinations of fixed effects that wishes may name, one a row of p numbers.
    /// wishes : list of (str, int, int, int, callable or None)
    ///     What is profiled: ("sd", term, effect, 0), ("cor", term, effect, effect), ("theta", place, 0, 0), ("other", 0 for
    ///     log sigma or 1 + row, 0, 0), ("derived", 0, 0, 0, function of roots and others).
    /// how : dict
    ///     cutoff and step of zeta, limits (values of |zeta| that are wanted exactly), max_points of each side.
    /// reml : bool
    /// watch : callable or None
    ///     Called as watch(evaluations, criterion).
    ///
    /// Returns
    /// -------
    /// list of dict
    ///     Of each wish its knots in ascending order: value (of a correlation the angle), zeta, slope (d zeta / d value), limit
    ///     (the |zeta| that was asked for there, else NaN), roots (for each term rows of k * k, column-major), others, beta;
    ///     estimate (which knot it is), ends ("cutoff", "boundary", "plateau", "unbounded", "lower" or "lost"), lower (a point of
    ///     lower deviance or None), evaluations.
    #[pyo3(signature = (theta, sigma, beta, rows, wishes, how, reml=false, watch=None))]
    #[allow(clippy::too_many_arguments)]
    fn profile<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
        sigma: f64,
        beta: PyReadonlyArray1<'py, f64>,
        rows: PyReadonlyArray2<'py, f64>,
        wishes: Vec<profile::Wish>,
        how: profile::How,
        reml: bool,
        watch: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        self.theta(&theta)?;
        profile::of_lmm(py, &self.model, &theta, sigma, &beta, &rows, wishes, how, reml, watch)
    }

    /// What the engine chose to do for this model, and what it is predicted to cost.
    ///
    /// Returns
    /// -------
    /// dict
    ///     path, eliminated, leaves, tail, flops, nonzeros, pairs.
    fn describe<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        plan(py, self.model.describe())
    }
}

impl Lmm {
    /// Levels and effects of every term.
    fn shapes(&self) -> Vec<(usize, usize)> {
        self.model.terms().into_iter().map(|(group, k)| (self.model.gram().factors[group].levels, k)).collect()
    }

    fn report<'py>(&self, py: Python<'py>, found: engine::Solution) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        out.set_item("theta", PyArray1::from_vec(py, found.theta))?;
        out.set_item("criterion", found.criterion)?;
        out.set_item("criterion_error", found.criterion_error)?;
        out.set_item("beta", PyArray1::from_vec(py, found.beta))?;
        out.set_item("sigma", found.sigma)?;
        out.set_item("pwrss", found.pwrss)?;
        out.set_item("logdet_u", found.logdet_u)?;
        out.set_item("logdet_x", found.logdet_x)?;
        out.set_item("vcov_unscaled", square(py, &found.vcov_unscaled, self.p)?)?;
        out.set_item("u", by_term(py, found.u, &self.shapes())?)?;
        out.set_item("b", by_term(py, found.b, &self.shapes())?)?;
        out.set_item("gradient", PyArray1::from_vec(py, found.gradient))?;
        out.set_item("hessian", square(py, &found.hessian, self.n_theta)?)?;
        out.set_item("certificate", certificate(py, found.certificate)?)?;
        Ok(out)
    }
}
