//! The handle that Python holds: the rows of a generalised mixed model and what can be asked of them.

use std::sync::Arc;

use super::coordinates::{Coordinates, Place};
use super::data::Data;
use super::laplace::{Method, Work};
use super::likelihood::Likelihood;
use super::mode::{Mode, TIGHT};
use super::penalty;
use super::rows::GlmmRows;
use super::search::{Optimum, Search, Watch};
use super::solution::Solution;
use super::start;
use crate::dense::small::{multiply, multiply_transpose_right};
use crate::effects::chart::Chart;
use crate::effects::conditional;
use crate::effects::parameters::Parameters;
use crate::effects::{Plan, plan};
use crate::error::EngineError;
use crate::family::{Family, Response, WeightRole};
use crate::gram::Gram;
use crate::optimize::Options;
use crate::rows::Rows;
use crate::threads;

/// A generalised linear mixed model, immutable: criterion, derivatives and optimum as functions of (theta, beta, psi).
pub struct Glmm {
    pub(crate) family: Arc<dyn Family>,
    pub(crate) data: Data,
    pub(crate) coordinates: Coordinates,
    /// Whether log|H| is that of the expected information.
    pub(crate) expected: bool,
    /// Part of the log-likelihood that depends on the response alone.
    pub(crate) constant: f64,
    terms: Vec<(usize, usize)>,
}

/// Which criterion is asked for.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Points of adaptive quadrature; 1 is Laplace's approximation, 0 the same with beta at the joint mode.
    pub nagq: usize,
    /// Whether the soft penalty is added to the likelihood.
    pub penalised: bool,
}

impl From<usize> for How {
    fn from(nagq: usize) -> Self {
        Self { nagq, penalised: false }
    }
}

/// Laplace's approximation at the observed information.
const LAPLACE: Method = Method { expected: false, points: 1, penalised: false };
/// Rows from which on some loop of an evaluation is cut into pieces.
const FEW: usize = 5_000;

/// Criterion with its gradient in (theta, beta, psi); the gradient is that of the penalised criterion.
#[derive(Debug, Clone)]
pub struct Evaluation {
    pub criterion: f64,
    pub penalised: f64,
    pub gradient: Vec<f64>,
}

impl Glmm {
    pub fn new(family: Arc<dyn Family>, rows: &GlmmRows, expected: bool) -> Result<Self, EngineError> {
        threads::stay(|| Self::build(family, rows, expected))
    }

    fn build(family: Arc<dyn Family>, rows: &GlmmRows, expected: bool) -> Result<Self, EngineError> {
        if family.predictors() != rows.offsets.len() {
            return Err(EngineError::Shape(format!(
                "the family has {} linear predictors, the rows {}",
                family.predictors(),
                rows.offsets.len()
            )));
        }
        let merge = family.merges().then(|| family.about().weights);
        let data = Data::of(rows, merge)?;
        if rows.rows.x.is_empty() && rows.rows.terms.is_empty() && family.shapes() == 0 {
            return Err(EngineError::Shape("the model has no parameter".into()));
        }
        let terms: Vec<(usize, usize)> = rows.rows.terms.iter().map(|t| (t.group, t.columns.len())).collect();
        let (groups, sizes): (Vec<usize>, Vec<usize>) = terms.iter().copied().unzip();
        let parameters = Parameters::new(&groups, &sizes, rows.rows.groups.len());
        let chart = Chart::of(&parameters);
        let coordinates = Coordinates { parameters, chart, p: data.x.len(), shapes: family.shapes() };
        let constant = constant(family.as_ref(), &rows.rows);
        Ok(Self { family, data, coordinates, expected, constant, terms })
    }

    /// The same model of another response; `rows` are those of the model with the new response and weights.
    pub fn with_response(&self, rows: &GlmmRows) -> Result<Self, EngineError> {
        let same = rows.rows.x.len() == self.coordinates.p && rows.rows.terms.len() == self.terms.len();
        let renewed = if same { self.data.with_response(&rows.rows) } else { None };
        let Some(data) = renewed else {
            return Self::new(Arc::clone(&self.family), rows, self.expected);
        };
        let parameters = self.parameters_of(rows);
        let chart = Chart::of(&parameters);
        let coordinates = Coordinates { parameters, chart, p: self.coordinates.p, shapes: self.coordinates.shapes };
        let constant = constant(self.family.as_ref(), &rows.rows);
        let (family, terms) = (Arc::clone(&self.family), self.terms.clone());
        Ok(Self { family, data, coordinates, expected: self.expected, constant, terms })
    }

