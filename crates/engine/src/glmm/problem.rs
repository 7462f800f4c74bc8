//! A generalised model as its rows, family and coordinates: what it is made of, and what every verb asks of it.

use std::sync::Arc;

use super::coordinates::{Coordinates, Place};
use super::data::Data;
use super::held::Held;
use super::laplace::{Method, Work};
use super::likelihood::Likelihood;
use super::penalty::{Penalty, Prior, Priors, Soft};
use super::rows::GlmmRows;
use crate::effects::chart::Chart;
use crate::effects::parameters::Parameters;
use crate::error::EngineError;
use crate::family::{Family, Response, WeightRole};
use crate::gram::Gram;
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
    /// Whether the mean's fixed effects are integrated out too.
    pub(crate) restricted: bool,
    pub(crate) priors: Arc<[Prior]>,
    pub(crate) held: Option<Arc<Held>>,
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

/// A point in the units of the data.
#[derive(Debug, Clone, Default)]
pub struct Parameter {
    pub theta: Vec<f64>,
    pub beta: Vec<f64>,
    pub psi: Vec<f64>,
}

/// Rows from which on some loop of an evaluation is cut into pieces.
const FEW: usize = 5_000;

impl Glmm {
    pub fn new(family: Arc<dyn Family>, rows: &GlmmRows, expected: bool) -> Result<Self, EngineError> {
        threads::stay(|| Self::build(family, rows, expected))
    }

    fn build(family: Arc<dyn Family>, rows: &GlmmRows, expected: bool) -> Result<Self, EngineError> {
        if family.predictors() != rows.offsets.len() {
            return Err(EngineError::shape(format!(
                "the family has {} linear predictors, the rows {}",
                family.predictors(),
                rows.offsets.len()
            )));
        }
        let merge = family.merges().then(|| family.weights());
        let data = Data::of(rows, merge)?;
        if rows.rows.x.is_empty() && rows.rows.terms.is_empty() && family.shapes() == 0 {
            return Err(EngineError::shape("the model has no parameter"));
        }
        let terms: Vec<(usize, usize)> = rows.rows.terms.iter().map(|t| (t.group, t.columns.len())).collect();
        let (groups, sizes): (Vec<usize>, Vec<usize>) = terms.iter().copied().unzip();
        let parameters = Parameters::new(&groups, &sizes, rows.rows.groups.len());
        let chart = Chart::of(&parameters);
        let coordinates = Coordinates { parameters, chart, p: data.x.len(), shapes: family.shapes() };
        let constant = constant(family.as_ref(), &rows.rows);
        let (restricted, priors, held) = (false, Arc::from([]), None);
        Ok(Self { family, data, coordinates, expected, constant, restricted, priors, held, terms })
    }

    /// The same model of another response; `rows` are those of the model with the new response and weights.
    pub fn with_response(&self, rows: &GlmmRows) -> Result<Self, EngineError> {
        let same = rows.rows.x.len() == self.coordinates.p && rows.rows.terms.len() == self.terms.len();
        let renewed = if same { self.data.with_response(&rows.rows) } else { None };
        let Some(data) = renewed else {
            let other = Self::new(Arc::clone(&self.family), rows, self.expected)?;
            return Ok(other.like(self));
        };
        let parameters = self.parameters_of(rows);
        let chart = Chart::of(&parameters);
        let coordinates = Coordinates { parameters, chart, p: self.coordinates.p, shapes: self.coordinates.shapes };
        let constant = constant(self.family.as_ref(), &rows.rows);
        let (family, terms) = (Arc::clone(&self.family), self.terms.clone());
        let (expected, restricted, priors, held) = (self.expected, false, Arc::from([]), None);
        let other = Self { family, data, coordinates, expected, constant, restricted, priors, held, terms };
        Ok(other.like(self))
    }

    /// With the criterion and the parameter space of another.
    fn like(self, other: &Self) -> Self {
        let (restricted, priors, held) = (other.restricted, Arc::clone(&other.priors), other.held.clone());
        Self { restricted, priors, held, ..self }
    }

    /// The same model by its restricted likelihood: the fixed effects of the first linear predictor are integrated out,
    /// under a flat prior, together with the random effects. Their estimates are at the joint mode.
    pub fn by_restricted_likelihood(self) -> Result<Self, EngineError> {
        let mean = self.data.x.iter().filter(|x| x.predictor == 0).count();
        if self.data.x[..mean].iter().any(|x| x.predictor > 0) {
            return Err(EngineError::shape("REML needs the columns of the first linear predictor before all others"));
        }
        if self.expected {
            return Err(EngineError::shape("REML needs the observed information in the determinant"));
        }
        let model = Self { restricted: true, ..self };
        model.check_integrated()?;
        Ok(model)
    }

    /// The same model with priors: what is fitted is the mode of the posterior density. Criterion and log-likelihood stay
    /// without them.
    pub fn with_priors(self, priors: Vec<Prior>) -> Result<Self, EngineError> {
        for prior in &priors {
            prior.check(&self.coordinates.parameters, &self.data, self.family.as_ref())?;
        }
        let model = Self { priors: priors.into(), ..self };
        model.check_integrated()?;
        Ok(model)
    }

