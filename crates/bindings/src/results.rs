//! What linear and generalised models hand to Python in the same way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use mixedmodels_engine::effects::{Certificate, Plan};
use mixedmodels_engine::optimize::{Status, Step};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// From this many rows on a search may last long enough for somebody to press Ctrl-C.
const LONG: usize = 2000;

/// How often Python is asked whether Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(50);

/// Run a search over `rows` rows with the GIL released; it calls its argument at every evaluation, which looks for
/// Ctrl-C and calls the user's function.
pub(crate) fn watched<R: Send>(
    py: Python<'_>,
    watch: Option<Py<PyAny>>,
    rows: usize,
    search: impl FnOnce(&mut (dyn FnMut(usize, f64) -> bool + Send)) -> R + Send,
) -> PyResult<R> {
    let stop = AtomicBool::new(false);
    let mut failure: Option<PyErr> = None;
    // Looking for Ctrl-C means taking the GIL back: seldom enough not to be felt in a fit of microseconds.
    let mut asked = Instant::now();
    let mut look = |evaluations: usize, criterion: f64| {
        if stop.load(Ordering::Relaxed) {
            return false;
        }
        if watch.is_none() && asked.elapsed() < LOOK {
            return true;
        }
        asked = Instant::now();
        let answer = Python::attach(|py| {
            py.check_signals()?;
            watch.as_ref().map_or(Ok(()), |w| w.call1(py, (evaluations, criterion)).map(|_| ()))
        });
        answer.map_err(|error| failure = Some(error)).is_ok()
    };
    let found =
        if rows < LONG { Ok(py.detach(|| search(&mut look))) } else { listening(py, &stop, || search(&mut look)) };
    failure.map_or(found, Err)
}

/// Run `work` on another thread while this one, on which alone Python sees signals, listens for Ctrl-C; `stop` is set
/// when it is pressed, and `work` is waited for.
pub(crate) fn listening<R: Send>(py: Python<'_>, stop: &AtomicBool, work: impl FnOnce() -> R + Send) -> PyResult<R> {
    let mut pressed = Ok(());
    let result = py.detach(|| {
        let (done, finished) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let worker = scope.spawn(move || {
                let result = work();
                // Nobody listens any more only if this scope is gone, which waits for this thread.
                let _ = done.send(());
                result
            });
            while finished.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if pressed.is_ok() {
                    pressed = Python::attach(|py| py.check_signals());
                    if pressed.is_err() {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            }
            worker.join()
        })
    });
    pressed?;
    result.map_err(|_| PyRuntimeError::new_err("the engine failed; please report this"))
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