    fn parameters_of(&self, rows: &GlmmRows) -> Parameters {
        let (groups, sizes): (Vec<usize>, Vec<usize>) = self.terms.iter().copied().unzip();
        Parameters::new(&groups, &sizes, rows.rows.groups.len())
    }

    /// The caller's rows.
    pub fn n(&self) -> usize {
        self.data.row_of.len()
    }

    pub fn p(&self) -> usize {
        self.coordinates.p
    }

    /// Random effects altogether.
    pub fn q(&self) -> usize {
        self.data.pattern.q()
    }

    pub fn n_theta(&self) -> usize {
        self.coordinates.parameters.count
    }

    pub fn n_shapes(&self) -> usize {
        self.coordinates.shapes
    }

    /// Grouping factor and number of effects of every term.
    pub fn terms(&self) -> &[(usize, usize)] {
        &self.terms
    }

    /// Levels and effects of every factor.
    pub fn factors(&self) -> Vec<(usize, usize)> {
        self.data.factors.iter().map(|f| (f.levels, f.k())).collect()
    }

    pub fn describe(&self) -> Plan {
        plan::plan(&self.data.pattern, &self.data.layout)
    }

    /// Run inside the thread pool where some loop is cut into pieces.
    fn run<R: Send>(&self, method: Method, work: impl FnOnce() -> R + Send) -> R {
        let whole = self.data.layout.small && self.data.n < FEW && method.points <= 1 && !method.penalised;
        if whole { threads::stay(work) } else { threads::run(work) }
    }

    /// The optimum.
    pub fn fit(
        &self,
        how: impl Into<How>,
        start: &Start,
        options: Options,
        watch: Watch,
    ) -> Result<Optimum, EngineError> {
        let method = self.method(how.into())?;
        self.check_lengths(start.theta.as_deref(), start.beta.as_deref(), start.psi.as_deref())?;
        self.run(method, || {
            let mut place = start::place(self.likelihood(), &self.coordinates)?;
            if let Some(theta) = &start.theta {
                place.templates = self.templates(theta);
            }
            if method.penalised {
                let factors = self.data.factor_standard.iter().zip(&place.templates);
                place.templates = factors.map(|(standard, t)| penalty::inside(standard, t)).collect();
            }
            if let Some(beta) = &start.beta {
                place.beta = self.coordinates.standardised_beta(&self.data, beta);
            }
            if let Some(psi) = &start.psi {
                place.psi.clone_from(psi);
            }
            self.search(method, place, options, watch)
        })
    }

    pub(crate) fn method(&self, how: How) -> Result<Method, EngineError> {
        let How { nagq: points, penalised } = how;
        self.check_penalty(how)?;
        let one = self.data.factors.len() == 1 && self.data.predictors == 1;
        if points <= 1 || one {
            return Ok(Method { expected: self.expected && points == 1, points, penalised });
        }
        Err(EngineError::Shape("quadrature needs one grouping factor and one linear predictor".into()))
    }

    /// The penalty is on the weights of the mean's predictor, which know no dispersion.
    fn check_penalty(&self, how: How) -> Result<(), EngineError> {
        let shape = |what: &str| Err(EngineError::Shape(what.into()));
        if how.penalised && how.nagq == 0 {
            return shape("a penalty needs nAGQ = 1 or more: the joint mode does not see it");
        }
        if how.penalised && (self.data.predictors > 1 || self.family.about().weights == WeightRole::Precision) {
            return shape("a penalty is for families without a dispersion and for one linear predictor");
        }
        Ok(())
    }

    /// Criterion and gradient at a point.
    pub fn evaluate(&self, how: impl Into<How>, at: &Parameter) -> Result<Evaluation, EngineError> {
        let Solution { criterion, penalised, gradient, .. } = self.results(self.method(how.into())?, at, false)?;
        Ok(Evaluation { criterion, penalised, gradient })
    }

    /// All results at a point, without optimising, second derivatives included.
    pub fn at(&self, how: impl Into<How>, at: &Parameter) -> Result<Solution, EngineError> {
        self.results(self.method(how.into())?, at, true)
    }

