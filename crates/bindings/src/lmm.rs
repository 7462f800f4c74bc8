//! Linear mixed models.

use mixedmodels_engine::gram::rank;
use mixedmodels_engine::lmm as engine;
use mixedmodels_engine::optimize::Options;
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{MaybeColumn, columns, slice, square};
use crate::failure::{raise, raise_for};
use crate::many;
use crate::profile;
use crate::results::{
    LmmEvaluation, LmmInformation, LmmOptima, LmmOptimum, LmmProjections, LmmSolution, Plan, ProfileCurve, by_term,
    certificate, plan, watched, way,
};
use crate::rows::Rows;
use crate::signals::heard;

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
    heard(py, || rank::pivot_columns(&x, n, weights))
}

/// A linear mixed model reduced to its cross products; an immutable handle.
///
/// Parameters
/// ----------
/// rows : Rows
///     Kept, not copied.
/// reml : bool
///     Whether the criterion is REML's.
/// sigma : float or None
///     The residual standard deviation of a row of weight 1, where it is known; None if it is estimated.
#[pyclass(frozen)]
pub(crate) struct Lmm {
    model: engine::Lmm,
    rows: Py<Rows>,
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
    fn of(model: engine::Lmm, rows: Py<Rows>) -> Self {
        let gram = model.gram();
        let (n, p, q, sum_log_weights) = (gram.n, gram.p, gram.q(), gram.sum_log_weights);
        Self { n, p, q, n_theta: model.n_theta(), sum_log_weights, model, rows }
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

#[pymethods]
impl Lmm {
    #[new]
    #[pyo3(signature = (rows, reml, sigma=None))]
    fn new(py: Python<'_>, rows: Py<Rows>, reml: bool, sigma: Option<f64>) -> PyResult<Self> {
        let make = |rows: &mixedmodels_engine::rows::Rows, _: &[Option<&[f64]>]| {
            let made = engine::Lmm::new(rows, reml).and_then(|model| model.with_sigma(sigma));
            made.map_err(|e| raise_for(e, rows))
        };
        let built = rows.get().work(py, make)??;
        Ok(Self::of(built, rows))
    }

    /// The same model with another response.
    ///
    /// Parameters
    /// ----------
    /// rows : Rows
    ///     As given to the constructor, with the new response.
    ///
    /// Returns
    /// -------
    /// Lmm
    fn with_response(&self, py: Python<'_>, rows: Py<Rows>) -> PyResult<Self> {
        let renewed = |rows: &mixedmodels_engine::rows::Rows, _: &[Option<&[f64]>]| {
            self.model.with_response(rows).map_err(|e| raise_for(e, rows))
        };
        let built = rows.get().work(py, renewed)??;
        Ok(Self::of(built, rows))
    }

    /// ML deviance or REML criterion, profiled over beta, and over sigma unless that is known.
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
        heard(py, || self.model.criterion(theta))?.map_err(raise)
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
    /// LmmEvaluation
    fn evaluate<'py>(&self, py: Python<'py>, theta: PyReadonlyArray1<'py, f64>) -> PyResult<LmmEvaluation<'py>> {
        let theta = self.theta(&theta)?;
        let found = heard(py, || self.model.evaluate(theta))?.map_err(raise)?;
        Ok(LmmEvaluation {
            py,
            criterion: found.criterion,
            gradient: PyArray1::from_vec(py, found.gradient),
            hessian: square(py, &found.hessian, self.n_theta)?,
        })
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
    /// LmmOptimum
    #[pyo3(signature = (start=None, max_evaluations=200, tolerance=1e-11, watch=None))]
    fn fit<'py>(
        &self,
        py: Python<'py>,
        start: MaybeColumn<'py>,
        max_evaluations: usize,
        tolerance: f64,
        watch: Option<Py<PyAny>>,
    ) -> PyResult<LmmOptimum<'py>> {
        let start = start.as_ref().map(|t| self.theta(t)).transpose()?;
        let options = Options { max_evaluations, tolerance, ..Options::default() };
        let found = watched(py, watch, |look| self.model.fit(start, options, look))?;
        let found = found.or_else(|error| Err(self.rows.get().borrow(py, |rows, _| raise_for(error, rows))?))?;
        let base = self.report(py, found.solution)?;
        let (trace, status, message) = way(&found.trace, found.status);
        Ok(LmmOptimum { py, base, evaluations: trace.len(), trace, status, message })
    }

    /// The optimum for each of many responses.
    ///
    /// Parameters
    /// ----------
    /// responses : ndarray
    ///     B x n, float64, C-contiguous; the model's own response does not matter.
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
    /// LmmOptima
    ///     One row a response: theta (B x K), beta (B x p), sigma, criterion, pwrss (B), vcov_unscaled (B x p x p), df
    ///     (B x p, or x 0), converged (B, bool), evaluations (B), status (B, int8: 0 converged, 1 evaluations used up,
    ///     2 stalled, 3 failed, 4 not reached because Ctrl-C was pressed); NaN where there is no fit. messages: index of
    ///     a failed response -> why. interrupted: whether Ctrl-C was pressed.
    #[pyo3(signature = (responses, start=None, max_evaluations=200, tolerance=1e-11, df=false, watch=None))]
    #[allow(clippy::too_many_arguments)]
    fn fit_many<'py>(
        &self,
        py: Python<'py>,
        responses: PyReadonlyArray2<'py, f64>,
        start: MaybeColumn<'py>,
        max_evaluations: usize,
        tolerance: f64,
        df: bool,
        watch: Option<Py<PyAny>>,
    ) -> PyResult<LmmOptima<'py>> {
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
        let (found, interrupted) =
            self.rows.get().borrow(py, |rows, _| many::run(py, &self.model, rows, &columns, wanted, watch))??;
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
    /// LmmSolution
    fn at<'py>(&self, py: Python<'py>, theta: PyReadonlyArray1<'py, f64>) -> PyResult<LmmSolution<'py>> {
        let theta = self.theta(&theta)?;
        let found = heard(py, || self.model.at(theta))?.map_err(raise)?;
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
    fn condvar<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<Vec<Bound<'py, PyArray3<f64>>>> {
        let theta = self.theta(&theta)?;
        let blocks = heard(py, || self.model.conditional_variances(theta))?.map_err(raise)?;
        let factors = self.model.gram().factors.iter();
        blocks.into_iter().zip(factors).map(|(v, f)| PyArray1::from_vec(py, v).reshape([f.levels, f.k, f.k])).collect()
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
    /// LmmInformation
    ///     hessian (K x K, exact), jacobian (K x p x p, derivatives of vcov_unscaled), pwrss_gradient (K).
    fn information<'py>(&self, py: Python<'py>, theta: PyReadonlyArray1<'py, f64>) -> PyResult<LmmInformation<'py>> {
        let theta = self.theta(&theta)?;
        let found = heard(py, || self.model.second_order(theta))?.map_err(raise)?;
        Ok(LmmInformation {
            py,
            hessian: square(py, &found.hessian, self.n_theta)?,
            jacobian: PyArray1::from_vec(py, found.jacobian).reshape([self.n_theta, self.p, self.p])?,
            pwrss_gradient: PyArray1::from_vec(py, found.pwrss_gradient),
        })
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
    /// LmmProjections
    ///     zvx (per term levels x k x p), zvr (levels x k), zvz (levels x k x k; None where T is too small for it).
    fn projections<'py>(&self, py: Python<'py>, theta: PyReadonlyArray1<'py, f64>) -> PyResult<LmmProjections<'py>> {
        let theta = self.theta(&theta)?;
        let found = heard(py, || self.model.projections(theta))?.map_err(raise)?;
        let shapes = self.shapes();
        let blocks = |values: Vec<Vec<f64>>, last: Option<usize>| -> PyResult<Vec<Bound<'py, PyArray3<f64>>>> {
            let one = |(v, &(levels, k)): (Vec<f64>, &(usize, usize))| {
                PyArray1::from_vec(py, v).reshape([levels, k, last.unwrap_or(k)])
            };
            values.into_iter().zip(&shapes).map(one).collect()
        };
        Ok(LmmProjections {
            py,
            zvx: blocks(found.zvx, Some(self.p))?,
            zvr: by_term(py, found.zvr, &shapes)?,
            zvz: found.zvz.map(|values| blocks(values, None)).transpose()?,
        })
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
    ///     cutoff and step of zeta, limits (values of |zeta| that are wanted exactly), max_points and
    ///     max_evaluations of each side.
    /// reml : bool
    /// watch : callable or None
    ///     Called as watch(evaluations, criterion).
    ///
    /// Returns
    /// -------
    /// list of ProfileCurve
    ///     Of each wish its knots in ascending order: value (of a correlation the angle), zeta, slope (d zeta / d value), limit
    ///     (the |zeta| that was asked for there, else NaN), roots (for each term rows of k * k, column-major), others, beta;
    ///     estimate (which knot it is), ends ("cutoff", "boundary", "plateau", "unbounded", "falls", "lower", "lost" or "spent"),
    ///     lower (a point of lower deviance or None), evaluations.
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
    ) -> PyResult<Vec<ProfileCurve<'py>>> {
        self.theta(&theta)?;
        profile::of_lmm(py, &self.model, &theta, sigma, &beta, &rows, wishes, how, reml, watch)
    }

