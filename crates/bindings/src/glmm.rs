//! Generalised linear mixed models.

use mixedmodels_engine::glmm as engine;
use mixedmodels_engine::optimize::Options;
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::arrays::{MaybeColumn, raise, slice, square};
use crate::family::Family;
use crate::lmm::{Groups, Terms, with_rows};
use crate::results::{by_term, certificate, plan, watched, way};

/// A generalised linear mixed model; an immutable handle.
///
/// Parameters
/// ----------
/// family : Family
///     Distribution and link.
/// y : ndarray
///     Response as the family sees it (a proportion for a binomial one), float64 of length n.
/// x : list of ndarray or None
///     Columns of X (full column rank), float64 of length n; None is a column of ones.
/// groups : list of (ndarray, int)
///     Grouping factors: codes of length n (int8, int16 or int32), and the number of levels.
/// terms : list of (int, list)
///     Random-effects terms: index of the grouping factor and the columns, None for ones.
/// weights : ndarray or None
///     Prior weights, the trials of a binomial proportion.
/// offset : ndarray or None
///     Known part of the linear predictor.
/// expected : bool
///     Whether log|H| is that of the expected information.
#[pyclass(frozen)]
pub(crate) struct Glmm {
    model: engine::Glmm,
    #[pyo3(get)]
    n: usize,
    #[pyo3(get)]
    p: usize,
    #[pyo3(get)]
    q: usize,
    #[pyo3(get)]
    n_theta: usize,
    #[pyo3(get)]
    n_shapes: usize,
}

impl Glmm {
    fn of(model: engine::Glmm) -> Self {
        let (n, p, q) = (model.n(), model.p(), model.q());
        Self { n, p, q, n_theta: model.n_theta(), n_shapes: model.n_shapes(), model }
    }

    fn parameter(
        &self,
        theta: &PyReadonlyArray1<'_, f64>,
        beta: &PyReadonlyArray1<'_, f64>,
        psi: &PyReadonlyArray1<'_, f64>,
    ) -> PyResult<engine::Parameter> {
        Ok(engine::Parameter {
            theta: checked(theta, self.n_theta, "theta")?,
            beta: checked(beta, self.p, "beta")?,
            psi: checked(psi, self.n_shapes, "psi")?,
        })
    }

    fn report<'py>(&self, py: Python<'py>, found: engine::Solution) -> PyResult<Bound<'py, PyDict>> {
        let size = self.n_theta + self.p + self.n_shapes;
        let shapes: Vec<(usize, usize)> =
            self.model.terms().iter().map(|&(group, k)| (self.model.factors()[group].0, k)).collect();
        let out = PyDict::new(py);
        out.set_item("theta", PyArray1::from_vec(py, found.theta))?;
        out.set_item("beta", PyArray1::from_vec(py, found.beta))?;
        out.set_item("psi", PyArray1::from_vec(py, found.psi))?;
        out.set_item("criterion", found.criterion)?;
        out.set_item("penalised", found.penalised)?;
        out.set_item("u", by_term(py, found.u, &shapes)?)?;
        out.set_item("b", by_term(py, found.b, &shapes)?)?;
        out.set_item("eta", PyArray1::from_vec(py, found.eta))?;
        out.set_item("vcov", square(py, &found.vcov, size)?)?;
        out.set_item("vcov_conditional", square(py, &found.vcov_conditional, self.p)?)?;
        out.set_item("gradient", PyArray1::from_vec(py, found.gradient))?;
        out.set_item("hessian", square(py, &found.hessian, size)?)?;
        out.set_item("logdet", found.logdet)?;
        out.set_item("penalty", found.penalty)?;
        out.set_item("conditional_loglik", found.conditional_loglik)?;
        out.set_item("certificate", certificate(py, found.certificate)?)?;
        Ok(out)
    }
}