    fn results(&self, method: Method, at: &Parameter, second: bool) -> Result<Solution, EngineError> {
        let x = self.coordinates.vector(&self.place(at)?);
        self.run(method, || {
            let mut never = |_: usize, _: f64| true;
            let mut search = Search::new(self, method, &mut never);
            let (state, mut point) = search.state(&x, TIGHT).ok_or(EngineError::NoMode)?;
            if second {
                search.base = Some(state.mode.clone());
                point.hessian = super::hessian::second_derivatives(&mut search, &x, &point)?;
            }
            Ok(self.solution_of(&search, &x, &state, point))
        })
    }

    /// Conditional covariance of every level's effects given the parameters, all terms of a factor together.
    pub fn conditional_variances(&self, at: &Parameter) -> Result<Vec<Vec<f64>>, EngineError> {
        let place = self.place(at)?;
        self.run(LAPLACE, || {
            let mut work = Work::new(&self.data, LAPLACE);
            let start = Mode::zero(&self.data);
            work.mode(self.likelihood(), place.at(), &start, TIGHT).ok_or(EngineError::NoMode)?;
            let inner = &mut work.inner;
            inner.elimination.tail.invert();
            let blocks = conditional::blocks(&inner.gram, &self.data.layout, &inner.elimination);
            Ok(blocks.iter().enumerate().map(|(g, values)| self.original_blocks(g, values)).collect())
        })
    }

    fn original_blocks(&self, factor: usize, values: &[f64]) -> Vec<f64> {
        let k = self.data.factors[factor].k();
        let back = self.data.factor_standard[factor].inverse();
        let (mut half, mut out) = (vec![0.0; k * k], Vec::with_capacity(values.len()));
        for block in values.chunks_exact(k * k) {
            let mut turned = vec![0.0; k * k];
            multiply(&back, block, k, &mut half);
            multiply_transpose_right(&half, &back, k, &mut turned);
            out.extend_from_slice(&turned);
        }
        out
    }

    pub(crate) fn likelihood(&self) -> Likelihood<'_> {
        Likelihood { family: self.family.as_ref(), data: &self.data }
    }

    pub(crate) fn levels(&self) -> Vec<usize> {
        self.data.factors.iter().map(|f| f.levels).collect()
    }

    pub(crate) fn pattern(&self) -> &Gram {
        &self.data.pattern
    }

    /// A user's parameters in standardised units.
    pub(crate) fn place(&self, at: &Parameter) -> Result<Place, EngineError> {
        self.check_lengths(Some(&at.theta), Some(&at.beta), Some(&at.psi))?;
        Ok(Place {
            beta: self.coordinates.standardised_beta(&self.data, &at.beta),
            templates: self.templates(&at.theta),
            psi: at.psi.clone(),
        })
    }

    fn check_lengths(
        &self,
        theta: Option<&[f64]>,
        beta: Option<&[f64]>,
        psi: Option<&[f64]>,
    ) -> Result<(), EngineError> {
        let given = [("theta", theta, self.n_theta()), ("beta", beta, self.p()), ("psi", psi, self.n_shapes())];
        match given.into_iter().find(|(_, values, expected)| values.is_some_and(|v| v.len() != *expected)) {
            Some((name, _, expected)) => Err(EngineError::Shape(format!("{name} does not have {expected} elements"))),
            None => Ok(()),
        }
    }

    fn templates(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        self.coordinates.parameters.moved(theta, |g| self.pattern().standard.factors[g].matrix())
    }
}

/// Where a search begins, in the units of the data; what is not given is found.
#[derive(Debug, Clone, Default)]
pub struct Start {
    pub theta: Option<Vec<f64>>,
    pub beta: Option<Vec<f64>>,
    pub psi: Option<Vec<f64>>,
}

/// A point in the units of the data.
#[derive(Debug, Clone, Default)]
pub struct Parameter {
    pub theta: Vec<f64>,
    pub beta: Vec<f64>,
    pub psi: Vec<f64>,
}

/// Part of the log-likelihood that depends on the response alone.
fn constant(family: &dyn Family, rows: &Rows) -> f64 {
    family.constant(Response { y: rows.y, weights: rows.weights })
}
