//! Failures of the engine as one exception that says in attributes what went wrong, and where.

use mixedmodels_engine::error::{EngineError, Index};
use mixedmodels_engine::fault::{Fault, Part, fault};
use mixedmodels_engine::rows::Rows;
use pyo3::exceptions::{PyKeyboardInterrupt, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};

const DOC: &str = "A failure of the engine.

Attributes
----------
status : str
    \"shape\", \"empty\", \"rank_deficient\", \"perfect_fit\", \"not_finite\", \"out_of_reach\", \"outside_domain\", \"no_mode\", \"failed\", or what
    is wrong with the data themselves: \"out_of_scale\", \"constant\", \"constant_within\".
kind : str or None
    What `index` counts: \"fixed\" (columns of X), \"random\" (terms) or \"group\" (grouping factors), \"predictor\" or
    \"response\" (of many); \"weights\", and the response of one fit, have no index.
index : int or None
column : int or None
    Position of a column within its random term.
value : float or None
    The largest absolute value of what is out of scale, or the value that is constant.
least : float or None
    The smallest weight.
";

/// What an exception says beside its message.
#[derive(Default)]
struct Said {
    status: &'static str,
    kind: Option<&'static str>,
    index: Option<usize>,
    column: Option<usize>,
    value: Option<f64>,
    least: Option<f64>,
}

/// The class of the exception: a FitError of the package, and a ValueError, as the data may be at fault.
pub(crate) fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let made = CLASS.get_or_try_init(py, || {
        let own = py.import("mixedmodels.errors")?.getattr("FitError")?;
        let bases = PyTuple::new(py, [own, py.get_type::<PyValueError>().into_any()])?;
        let body = PyDict::new(py);
        body.set_item("__doc__", DOC)?;
        body.set_item("__module__", "mixedmodels._engine")?;
        let made = py.get_type::<PyType>().call1(("EngineError", bases, body))?;
        Ok::<_, PyErr>(made.cast_into::<PyType>()?.unbind())
    })?;
    Ok(made.bind(py))
}

/// An engine's error as a Python exception.
pub(crate) fn raise(error: EngineError) -> PyErr {
    if error == EngineError::Interrupted {
        return PyKeyboardInterrupt::new_err(());
    }
    Python::attach(|py| exception(py, &error.to_string(), of_error(&error)))
}

/// The same, where the rows are at hand: what is wrong with them is said in place of what it led to.
pub(crate) fn raise_for(error: EngineError, rows: &Rows) -> PyErr {
    if matches!(error, EngineError::Interrupted | EngineError::Shape(_)) {
        return raise(error);
    }
    let said = fault(rows).map_or_else(|| of_error(&error), |found| of_fault(&found));
    Python::attach(|py| exception(py, &error.to_string(), said))
}

/// The exception after a panic.
pub(crate) fn failed(py: Python<'_>) -> PyErr {
    exception(py, "the engine failed; please report this", Said { status: "failed", ..Said::default() })
}

/// An exception that says what is wrong with rows.
pub(crate) fn of_rows(py: Python<'_>, found: &Fault) -> PyErr {
    exception(py, &found.to_string(), of_fault(found))
}

fn exception(py: Python<'_>, message: &str, said: Said) -> PyErr {
    let made = class(py).and_then(|class| {
        let value = class.call1((message,))?;
        value.setattr("status", said.status)?;
        value.setattr("kind", said.kind)?;
        value.setattr("index", said.index)?;
        value.setattr("column", said.column)?;
        value.setattr("value", said.value)?;
        value.setattr("least", said.least)?;
        Ok(value)
    });
    made.map_or_else(|error| error, PyErr::from_value)
}

fn of_error(error: &EngineError) -> Said {
    let status = match error {
        EngineError::Shape(_) => "shape",
        EngineError::Empty => "empty",
        EngineError::RankDeficient(_) => "rank_deficient",
        EngineError::PerfectFit => "perfect_fit",
        EngineError::NotFinite => "not_finite",
        EngineError::OutOfReach(_) => "out_of_reach",
        EngineError::OutsideDomain => "outside_domain",
        EngineError::NoMode => "no_mode",
        EngineError::Interrupted => "interrupted",
    };
    let (kind, index) = error.index().map_or((None, None), |index| match index {
        Index::Column(column) => (Some("fixed"), Some(column)),
        Index::Group(group) => (Some("group"), Some(group)),
        Index::Term(term) => (Some("random"), Some(term)),
        Index::Predictor(predictor) => (Some("predictor"), Some(predictor)),
        Index::Response(response) => (Some("response"), Some(response)),
    });
    Said { status, kind, index, ..Said::default() }
}

fn of_fault(found: &Fault) -> Said {
    match *found {
        Fault::OutOfScale { part, largest } => {
            let (kind, index, column) = match part {
                Part::Response => ("response", None, None),
                Part::Fixed(column) => ("fixed", Some(column), None),
                Part::Random(term, column) => ("random", Some(term), Some(column)),
            };
            Said { status: "out_of_scale", kind: Some(kind), index, column, value: Some(largest), least: None }
        }
        Fault::Weights { least, largest } => Said {
            status: "out_of_scale",
            kind: Some("weights"),
            value: Some(largest),
            least: Some(least),
            ..Said::default()
        },
        Fault::Constant { value } => {
            Said { status: "constant", kind: Some("response"), value: Some(value), ..Said::default() }
        }
        Fault::ConstantWithin { group, value } => Said {
            status: "constant_within",
            kind: Some("group"),
            index: Some(group),
            value: Some(value),
            ..Said::default()
        },
    }
}
