//! Generalised linear mixed models.

use mixedmodels_engine::glmm as engine;
use mixedmodels_engine::optimize::Options;
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{slice, square};
use crate::failure::{raise, raise_for};
use crate::family::Family;
use crate::results::{
    GlmmEvaluation, GlmmImportance, GlmmOptimum, GlmmSolution, Plan, ProfileCurve, by_term, certificate, plan, watched,
    way,
};
use crate::rows::Rows;
use crate::signals::heard;

/// A generalised linear mixed model; an immutable handle.
///
/// Parameters
/// ----------
/// family : Family
///     Distribution and link.
/// rows : Rows
///     Kept, not copied.
/// expected : bool
///     Whether log|H| is that of the expected information.
/// reml : bool
///     Whether the fixed effects of the first linear predictor are integrated out too, under a flat prior; their columns
///     come first. beta is then at the joint mode, and vcov is the joint covariance.
/// priors : None or list of (str, int, int, str, list of float)
///     What each is on, its two places, its density and the density's numbers. On ("beta", column, 0), ("sd", term,
///     effect), ("cor", term, 0) or ("psi", shape, 0). Densities: normal (mean, sd), t (mean, sd, df), cauchy (location,
///     scale); gamma (mean, shape); lkj (eta), for "cor" alone. "sd" is the logarithm of a standard deviation, and psi
///     that of a positive shape; a gamma density is that of the number itself. No Jacobian is added.
/// held : float64 array or None
///     A number for each element of (theta, beta, psi): where it is held, NaN where it moves. A covariance of several
///     effects is held as a whole.
/// ties : None or list of list of int
///     Sets of elements of (theta, beta, psi) that are equal; of theta only those of terms with one effect.
#[pyclass(frozen)]
pub(crate) struct Glmm {
    model: engine::Glmm,
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
    n_shapes: usize,
}

impl Glmm {
    fn of(model: engine::Glmm, rows: Py<Rows>) -> Self {
        let (n, p, q) = (model.n(), model.p(), model.q());
        Self { n, p, q, n_theta: model.n_theta(), n_shapes: model.n_shapes(), model, rows }
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

    fn report<'py>(&self, py: Python<'py>, found: engine::Solution) -> PyResult<GlmmSolution<'py>> {
        let size = self.n_theta + self.p + self.n_shapes;
        let shapes: Vec<(usize, usize)> =
            self.model.terms().iter().map(|&(group, k)| (self.model.factors()[group].0, k)).collect();
        Ok(GlmmSolution {
            py,
            theta: PyArray1::from_vec(py, found.theta),
            beta: PyArray1::from_vec(py, found.beta),
            psi: PyArray1::from_vec(py, found.psi),
            criterion: found.criterion,
            penalised: found.penalised,
            u: by_term(py, found.u, &shapes)?,
            b: by_term(py, found.b, &shapes)?,
            eta: PyArray1::from_vec(py, found.eta),
            vcov: square(py, &found.vcov, size)?,
            vcov_conditional: square(py, &found.vcov_conditional, self.p)?,
            gradient: PyArray1::from_vec(py, found.gradient),
            hessian: square(py, &found.hessian, size)?,
            logdet: found.logdet,
            penalty: found.penalty,
            conditional_loglik: found.conditional_loglik,
            certificate: certificate(py, found.certificate),
        })
    }
}