    /// What takes the random effects of every term to those of standardised columns.
    ///
    /// Returns
    /// -------
    /// list of ndarray
    ///     k x k for each term: its columns divided by their root mean square, about the mean where it has an intercept.
    fn standards<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyArray2<f64>>>> {
        let sizes = self.model.terms();
        self.model.standards().iter().zip(&sizes).map(|(m, (_, k))| square(py, m, *k)).collect()
    }

    /// What the engine chose to do for this model, and what it is predicted to cost.
    ///
    /// Returns
    /// -------
    /// Plan
    fn describe<'py>(&self, py: Python<'py>) -> Plan<'py> {
        plan(py, self.model.describe())
    }
}

impl Lmm {
    /// Levels and effects of every term.
    fn shapes(&self) -> Vec<(usize, usize)> {
        self.model.terms().into_iter().map(|(group, k)| (self.model.gram().factors[group].levels, k)).collect()
    }

    fn report<'py>(&self, py: Python<'py>, found: engine::Solution) -> PyResult<LmmSolution<'py>> {
        Ok(LmmSolution {
            py,
            theta: PyArray1::from_vec(py, found.theta),
            criterion: found.criterion,
            criterion_error: found.criterion_error,
            beta: PyArray1::from_vec(py, found.beta),
            sigma: found.sigma,
            pwrss: found.pwrss,
            logdet_u: found.logdet_u,
            logdet_x: found.logdet_x,
            vcov_unscaled: square(py, &found.vcov_unscaled, self.p)?,
            u: by_term(py, found.u, &self.shapes())?,
            b: by_term(py, found.b, &self.shapes())?,
            gradient: PyArray1::from_vec(py, found.gradient),
            hessian: square(py, &found.hessian, self.n_theta)?,
            certificate: certificate(py, found.certificate),
        })
    }
}
