//! Families: what they say of themselves, and their functions over arrays.

use mixedmodels_engine::family::registry;
use mixedmodels_engine::family::{
    self as engine, Expected, Map, Moments, Parts, Response, Second, Shape, ShapeAbout, Support, WeightRole, generator,
};
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{MaybeColumn, slice};
use crate::failure::raise;
use crate::results::FamilyDerivatives;
use crate::signals::each;

type Values<'py> = Bound<'py, PyArray1<f64>>;

/// Names of all families.
///
/// Returns
/// -------
/// list of str
#[pyfunction]
pub(crate) fn family_names() -> Vec<&'static str> {
    registry::names()
}

/// A family with its link: an immutable handle. Arrays are float64 of one length, contiguous; `psi` are the free shapes
/// on the scale on which they are estimated, the logarithms of positive ones.
///
/// Parameters
/// ----------
/// name : str
///     One of `family_names()`.
/// link : str or None
///     None is the family's default.
/// fixed : None or list of (float or None)
///     Shapes that are fixed; None where they are free.
/// zeros, dispersion : bool
///     Whether structural zeros (on the logit scale), and the logarithm of the dispersion, have linear predictors.
/// weights_role : None or str
///     "cases" or "precision" in place of the family's own.
/// y, mu : float64 array
///     Response, mean.
/// eta : float64 array
///     Linear predictor; of several predictors all n values of the first, then those of the next.
/// weights : float64 array or None
///     Prior weights; None is ones.
/// psi : list of float
///     Free shapes on the scale on which they are estimated.
/// values : list of float
///     Free shapes.
/// seed : int
///     Seed of the random numbers.
#[pyclass(frozen)]
pub(crate) struct Family {
    pub(crate) inner: std::sync::Arc<dyn engine::Family>,
}

impl Family {
    /// Elementwise in one array.
    fn map<'py>(
        py: Python<'py>,
        values: &PyReadonlyArray1<'_, f64>,
        f: impl Fn(f64) -> f64 + Sync,
    ) -> PyResult<Values<'py>> {
        let values = slice(values)?;
        Ok(PyArray1::from_vec(py, each(py, values.len(), |i| f(values[i]))?))
    }

    /// Something of every free shape.
    fn free<T>(&self, of: impl Fn(&ShapeAbout) -> T) -> Vec<T> {
        let shapes = self.inner.about().shapes;
        self.inner.free_shapes().into_iter().map(|j| of(&shapes[j])).collect()
    }

    /// Linear predictors of the mean, of rows that have all predictors.
    fn first<'a>(&self, eta: &'a [f64], n: usize) -> PyResult<&'a [f64]> {
        if eta.len() != n * self.inner.predictors() {
            return Err(PyValueError::new_err(format!(
                "eta has {} values, {} rows with {} linear predictors {}",
                eta.len(),
                n,
                self.inner.predictors(),
                n * self.inner.predictors()
            )));
        }
        Ok(&eta[..n])
    }

    /// Linear predictors of a row.
    fn row(&self, eta: &[f64], i: usize, n: usize) -> Vec<f64> {
        (0..self.inner.predictors()).map(|r| eta[r * n + i]).collect()
    }

    fn check_psi(&self, psi: &[f64]) -> PyResult<()> {
        if psi.len() == self.inner.shapes() {
            return Ok(());
        }
        Err(PyValueError::new_err(format!(
            "psi has {} values, the family {} free shapes",
            psi.len(),
            self.inner.shapes()
        )))
    }
}

fn role(name: &str) -> PyResult<WeightRole> {
    match name {
        "cases" => Ok(WeightRole::Cases),
        "precision" => Ok(WeightRole::Precision),
        "trials" => Ok(WeightRole::Trials),
        other => Err(PyValueError::new_err(format!("there is no role of weights called {other:?}"))),
    }
}

/// Rows whose arrays have one length.
fn rows<'a>(y: &'a [f64], weights: Option<&'a [f64]>, beside: &[f64]) -> PyResult<Response<'a>> {
    if y.len() != beside.len() || weights.is_some_and(|w| w.len() != y.len()) {
        return Err(PyValueError::new_err("arrays differ in length"));
    }
    Ok(Response { y, weights })
}

#[pymethods]
impl Family {
    #[new]
    #[pyo3(signature = (name, link=None, fixed=None, zeros=false, dispersion=false, weights_role=None))]
    fn new(
        name: &str,
        link: Option<&str>,
        fixed: Option<Vec<Option<f64>>>,
        zeros: bool,
        dispersion: bool,
        weights_role: Option<&str>,
    ) -> PyResult<Self> {
        let weights = weights_role.map(role).transpose()?;
        let parts = Parts { zeros, dispersion, weights };
        Ok(Self { inner: registry::with_parts(name, link, &fixed.unwrap_or_default(), parts).map_err(raise)?.into() })
    }