    /// The same model with some parameters held or tied.
    pub fn holding(self, held: Held) -> Result<Self, EngineError> {
        held.check(&self.coordinates)?;
        let model = Self { held: Some(Arc::new(held)), ..self };
        model.check_integrated()?;
        Ok(model)
    }

    /// Fixed effects that REML integrates out are no parameters.
    fn check_integrated(&self) -> Result<(), EngineError> {
        if !self.restricted {
            return Ok(());
        }
        let mean = self.data.x.iter().filter(|x| x.predictor == 0).count();
        let on = |prior: &Prior| matches!(prior, Prior::Beta { index, .. } if *index < mean);
        if self.priors.iter().any(on) {
            return Err(EngineError::shape(
                "REML integrates out the fixed effects of the first linear predictor under a flat prior: \
                 a prior of one of them needs maximum likelihood",
            ));
        }
        if self.held.as_ref().is_some_and(|held| held.touches_beta(&self.coordinates, 0, mean)) {
            return Err(EngineError::shape(
                "REML integrates out the fixed effects of the first linear predictor: to hold one of them make it an offset",
            ));
        }
        Ok(())
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

    /// What takes the effects of every term to those of standardised columns, k x k row by row.
    pub fn standards(&self) -> Vec<Vec<f64>> {
        self.coordinates.parameters.standards(&self.data.factor_standard)
    }

    /// Levels and effects of every factor.
    pub fn factors(&self) -> Vec<(usize, usize)> {
        self.data.factors.iter().map(|f| (f.levels, f.k())).collect()
    }

    /// Run inside the thread pool where some loop is cut into pieces.
    pub(super) fn run<R: Send>(&self, method: Method, work: impl FnOnce() -> R + Send) -> R {
        let whole = self.data.layout.small && self.data.n < FEW && method.points <= 1 && !method.penalised;
        if whole { threads::stay(work) } else { threads::run(work) }
    }

    pub(crate) fn method(&self, how: How) -> Result<Method, EngineError> {
        let How { nagq: points, penalised } = how;
        self.check_penalty(how)?;
        if self.restricted && points != 1 {
            return Err(EngineError::shape("REML is defined by Laplace's approximation: nAGQ must be 1"));
        }
        let one = self.data.factors.len() == 1 && self.data.predictors == 1;
        if points <= 1 || one {
            let (expected, restricted) = (self.expected && points == 1, self.restricted);
            return Ok(Method { expected, points, penalised, restricted });
        }
        Err(EngineError::shape("quadrature needs one grouping factor and one linear predictor"))
    }

    /// The penalty is on the weights of the mean's predictor, which know no dispersion.
    fn check_penalty(&self, how: How) -> Result<(), EngineError> {
        let shape = |what: &str| Err(EngineError::shape(what));
        if (how.penalised || !self.priors.is_empty()) && how.nagq == 0 {
            return shape("a penalty needs nAGQ = 1 or more: the joint mode does not see it");
        }
        if how.nagq == 0 && self.held.as_ref().is_some_and(|held| held.touches_beta(&self.coordinates, 0, self.p())) {
            return shape("a fixed effect is held, which needs nAGQ = 1 or more: at the joint mode all of them move");
        }
        if how.penalised && self.restricted {
            return shape(
                "the soft penalty is on the fixed effects, which REML integrates out: fit by maximum likelihood",
            );
        }
        if how.penalised && (self.data.predictors > 1 || self.family.weights() == WeightRole::Precision) {
            return shape("a penalty is for families without a dispersion and for one linear predictor");
        }
        Ok(())
    }

    /// Buffers for evaluations with all that is added to the likelihood.
    pub(crate) fn work(&self, method: Method) -> Work {
        let mut penalties: Vec<Box<dyn Penalty>> = Vec::new();
        if method.penalised {
            penalties.push(Box::new(Soft::new(&self.data)));
        }
        if !self.priors.is_empty() {
            penalties.push(Box::new(Priors::of(&self.priors, &self.coordinates.parameters, &self.data)));
        }
        Work::new(&self.data, method, penalties)
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

    pub(super) fn check_lengths(
        &self,
        theta: Option<&[f64]>,
        beta: Option<&[f64]>,
        psi: Option<&[f64]>,
    ) -> Result<(), EngineError> {
        let given = [("theta", theta, self.n_theta()), ("beta", beta, self.p()), ("psi", psi, self.n_shapes())];
        match given.into_iter().find(|(_, values, expected)| values.is_some_and(|v| v.len() != *expected)) {
            Some((name, _, expected)) => Err(EngineError::shape(format!("{name} does not have {expected} elements"))),
            None => Ok(()),
        }
    }

    pub(super) fn templates(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        self.coordinates.parameters.moved(theta, |g| self.pattern().standard.factors[g].matrix())
    }
}

/// Part of the log-likelihood that depends on the response alone.
fn constant(family: &dyn Family, rows: &Rows) -> f64 {
    family.constant(Response { y: rows.y, weights: rows.weights })
}