#[pymethods]
impl Glmm {
    #[new]
    #[pyo3(signature = (family, y, x, groups, terms, weights, offset, expected))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        family: &Family,
        y: PyReadonlyArray1<'_, f64>,
        x: Vec<MaybeColumn<'_>>,
        groups: Groups<'_>,
        terms: Terms<'_>,
        weights: MaybeColumn<'_>,
        offset: MaybeColumn<'_>,
        expected: bool,
    ) -> PyResult<Self> {
        let offset = offset.as_ref().map(slice).transpose()?;
        let family = std::sync::Arc::clone(&family.inner);
        let built = with_rows(&y, &x, &groups, &terms, &weights, |rows| {
            let rows = engine::GlmmRows::of_mean(rows.clone(), offset);
            py.detach(|| engine::Glmm::new(family, &rows, expected))
        })?;
        Ok(Self::of(built.map_err(raise)?))
    }

    /// The same model with another response; what depends on the design alone is shared.
    ///
    /// Parameters
    /// ----------
    /// y, x, groups, terms, weights, offset
    ///     As given to the constructor, with the new response and its weights.
    ///
    /// Returns
    /// -------
    /// Glmm
    #[pyo3(signature = (y, x, groups, terms, weights, offset))]
    #[allow(clippy::too_many_arguments)]
    fn with_response(
        &self,
        py: Python<'_>,
        y: PyReadonlyArray1<'_, f64>,
        x: Vec<MaybeColumn<'_>>,
        groups: Groups<'_>,
        terms: Terms<'_>,
        weights: MaybeColumn<'_>,
        offset: MaybeColumn<'_>,
    ) -> PyResult<Self> {
        let offset = offset.as_ref().map(slice).transpose()?;
        let built = with_rows(&y, &x, &groups, &terms, &weights, |rows| {
            let rows = engine::GlmmRows::of_mean(rows.clone(), offset);
            py.detach(|| self.model.with_response(&rows))
        })?;
        Ok(Self::of(built.map_err(raise)?))
    }

    /// The optimum.
    ///
    /// Parameters
    /// ----------
    /// nagq : int
    ///     1 is Laplace's approximation.
    /// start : dict or None
    ///     theta, beta and psi to start from.
    /// max_evaluations : int
    /// tolerance : float
    ///     Stop when the criterion promises to fall by less than this.
    /// watch : callable or None
    ///     Called as watch(evaluations, criterion) at every evaluation.
    /// penalty : bool
    ///     Whether the soft penalty is added to the log-likelihood: gradient, hessian and certificate are of the sum.
    ///
    /// Returns
    /// -------
    /// dict
    ///     As `at`, with evaluations, inner (factorisations), trace, status and message.
    #[pyo3(signature = (nagq=1, start=None, max_evaluations=200, tolerance=1e-11, watch=None, penalty=false))]
    #[allow(clippy::too_many_arguments)]
    fn fit<'py>(
        &self,
        py: Python<'py>,
        nagq: usize,
        start: Option<Bound<'py, PyDict>>,
        max_evaluations: usize,
        tolerance: f64,
        watch: Option<Py<PyAny>>,
        penalty: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        let start = self.start(start.as_ref())?;
        let options = Options { max_evaluations, tolerance, ..Options::default() };
        let found = watched(py, watch, self.n, |look| self.model.fit(how(nagq, penalty), &start, options, look))?
            .map_err(raise)?;
        let out = self.report(py, found.solution)?;
        out.set_item("inner", found.inner)?;
        out.set_item("inner_hessian", found.inner_hessian)?;
        way(py, &out, &found.trace, found.status)?;
        Ok(out)
    }

    /// All results at given parameters, without optimising.
    ///
    /// Parameters
    /// ----------
    /// theta, beta, psi : ndarray
    ///     Covariance parameters, fixed effects, logarithms of the free shapes.
    /// nagq : int
    /// penalty : bool
    ///     As for `fit`.
    ///
    /// Returns
    /// -------
    /// dict
    ///     theta, beta, psi, criterion (-2 log-likelihood with all constants), penalised (criterion with the soft
    ///     penalty, if there is one), u and b (lists of levels x k), eta, vcov (of theta, beta, psi), vcov_conditional
    ///     (of beta), gradient, hessian, logdet, penalty (u'u), conditional_loglik, certificate.
    #[pyo3(signature = (theta, beta, psi, nagq=1, penalty=false))]
    fn at<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
        beta: PyReadonlyArray1<'py, f64>,
        psi: PyReadonlyArray1<'py, f64>,
        nagq: usize,
        penalty: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        let at = self.parameter(&theta, &beta, &psi)?;
        let found = py.detach(|| self.model.at(how(nagq, penalty), &at)).map_err(raise)?;
        self.report(py, found)
    }

    /// Criterion and exact gradient.
    ///
    /// Parameters
    /// ----------
    /// theta, beta, psi : ndarray
    ///     As for `at`.
    /// nagq : int
    /// penalty : bool
    ///     As for `fit`.
    ///
    /// Returns
    /// -------
    /// dict
    ///     criterion and penalised (floats), gradient in (theta, beta, psi).
    #[pyo3(signature = (theta, beta, psi, nagq=1, penalty=false))]
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
        beta: PyReadonlyArray1<'py, f64>,
        psi: PyReadonlyArray1<'py, f64>,
        nagq: usize,
        penalty: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        let at = self.parameter(&theta, &beta, &psi)?;
        let found = py.detach(|| self.model.evaluate(how(nagq, penalty), &at)).map_err(raise)?;
        let out = PyDict::new(py);
        out.set_item("criterion", found.criterion)?;
        out.set_item("penalised", found.penalised)?;
        out.set_item("gradient", PyArray1::from_vec(py, found.gradient))?;
        Ok(out)
    }

    /// Profiles of quantities from the optimum.
    ///
    /// Parameters
    /// ----------
    /// theta, beta, psi : ndarray
    ///     The optimum.
    /// nagq : int
    /// penalty : bool
    ///     As for `fit`.
    /// errors : ndarray
    ///     Standard errors of beta and psi, or their likes.
    /// wishes : list of (str, int, int, int, callable or None)
    /// how : dict
    /// watch : callable or None
    ///     As for `Lmm.profile`; ("other", i, 0, 0) is an element of (beta, psi).
    ///
    /// Returns
    /// -------
    /// list of dict
    ///     As `Lmm.profile`.
    #[pyo3(signature = (theta, beta, psi, nagq, penalty, errors, wishes, how, watch=None))]
    #[allow(clippy::too_many_arguments)]
    fn profile<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
        beta: PyReadonlyArray1<'py, f64>,
        psi: PyReadonlyArray1<'py, f64>,
        nagq: usize,
        penalty: bool,
        errors: PyReadonlyArray1<'py, f64>,
        wishes: Vec<crate::profile::Wish>,
        how: crate::profile::How,
        watch: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let at = self.parameter(&theta, &beta, &psi)?;
        let criterion = engine::How { nagq, penalised: penalty };
        crate::profile::of_glmm(py, &self.model, at, criterion, &errors, wishes, how, watch)
    }

    /// Conditional covariance of the random effects given the parameters, for every grouping factor.
    ///
    /// Parameters
    /// ----------
    /// theta, beta, psi : ndarray
    ///     As for `at`.
    ///
    /// Returns
    /// -------
    /// list of ndarray
    ///     levels x K x K, K all effects of the factor in the order of its terms.
    fn condvar<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
        beta: PyReadonlyArray1<'py, f64>,
        psi: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<Bound<'py, PyList>> {
        let at = self.parameter(&theta, &beta, &psi)?;
        let blocks = py.detach(|| self.model.conditional_variances(&at)).map_err(raise)?;
        let out = PyList::empty(py);
        for (values, (levels, k)) in blocks.into_iter().zip(self.model.factors()) {
            out.append(PyArray1::from_vec(py, values).reshape([levels, k, k])?)?;
        }
        Ok(out)
    }

    /// How far Laplace's approximation is from the likelihood, by importance sampling around the mode.
    ///
    /// Parameters
    /// ----------
    /// theta, beta, psi : ndarray
    ///     As for `at`.
    /// draws : int
    ///     Even, in pairs z and -z.
    /// seed : int
    ///     From 0 to 2^64 - 1; the same seed gives the same numbers, with any number of threads.
    /// watch : callable or None
    ///     Called as watch(pairs, criterion) between batches.
    ///
    /// Returns
    /// -------
    /// dict
    ///     laplace (log-likelihood by Laplace's approximation of the observed information), error (the log-likelihood
    ///     less laplace), std_error, ess and log_weights (effective number of draws, and log w of each pair, of the
    ///     connected component of the design where it is smallest), draws, components, by_cumulants (components whose
    ///     mean weight is degenerate, and is taken from cumulants), remainder (first term that these leave out),
    ///     quadrature (whether the leaves are integrated by quadrature).
    #[pyo3(signature = (theta, beta, psi, draws, seed, watch=None))]
    #[allow(clippy::too_many_arguments)]
    fn importance<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
        beta: PyReadonlyArray1<'py, f64>,
        psi: PyReadonlyArray1<'py, f64>,
        draws: usize,
        seed: u64,
        watch: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let at = self.parameter(&theta, &beta, &psi)?;
        let found = watched(py, watch, self.n, |look| self.model.importance(&at, draws, seed, look))?.map_err(raise)?;
        let estimate = found.estimate;
        let out = PyDict::new(py);
        out.set_item("laplace", found.laplace)?;
        out.set_item("error", estimate.log_mean)?;
        out.set_item("std_error", estimate.std_error)?;
        out.set_item("ess", estimate.ess)?;
        out.set_item("log_weights", PyArray1::from_vec(py, estimate.worst))?;
        out.set_item("draws", estimate.draws)?;
        out.set_item("components", found.components)?;
        out.set_item("by_cumulants", estimate.by_cumulants)?;
        out.set_item("remainder", estimate.remainder)?;
        out.set_item("quadrature", found.quadrature)?;
        Ok(out)
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

impl Glmm {
    /// The parts of a start that are given.
    fn start(&self, given: Option<&Bound<'_, PyDict>>) -> PyResult<engine::Start> {
        let part = |name: &str, count: usize| -> PyResult<Option<Vec<f64>>> {
            let Some(value) = given.map(|g| g.get_item(name)).transpose()?.flatten() else { return Ok(None) };
            checked(&value.extract()?, count, name).map(Some)
        };
        Ok(engine::Start {
            theta: part("theta", self.n_theta)?,
            beta: part("beta", self.p)?,
            psi: part("psi", self.n_shapes)?,
        })
    }
}

fn how(nagq: usize, penalised: bool) -> engine::How {
    engine::How { nagq, penalised }
}

fn checked(values: &PyReadonlyArray1<'_, f64>, count: usize, name: &str) -> PyResult<Vec<f64>> {
    let values = slice(values)?;
    if values.len() == count && values.iter().all(|v| v.is_finite()) {
        return Ok(values.to_vec());
    }
    Err(pyo3::exceptions::PyValueError::new_err(format!("{name} must hold {count} finite numbers")))
}
