//! Ctrl-C while the engine computes.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

use mixedmodels_engine::error::EngineError;
use mixedmodels_engine::stop::{self, Ended};
use pyo3::intern;
use pyo3::prelude::*;

use crate::failure::{failed, raise};

/// Run `work` with the GIL released, as far as Ctrl-C lets it. Python's main thread listens while it computes or waits.
pub(crate) fn heard<R: Send>(py: Python<'_>, work: impl FnOnce() -> R + Send) -> PyResult<R> {
    let (result, pressed) = heard_all(py, work)?;
    pressed.map_or_else(|| result.ok_or_else(|| raise(EngineError::Interrupted)), Err)
}

/// The same where a result is welcome although a signal came: the result, if `work` came to its end, and what the
/// signal's handler raised.
pub(crate) fn heard_all<R: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> R + Send,
) -> PyResult<(Option<R>, Option<PyErr>)> {
    let pressed: Mutex<Option<PyErr>> = Mutex::new(None);
    let ear = || {
        let handled = Python::attach(|py| py.check_signals());
        handled.map_err(|error| *pressed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error)).is_err()
    };
    let found =
        if hears_signals(py)? { py.detach(|| stop::attended(&ear, work)) } else { py.detach(|| stop::caught(work)) };
    let pressed = pressed.into_inner().unwrap_or_else(PoisonError::into_inner);
    match found {
        Ok(result) => Ok((Some(result), pressed)),
        Err(Ended::Stopped) => Ok((None, pressed)),
        Err(Ended::Panicked) => Err(failed(py)),
    }
}

/// Whether this is the thread on which Python handles signals. Such a thread stays it, in a child of `fork` too, while
/// another may become it there: only "yes" is kept.
fn hears_signals(py: Python<'_>) -> PyResult<bool> {
    thread_local! {
        static YES: Cell<bool> = const { Cell::new(false) };
    }
    if YES.get() {
        return Ok(true);
    }
    let threading = py.import(intern!(py, "threading"))?;
    let main = threading.call_method0(intern!(py, "main_thread"))?.getattr(intern!(py, "ident"))?;
    let answer = main.eq(threading.call_method0(intern!(py, "get_ident"))?)?;
    YES.set(answer);
    Ok(answer)
}

/// Elements between two reports, and about how much work one of a distribution's formulas is.
const ELEMENTS: usize = 1024;
const WORK: usize = 200;

/// f(0), f(1), ..., f(n - 1).
pub(crate) fn each<T: Send>(py: Python<'_>, n: usize, mut f: impl FnMut(usize) -> T + Send) -> PyResult<Vec<T>> {
    heard(py, || {
        let mut values = Vec::with_capacity(n);
        for first in (0..n).step_by(ELEMENTS) {
            stop::point(ELEMENTS * WORK);
            values.extend((first..n.min(first + ELEMENTS)).map(&mut f));
        }
        values
    })
}