    /// int: linear predictors, that of the mean first, of structural zeros next, of the dispersion last.
    #[getter]
    fn predictors(&self) -> usize {
        self.inner.predictors()
    }

    /// str: as R prints it.
    #[getter]
    fn name(&self) -> &str {
        self.inner.about().name
    }

    /// str: name of the link.
    #[getter]
    fn link(&self) -> &str {
        self.inner.link().name()
    }

    /// list of str: links that it can have, the default first.
    #[getter]
    fn links(&self) -> Vec<&'static str> {
        self.inner.about().links.to_vec()
    }

    /// list of str: names of all shape parameters, fixed ones too.
    #[getter]
    fn all_shapes(&self) -> Vec<&'static str> {
        self.inner.about().shapes.iter().map(|shape| shape.name).collect()
    }

    /// list of str: names of the free shape parameters.
    #[getter]
    fn shapes(&self) -> Vec<&'static str> {
        self.free(|shape| shape.name)
    }

    /// str: where a response may lie: "real", "counts", "positive counts", "positive", "nonnegative", "open unit",
    /// "closed unit" or "proportion".
    #[getter]
    fn support(&self) -> &'static str {
        match self.inner.support() {
            Support::Real => "real",
            Support::NonNegative => "nonnegative",
            Support::PositiveCounts => "positive counts",
            Support::OpenUnit => "open unit",
            Support::ClosedUnit => "closed unit",
            Support::Counts => "counts",
            Support::Positive => "positive",
            Support::Proportion => "proportion",
        }
    }

    /// str: what prior weights are: "trials", "cases" or "precision".
    #[getter]
    fn weights_role(&self) -> &'static str {
        match self.inner.weights() {
            WeightRole::Trials => "trials",
            WeightRole::Cases => "cases",
            WeightRole::Precision => "precision",
        }
    }

    /// list of str: for each free shape "log", "identity" or "between": what psi is of it.
    #[getter]
    fn maps(&self) -> Vec<&'static str> {
        self.free(|shape| match shape.map {
            Map::Log => "log",
            Map::Identity => "identity",
            Map::Between(..) => "between",
        })
    }

    /// Free shapes at psi.
    ///
    /// Returns
    /// -------
    /// list of float
    fn shape_values(&self, psi: Vec<f64>) -> PyResult<Vec<f64>> {
        self.check_psi(&psi)?;
        let maps: Vec<Map> = self.free(|shape| shape.map);
        Ok(maps.iter().zip(psi).map(|(map, psi)| map.value(psi)).collect())
    }

    /// psi of free shapes; NaN or infinite where there is none.
    ///
    /// Returns
    /// -------
    /// list of float
    fn shape_psi(&self, values: Vec<f64>) -> PyResult<Vec<f64>> {
        self.check_psi(&values)?;
        let maps: Vec<Map> = self.free(|shape| shape.map);
        Ok(maps.iter().zip(values).map(|(map, value)| map.psi(value)).collect())
    }

    /// Derivatives of the free shapes in psi.
    ///
    /// Returns
    /// -------
    /// list of float
    fn shape_slopes(&self, psi: Vec<f64>) -> PyResult<Vec<f64>> {
        self.check_psi(&psi)?;
        let maps: Vec<Map> = self.free(|shape| shape.map);
        Ok(maps.iter().zip(psi).map(|(map, psi)| map.slope(psi)).collect())
    }

    /// bool: whether 0 is a response though it lies outside the support.
    #[getter]
    fn allows_zero(&self) -> bool {
        self.inner.allows_zero()
    }

    /// str: density, mean, variance and parametrisation in words.
    #[getter]
    fn density(&self) -> &str {
        self.inner.about().density
    }

    /// Mean of a linear predictor; NaN outside the domain of the link.
    ///
    /// Returns
    /// -------
    /// float64 array
    fn mean<'py>(&self, py: Python<'py>, eta: PyReadonlyArray1<'_, f64>) -> PyResult<Values<'py>> {
        Self::map(py, &eta, |eta| self.inner.link().mean(eta))
    }

    /// Linear predictor of a mean.
    ///
    /// Returns
    /// -------
    /// float64 array
    fn predictor<'py>(&self, py: Python<'py>, mu: PyReadonlyArray1<'_, f64>) -> PyResult<Values<'py>> {
        Self::map(py, &mu, |mu| self.inner.link().predictor(mu))
    }

    /// Derivative of the mean in the linear predictor.
    ///
    /// Returns
    /// -------
    /// float64 array
    fn mean_derivative<'py>(&self, py: Python<'py>, eta: PyReadonlyArray1<'_, f64>) -> PyResult<Values<'py>> {
        Self::map(py, &eta, |eta| self.inner.link().derivatives(eta)[1])
    }

    /// V(mu): the variance of a response is dispersion V(mu) / weight.
    ///
    /// Returns
    /// -------
    /// float64 array
    fn variance<'py>(&self, py: Python<'py>, mu: PyReadonlyArray1<'_, f64>, psi: Vec<f64>) -> PyResult<Values<'py>> {
        self.check_psi(&psi)?;
        Self::map(py, &mu, |mu| self.inner.variance(mu, &psi))
    }

    /// Factor of V(mu).
    ///
    /// Returns
    /// -------
    /// float
    fn dispersion(&self, psi: Vec<f64>) -> PyResult<f64> {
        self.check_psi(&psi)?;
        Ok(self.inner.dispersion(&psi))
    }

    /// Squared deviance residuals of rows of weight 1.
    ///
    /// Returns
    /// -------
    /// float64 array
    fn unit_deviance<'py>(
        &self,
        py: Python<'py>,
        y: PyReadonlyArray1<'_, f64>,
        mu: PyReadonlyArray1<'_, f64>,
        psi: Vec<f64>,
    ) -> PyResult<Values<'py>> {
        self.check_psi(&psi)?;
        let (y, mu) = (slice(&y)?, slice(&mu)?);
        rows(y, None, mu)?;
        let values = each(py, mu.len(), |i| self.inner.unit_deviance(y[i], mu[i], &psi))?;
        Ok(PyArray1::from_vec(py, values))
    }

    /// Log-likelihood of each row, constants included.
    ///
    /// Returns
    /// -------
    /// float64 array
    fn log_density<'py>(
        &self,
        py: Python<'py>,
        y: PyReadonlyArray1<'_, f64>,
        weights: MaybeColumn<'_>,
        eta: PyReadonlyArray1<'_, f64>,
        psi: Vec<f64>,
    ) -> PyResult<Values<'py>> {
        self.check_psi(&psi)?;
        let (eta, y) = (slice(&eta)?, slice(&y)?);
        let data = rows(y, weights.as_ref().map(slice).transpose()?, self.first(eta, y.len())?)?;
        let one = |i: usize| self.inner.log_density(data.y[i], data.weight(i), &self.row(eta, i, y.len()), &psi);
        Ok(PyArray1::from_vec(py, each(py, y.len(), one)?))
    }

    /// Mean, variance and probability of 0 of the response of each row, given all linear predictors.
    ///
    /// Returns
    /// -------
    /// tuple of float64 array, float64 array, float64 array
    fn moments<'py>(
        &self,
        py: Python<'py>,
        eta: PyReadonlyArray1<'_, f64>,
        weights: MaybeColumn<'_>,
        psi: Vec<f64>,
    ) -> PyResult<(Values<'py>, Values<'py>, Values<'py>)> {
        self.check_psi(&psi)?;
        let eta = slice(&eta)?;
        let n = eta.len() / self.inner.predictors();
        let first = self.first(eta, n)?;
        let data = rows(first, weights.as_ref().map(slice).transpose()?, first)?;
        let all: Vec<Moments> = each(py, n, |i| self.inner.moments(data.weight(i), &self.row(eta, i, n), &psi))?;
        let one = |of: fn(&Moments) -> f64| PyArray1::from_vec(py, all.iter().map(of).collect());
        Ok((one(|m| m.mean), one(|m| m.variance), one(|m| m.zero)))
    }

    /// One response per row, given all linear predictors.
    ///
    /// Returns
    /// -------
    /// float64 array
    fn draw_at<'py>(
        &self,
        py: Python<'py>,
        eta: PyReadonlyArray1<'_, f64>,
        weights: MaybeColumn<'_>,
        psi: Vec<f64>,
        seed: u64,
    ) -> PyResult<Values<'py>> {
        self.check_psi(&psi)?;
        let eta = slice(&eta)?;
        let n = eta.len() / self.inner.predictors();
        let first = self.first(eta, n)?;
        let data = rows(first, weights.as_ref().map(slice).transpose()?, first)?;
        let mut rng = generator(seed);
        let one = |i: usize| self.inner.draw_at(&mut rng, data.weight(i), &self.row(eta, i, n), &psi);
        Ok(PyArray1::from_vec(py, each(py, n, one)?))
    }

    /// Sums and rows that the engine works with: "constant", "l" (without it), and per row "g", "w", "t" (dW / d eta);
    /// per free shape lists "l_psi", "g_psi", "w_psi"; "l_psi_psi" (shapes squared); "expected", "expected_t" and
    /// the list "expected_psi", or None where expected weights are the observed ones. Of m predictors "g" has m runs of
    /// n rows, "w" one for each pair s <= t at t (t + 1) / 2 + s, "t" m runs for each pair.
    ///
    /// Returns
    /// -------
    /// FamilyDerivatives
    fn derivatives<'py>(
        &self,
        py: Python<'py>,
        y: PyReadonlyArray1<'_, f64>,
        weights: MaybeColumn<'_>,
        eta: PyReadonlyArray1<'_, f64>,
        psi: Vec<f64>,
    ) -> PyResult<FamilyDerivatives<'py>> {
        self.check_psi(&psi)?;
        let (eta, y) = (slice(&eta)?, slice(&y)?);
        let data = rows(y, weights.as_ref().map(slice).transpose()?, self.first(eta, y.len())?)?;
        let (family, n, s, m) = (&self.inner, y.len(), psi.len(), self.inner.predictors());
        let (column, square) = (|| vec![0.0; n * m], || vec![0.0; n * m * (m + 1) / 2]);
        let (mut g, mut w, mut t) = (column(), square(), vec![0.0; n * m * m * (m + 1) / 2]);
        let l = family.second(data, eta, &psi, Second { g: &mut g, w: &mut w });
        family.third(data, eta, &psi, &mut t);
        let array = |values: Vec<f64>| PyArray1::from_vec(py, values);
        let (mut l_psi, mut g_psi, mut w_psi) = (Vec::new(), Vec::new(), Vec::new());
        for j in 0..s {
            let (mut g, mut w) = (column(), square());
            l_psi.push(family.shape(data, eta, &psi, j, Shape { g: &mut g, w: &mut w }));
            g_psi.push(array(g));
            w_psi.push(array(w));
        }
        let mut l_psi_psi = vec![0.0; s * s];
        family.shape_curvature(data, eta, &psi, &mut l_psi_psi);
        let (mut ew, mut dw, mut dw_shape) = (square(), vec![0.0; t.len()], vec![0.0; w.len() * s]);
        let expected = family.expected(data, eta, &psi, Expected { w: &mut ew, dw: &mut dw, dw_shape: &mut dw_shape });
        let size = w.len().max(1);
        let shapes = || dw_shape.chunks(size).map(|run| PyArray1::from_slice(py, run)).collect();
        Ok(FamilyDerivatives {
            py,
            constant: family.constant(data),
            value: family.value(data, eta, &psi),
            l,
            g: array(g),
            w: array(w),
            t: array(t),
            l_psi,
            g_psi,
            w_psi,
            l_psi_psi,
            expected: expected.then(|| array(ew)),
            expected_t: expected.then(|| array(dw)),
            expected_psi: expected.then(shapes),
        })
    }

    /// One response per mean.
    ///
    /// Returns
    /// -------
    /// float64 array
    fn draw<'py>(
        &self,
        py: Python<'py>,
        mu: PyReadonlyArray1<'_, f64>,
        weights: MaybeColumn<'_>,
        psi: Vec<f64>,
        seed: u64,
    ) -> PyResult<Values<'py>> {
        self.check_psi(&psi)?;
        let mu = slice(&mu)?;
        let data = rows(mu, weights.as_ref().map(slice).transpose()?, mu)?;
        let mut rng = generator(seed);
        let one = |i: usize| self.inner.draw(&mut rng, mu[i], data.weight(i), &psi);
        Ok(PyArray1::from_vec(py, each(py, mu.len(), one)?))
    }

    /// Means to start from.
    ///
    /// Returns
    /// -------
    /// float64 array
    fn start_mean<'py>(
        &self,
        py: Python<'py>,
        y: PyReadonlyArray1<'_, f64>,
        weights: MaybeColumn<'_>,
    ) -> PyResult<Values<'py>> {
        let y = slice(&y)?;
        let data = rows(y, weights.as_ref().map(slice).transpose()?, y)?;
        let one = |i: usize| self.inner.start_mean(y[i], data.weight(i));
        Ok(PyArray1::from_vec(py, each(py, y.len(), one)?))
    }

    /// Values of psi to start from, given means.
    ///
    /// Returns
    /// -------
    /// list of float
    fn start_shapes(
        &self,
        y: PyReadonlyArray1<'_, f64>,
        weights: MaybeColumn<'_>,
        mu: PyReadonlyArray1<'_, f64>,
    ) -> PyResult<Vec<f64>> {
        let mu = slice(&mu)?;
        Ok(self.inner.start_shapes(rows(slice(&y)?, weights.as_ref().map(slice).transpose()?, mu)?, mu))
    }
}
