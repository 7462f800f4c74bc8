//! What linear and generalised models hand to Python in the same way.

use mixedmodels_engine::effects::{Certificate, Plan};
use mixedmodels_engine::optimize::{Status, Step};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// Run a search with the GIL released; it calls its argument at every evaluation, which looks for Ctrl-C and calls the
/// user's function.
pub(crate) fn watched<R: Send>(
    py: Python<'_>,
    watch: Option<Py<PyAny>>,
    search: impl FnOnce(&mut (dyn FnMut(usize, f64) -> bool + Send)) -> R + Send,
) -> PyResult<R> {
    // Looking for Ctrl-C means taking the GIL back: seldom enough not to be felt in a fit of microseconds.
    let mut asked = std::time::Instant::now();
    let mut failure: Option<PyErr> = None;
    let found = {
        let mut look = |evaluations: usize, criterion: f64| {
            if watch.is_none() && asked.elapsed().as_millis() < 50 {
                return true;
            }
            asked = std::time::Instant::now();
            let answer = Python::attach(|py| {
                py.check_signals()?;
                watch.as_ref().map_or(Ok(()), |w| w.call1(py, (evaluations, criterion)).map(|_| ()))
            });
            match answer {
                Ok(()) => true,
                Err(error) => {
                    failure = Some(error);
                    false
                }
            }
        };
        py.detach(|| search(&mut look))
    };
    failure.map_or(Ok(found), Err)
}

/// How the optimiser came to its end: evaluations, trace, status and message.
pub(crate) fn way(py: Python<'_>, out: &Bound<'_, PyDict>, trace: &[Step], status: Status) -> PyResult<()> {
    out.set_item("evaluations", trace.len())?;
    let steps: Vec<(f64, f64, f64)> = trace.iter().map(|s| (s.value, s.predicted, s.radius)).collect();
    out.set_item("trace", PyList::new(py, steps)?)?;
    let (status, message) = match status {
        Status::Converged => ("converged", "the criterion promises no further decrease"),
        Status::MaxEvaluations => ("max_evaluations", "the largest number of evaluations was reached"),
        Status::Stalled => ("stalled", "no step lowers the criterion although its gradient says that one should"),
    };
    out.set_item("status", status)?;
    out.set_item("message", message)
}

pub(crate) fn certificate<'py>(py: Python<'py>, found: Certificate) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("predicted_decrease", found.predicted_decrease)?;
    out.set_item("min_score_eigenvalue", found.min_score_eigenvalue)?;
    out.set_item("escape_gain", found.escape_gain)?;
    out.set_item("holds", found.holds)?;
    Ok(out)
}

/// Effects of every term, levels x k.
pub(crate) fn by_term<'py>(
    py: Python<'py>,
    values: Vec<Vec<f64>>,
    shapes: &[(usize, usize)],
) -> PyResult<Bound<'py, PyList>> {
    let out = PyList::empty(py);
    for (values, &(levels, k)) in values.into_iter().zip(shapes) {
        out.append(PyArray1::from_vec(py, values).reshape([levels, k])?)?;
    }
    Ok(out)
}

/// What the engine chose.
pub(crate) fn plan<'py>(py: Python<'py>, plan: Plan) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("path", plan.path)?;
    out.set_item("eliminated", plan.eliminated)?;
    out.set_item("leaves", plan.leaves)?;
    out.set_item("tail", plan.tail)?;
    out.set_item("pairs", plan.pairs)?;
    out.set_item("nonzeros", plan.nonzeros)?;
    out.set_item("flops", plan.flops)?;
    Ok(out)
}
