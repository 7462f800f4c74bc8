//! The engine's table of contents for Python: checked arrays in, fresh arrays out, the GIL released while it works.

mod arrays;
mod distributions;
mod equations;
mod failure;
mod family;
mod glmm;
mod lmm;
mod many;
mod profile;
mod results;
mod rows;
mod signals;
mod typed;

use pyo3::prelude::*;

/// Small fits ask for many small arrays.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bound the engine to this many threads.
///
/// Parameters
/// ----------
/// n : int
///     At least 1.
#[pyfunction]
fn set_threads(n: usize) {
    mixedmodels_engine::threads::set(n);
}

/// Threads that the engine may use.
///
/// Returns
/// -------
/// int
#[pyfunction]
fn threads() -> usize {
    mixedmodels_engine::threads::count()
}

#[pymodule]
fn _engine(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(set_threads, m)?)?;
    m.add_function(wrap_pyfunction!(threads, m)?)?;
    m.add_function(wrap_pyfunction!(lmm::pivot_columns, m)?)?;
    m.add("EngineError", failure::class(m.py())?)?;
    m.add_function(wrap_pyfunction!(typed::_results, m)?)?;
    m.add_class::<rows::Rows>()?;
    m.add_class::<lmm::Lmm>()?;
    m.add_class::<equations::Equations>()?;
    m.add_function(wrap_pyfunction!(family::family_names, m)?)?;
    m.add_class::<family::Family>()?;
    m.add_class::<glmm::Glmm>()?;
    m.add_function(wrap_pyfunction!(distributions::normal_tail, m)?)?;
    m.add_function(wrap_pyfunction!(distributions::normal_quantile, m)?)?;
    m.add_function(wrap_pyfunction!(distributions::t_tail, m)?)?;
    m.add_function(wrap_pyfunction!(distributions::t_quantile, m)?)?;
    m.add_function(wrap_pyfunction!(distributions::f_tail, m)?)?;
    m.add_function(wrap_pyfunction!(distributions::f_quantile, m)?)?;
    m.add_function(wrap_pyfunction!(distributions::chi_squared_tail, m)?)?;
    m.add_function(wrap_pyfunction!(distributions::chi_squared_quantile, m)?)?;
    Ok(())
}
