//! What linear and generalised models hand to Python in the same way.

use std::collections::BTreeMap;

use mixedmodels_engine::effects as engine;
use mixedmodels_engine::optimize::{Status, Step};
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods};
use pyo3::prelude::*;

use crate::signals::heard;
use crate::typed::{Stub, results};

type Vector<'py> = Bound<'py, PyArray1<f64>>;
type Matrix<'py> = Bound<'py, PyArray2<f64>>;
type Blocks<'py> = Bound<'py, PyArray3<f64>>;

/// How a search came to its end.
#[derive(IntoPyObject)]
pub(crate) struct SearchStatus(&'static str);

impl Stub for SearchStatus {
    fn stub() -> String {
        "Literal[\"converged\", \"max_evaluations\", \"stalled\"]".to_owned()
    }
}

results! {
    /// What the engine chose to do for a model, and what it is predicted to cost.
    Plan {
        path: &'static str,
        eliminated: Option<usize>,
        leaves: usize,
        tail: usize,
        pairs: usize,
        nonzeros: f64,
        flops: f64,
    }

    /// How optimal a point is.
    Certificate {
        predicted_decrease: f64,
        min_score_eigenvalue: Vec<f64>,
        escape_gain: f64,
        holds: bool,
    }

    /// Criterion with its derivatives in theta.
    LmmEvaluation {
        criterion: f64,
        gradient: Vector<'py>,
        hessian: Matrix<'py>,
    }

    /// All results of a linear mixed model at a theta; u and b are levels x k of each term.
    LmmSolution {
        theta: Vector<'py>,
        criterion: f64,
        criterion_error: f64,
        beta: Vector<'py>,
        sigma: f64,
        pwrss: f64,
        logdet_u: f64,
        logdet_x: f64,
        vcov_unscaled: Matrix<'py>,
        u: Vec<Matrix<'py>>,
        b: Vec<Matrix<'py>>,
        gradient: Vector<'py>,
        hessian: Matrix<'py>,
        certificate: Certificate<'py>,
    }

    /// The optimum, and how the search came to its end; trace: value, predicted decrease and radius of each step.
    LmmOptimum: LmmSolution {
        evaluations: usize,
        trace: Vec<(f64, f64, f64)>,
        status: SearchStatus,
        message: &'static str,
    }

    /// Optima of many responses, a row each; messages: index of a failed response -> why.
    LmmOptima {
        theta: Matrix<'py>,
        beta: Matrix<'py>,
        sigma: Vector<'py>,
        criterion: Vector<'py>,
        pwrss: Vector<'py>,
        vcov_unscaled: Blocks<'py>,
        df: Matrix<'py>,
        converged: Bound<'py, PyArray1<bool>>,
        evaluations: Bound<'py, PyArray1<i64>>,
        status: Bound<'py, PyArray1<i8>>,
        messages: BTreeMap<usize, String>,
        interrupted: bool,
    }

    /// Exact second derivatives in theta.
    LmmInformation {
        hessian: Matrix<'py>,
        jacobian: Blocks<'py>,
        pwrss_gradient: Vector<'py>,
    }

    /// What V^-1 leaves of X, of the residuals and of Z, by levels of each term.
    LmmProjections {
        zvx: Vec<Blocks<'py>>,
        zvr: Vec<Matrix<'py>>,
        zvz: Option<Vec<Blocks<'py>>>,
    }

    /// Criterion of a generalised linear mixed model with its gradient in (theta, beta, psi).
    GlmmEvaluation {
        criterion: f64,
        penalised: f64,
        gradient: Vector<'py>,
    }

    /// All results of a generalised linear mixed model at given parameters; u and b are levels x k of each term.
    GlmmSolution {
        theta: Vector<'py>,
        beta: Vector<'py>,
        psi: Vector<'py>,
        criterion: f64,
        penalised: f64,
        u: Vec<Matrix<'py>>,
        b: Vec<Matrix<'py>>,
        eta: Vector<'py>,
        vcov: Matrix<'py>,
        vcov_conditional: Matrix<'py>,
        gradient: Vector<'py>,
        hessian: Matrix<'py>,
        logdet: f64,
        penalty: f64,
        conditional_loglik: f64,
        certificate: Certificate<'py>,
    }

    /// The optimum, and how the search came to its end; inner: factorisations on the way.
    GlmmOptimum: GlmmSolution {
        inner: usize,
        inner_hessian: usize,
        evaluations: usize,
        trace: Vec<(f64, f64, f64)>,
        status: SearchStatus,
        message: &'static str,
    }

    /// How far Laplace's approximation is from the likelihood.
    GlmmImportance {
        laplace: f64,
        error: f64,
        std_error: f64,
        ess: f64,
        log_weights: Vector<'py>,
        draws: usize,
        components: usize,
        by_cumulants: usize,
        remainder: f64,
        quadrature: bool,
    }

    /// A profile: its knots in ascending order.
    ProfileCurve {
        value: Vector<'py>,
        zeta: Vector<'py>,
        slope: Vector<'py>,
        limit: Vector<'py>,
        roots: Vec<Matrix<'py>>,
        others: Matrix<'py>,
        beta: Matrix<'py>,
        estimate: usize,
        ends: (&'static str, &'static str),
        lower: Option<(Vec<Vector<'py>>, Vector<'py>)>,
        evaluations: usize,
    }

    /// Sums and rows of a family's log-likelihood and its derivatives.
    FamilyDerivatives {
        constant: f64,
        value: f64,
        l: f64,
        g: Vector<'py>,
        w: Vector<'py>,
        t: Vector<'py>,
        l_psi: Vec<f64>,
        g_psi: Vec<Vector<'py>>,
        w_psi: Vec<Vector<'py>>,
        l_psi_psi: Vec<f64>,
        expected: Option<Vector<'py>>,
        expected_t: Option<Vector<'py>>,
        expected_psi: Option<Vec<Vector<'py>>>,
    }
}

/// Run a search with the GIL released; it calls its argument at every evaluation, which calls the user's function.
pub(crate) fn watched<R: Send>(
    py: Python<'_>,
    watch: Option<Py<PyAny>>,
    search: impl FnOnce(&mut (dyn FnMut(usize, f64) -> bool + Send)) -> R + Send,
) -> PyResult<R> {
    let mut failure: Option<PyErr> = None;
    let mut look = |evaluations: usize, criterion: f64| {
        let Some(watch) = &watch else { return true };
        let answer = Python::attach(|py| watch.call1(py, (evaluations, criterion)).map(|_| ()));
        answer.map_err(|error| failure = Some(error)).is_ok()
    };
    let found = heard(py, || search(&mut look))?;
    failure.map_or(Ok(found), Err)
}

/// How the optimiser came to its end: trace, status and message.
pub(crate) fn way(trace: &[Step], status: Status) -> (Vec<(f64, f64, f64)>, SearchStatus, &'static str) {
    let steps = trace.iter().map(|s| (s.value, s.predicted, s.radius)).collect();
    let (status, message) = match status {
        Status::Converged => ("converged", "the criterion promises no further decrease"),
        Status::MaxEvaluations => ("max_evaluations", "the largest number of evaluations was reached"),
        Status::Stalled => ("stalled", "no step lowers the criterion although its gradient says that one should"),
    };
    (steps, SearchStatus(status), message)
}

pub(crate) fn certificate(py: Python<'_>, found: engine::Certificate) -> Certificate<'_> {
    Certificate {
        py,
        predicted_decrease: found.predicted_decrease,
        min_score_eigenvalue: found.min_score_eigenvalue,
        escape_gain: found.escape_gain,
        holds: found.holds,
    }
}

/// Effects of every term, levels x k.
pub(crate) fn by_term<'py>(
    py: Python<'py>,
    values: Vec<Vec<f64>>,
    shapes: &[(usize, usize)],
) -> PyResult<Vec<Matrix<'py>>> {
    values.into_iter().zip(shapes).map(|(v, &(levels, k))| PyArray1::from_vec(py, v).reshape([levels, k])).collect()
}

/// What the engine chose.
pub(crate) fn plan(py: Python<'_>, plan: engine::Plan) -> Plan<'_> {
    Plan {
        py,
        path: plan.path,
        eliminated: plan.eliminated,
        leaves: plan.leaves,
        tail: plan.tail,
        pairs: plan.pairs,
        nonzeros: plan.nonzeros,
        flops: plan.flops,
    }
}