#[pymethods]
impl Glmm {
    #[new]
    #[pyo3(signature = (family, rows, expected, reml=false, priors=None, held=None, ties=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        family: &Family,
        rows: Py<Rows>,
        expected: bool,
        reml: bool,
        priors: Option<Vec<Wish>>,
        held: Option<PyReadonlyArray1<'_, f64>>,
        ties: Option<Vec<Vec<usize>>>,
    ) -> PyResult<Self> {
        let family = std::sync::Arc::clone(&family.inner);
        let priors: Vec<engine::Prior> = priors.unwrap_or_default().iter().map(prior).collect::<PyResult<_>>()?;
        let values = held.as_ref().map(|held| slice(held).map(<[f64]>::to_vec)).transpose()?;
        let kept = rows.get();
        let built = kept.work(py, |rows, offsets| {
            let all = kept.generalised(rows, offsets);
            let mut model = engine::Glmm::new(family, &all, expected)?;
            if reml {
                model = model.by_restricted_likelihood()?;
            }
            if !priors.is_empty() {
                model = model.with_priors(priors)?;
            }
            if values.is_none() && ties.is_none() {
                return Ok(model);
            }
            let free = vec![f64::NAN; model.n_theta() + model.p() + model.n_shapes()];
            model.holding(engine::Held { values: values.unwrap_or(free), ties: ties.unwrap_or_default() })
        })?;
        let built = built.or_else(|error| Err(kept.borrow(py, |rows, _| raise_for(error, rows))?))?;
        Ok(Self::of(built, rows))
    }

    /// The same model with another response; what depends on the design alone is shared.
    ///
    /// Parameters
    /// ----------
    /// rows : Rows
    ///     As given to the constructor, with the new response and its weights.
    ///
    /// Returns
    /// -------
    /// Glmm
    fn with_response(&self, py: Python<'_>, rows: Py<Rows>) -> PyResult<Self> {
        let kept = rows.get();
        let built = kept.work(py, |rows, offsets| {
            let all = kept.generalised(rows, offsets);
            self.model.with_response(&all).map_err(|error| raise_for(error, rows))
        })??;
        Ok(Self::of(built, rows))
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
    /// GlmmOptimum
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
    ) -> PyResult<GlmmOptimum<'py>> {
        let start = self.start(start.as_ref())?;
        let options = Options { max_evaluations, tolerance, ..Options::default() };
        let found = watched(py, watch, |look| self.model.fit(how(nagq, penalty), &start, options, look))?;
        let found = found.or_else(|error| Err(self.rows.get().borrow(py, |rows, _| raise_for(error, rows))?))?;
        let base = self.report(py, found.solution)?;
        let (trace, status, message) = way(&found.trace, found.status);
        Ok(GlmmOptimum {
            py,
            base,
            inner: found.inner,
            inner_hessian: found.inner_hessian,
            evaluations: trace.len(),
            trace,
            status,
            message,
        })
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
    /// GlmmSolution
    ///     theta, beta, psi, criterion (-2 log-likelihood with all constants), penalised (criterion with the soft
    ///     penalty and priors, if there are any), u and b (lists of levels x k), eta, vcov (of theta, beta, psi; NaN for
    ///     what is held), vcov_conditional (of beta), gradient, hessian (of what moves: 0 for what is held), logdet,
    ///     penalty (u'u), conditional_loglik, certificate.
    #[pyo3(signature = (theta, beta, psi, nagq=1, penalty=false))]
    fn at<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
        beta: PyReadonlyArray1<'py, f64>,
        psi: PyReadonlyArray1<'py, f64>,
        nagq: usize,
        penalty: bool,
    ) -> PyResult<GlmmSolution<'py>> {
        let at = self.parameter(&theta, &beta, &psi)?;
        let found = heard(py, || self.model.at(how(nagq, penalty), &at))?.map_err(raise)?;
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
    /// GlmmEvaluation
    #[pyo3(signature = (theta, beta, psi, nagq=1, penalty=false))]
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        theta: PyReadonlyArray1<'py, f64>,
        beta: PyReadonlyArray1<'py, f64>,
        psi: PyReadonlyArray1<'py, f64>,
        nagq: usize,
        penalty: bool,
    ) -> PyResult<GlmmEvaluation<'py>> {
        let at = self.parameter(&theta, &beta, &psi)?;
        let found = heard(py, || self.model.evaluate(how(nagq, penalty), &at))?.map_err(raise)?;
        let gradient = PyArray1::from_vec(py, found.gradient);
        Ok(GlmmEvaluation { py, criterion: found.criterion, penalised: found.penalised, gradient })
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
    /// list of ProfileCurve
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
    ) -> PyResult<Vec<ProfileCurve<'py>>> {
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
    ) -> PyResult<Vec<Bound<'py, PyArray3<f64>>>> {
        let at = self.parameter(&theta, &beta, &psi)?;
        let blocks = heard(py, || self.model.conditional_variances(&at))?.map_err(raise)?;
        let factors = self.model.factors();
        blocks.into_iter().zip(factors).map(|(v, (n, k))| PyArray1::from_vec(py, v).reshape([n, k, k])).collect()
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
    /// GlmmImportance
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
    ) -> PyResult<GlmmImportance<'py>> {
        let at = self.parameter(&theta, &beta, &psi)?;
        let found = watched(py, watch, |look| self.model.importance(&at, draws, seed, look))?.map_err(raise)?;
        let estimate = found.estimate;
        Ok(GlmmImportance {
            py,
            laplace: found.laplace,
            error: estimate.log_mean,
            std_error: estimate.std_error,
            ess: estimate.ess,
            log_weights: PyArray1::from_vec(py, estimate.worst),
            draws: estimate.draws,
            components: found.components,
            by_cumulants: estimate.by_cumulants,
            remainder: estimate.remainder,
            quadrature: found.quadrature,
        })
    }

    /// What takes the random effects of every term to those of standardised columns.
    ///
    /// Returns
    /// -------
    /// list of ndarray
    ///     k x k for each term: its columns divided by their root mean square, about the mean where it has an intercept.
    fn standards<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyArray2<f64>>>> {
        let sizes = self.model.terms();
        self.model.standards().iter().zip(sizes).map(|(m, (_, k))| square(py, m, *k)).collect()
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

/// A prior as Python writes it: what it is on, its two places, its density and the density's numbers.
type Wish = (String, usize, usize, String, Vec<f64>);

fn prior((on, first, second, density, numbers): &Wish) -> PyResult<engine::Prior> {
    let (index, term, effect) = (*first, *first, *second);
    if let ("cor", "lkj", [eta]) = (on.as_str(), density.as_str(), numbers.as_slice()) {
        return Ok(engine::Prior::Correlations { term, eta: *eta });
    }
    let density = match (density.as_str(), numbers.as_slice()) {
        ("normal", &[mean, sd]) => engine::Density::Normal { mean, sd },
        ("t", &[mean, sd, df]) => engine::Density::T { mean, sd, df },
        ("cauchy", &[mean, sd]) => engine::Density::T { mean, sd, df: 1.0 },
        ("gamma", &[mean, shape]) => engine::Density::Gamma { mean, shape },
        (name, numbers) => {
            let what = format!("there is no prior {name} of {} numbers on {on}", numbers.len());
            return Err(pyo3::exceptions::PyValueError::new_err(what));
        }
    };
    match on.as_str() {
        "beta" => Ok(engine::Prior::Beta { index, density }),
        "sd" => Ok(engine::Prior::Spread { term, effect, density }),
        "psi" => Ok(engine::Prior::Shape { index, density }),
        _ => Err(pyo3::exceptions::PyValueError::new_err(format!("no such density is one of {on}"))),
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
