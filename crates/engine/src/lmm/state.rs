//! One evaluation of a model: factorise, back-substitute, take derivatives along directions of the templates.

use super::krylov::Krylov;
use super::one_factor::{self, OneFactor};
use super::system::{Parts, System};
use crate::effects::border::Border;
use crate::effects::elimination::Elimination;
use crate::effects::information::{add_curvature, average_information};
use crate::effects::parameters::Direction;
use crate::effects::score::{back_substitute, outer_sums, trace_sums};
use crate::effects::tail::plan::TailPlan;
use crate::effects::template::{Template, inner};
use crate::error::EngineError;

/// Buffers of an evaluation, by the path that the model takes.
pub(crate) enum Work {
    OneFactor(Box<OneFactor>),
    General(Box<Elimination>),
    Krylov(Box<Krylov>),
}

/// What one evaluation leaves behind, in standardised units.
#[derive(Clone)]
pub(crate) struct State {
    pub criterion: f64,
    /// Standard error of the criterion where it is estimated, else 0.
    pub criterion_error: f64,
    pub logdet_u: f64,
    pub border: Border,
    pub beta: Vec<f64>,
    pub s2: f64,
    /// Z'P y of every factor, k a level; empty where levels are handled by class.
    pub s: Vec<Vec<f64>>,
    /// T of every factor as evaluated: b = T T' s.
    pub templates: Vec<Vec<f64>>,
    /// d criterion / d Sigma of every factor.
    pub d: Vec<Vec<f64>>,
    /// sum of [Z'V^-1 Z]_ll, the scale of D.
    pub scale: Vec<Vec<f64>>,
    /// Along the directions: gradient, average information, and that plus the curvature of T -> T T'.
    pub gradient: Vec<f64>,
    pub information: Vec<f64>,
    pub hessian: Vec<f64>,
}

impl Work {
    pub(crate) fn new(system: System) -> Self {
        let gram = system.gram;
        if matches!(system.layout.plan, TailPlan::Absent) {
            return Self::Krylov(Box::new(Krylov::new(system)));
        }
        match system.layout.leaf {
            Some(leaf) if one_factor::serves(gram, system.layout) => {
                let blocks = &gram.factors[leaf];
                Self::OneFactor(Box::new(OneFactor::new(blocks.levels, blocks.k, gram.p, system.classes)))
            }
            _ => Self::General(Box::new(Elimination::new(gram, system.layout))),
        }
    }

    /// The criterion alone.
    pub(crate) fn criterion(&mut self, system: System, templates: &[Vec<f64>]) -> Result<f64, EngineError> {
        let gram = system.gram;
        match self {
            Self::OneFactor(one) => {
                let template = Template::of(&templates[0], gram.factors[0].k);
                one.eliminate(&gram.factors[0], system.classes, &gram.fixed, &template)?;
                Ok(system.criterion(&one.border, one.logdet_u))
            }
            Self::General(e) => {
                e.factorise(gram, system.layout, templates)?;
                Ok(system.criterion(&e.border, e.logdet_u))
            }
            Self::Krylov(krylov) => {
                krylov.criterion(system, templates)?;
                Ok(system.criterion(krylov.border(), krylov.logdet_u))
            }
        }
    }

    /// `[X y]'V^-1 [X y]`, factorised, as the last evaluation left it.
    pub(crate) fn border(&self) -> &Border {
        match self {
            Self::OneFactor(one) => &one.border,
            Self::General(e) => &e.border,
            Self::Krylov(krylov) => krylov.border(),
        }
    }

    /// At an optimum: true if the criterion is estimated and was made more exact, so that the search should go on.
    pub(crate) fn settle(&mut self) -> bool {
        match self {
            Self::Krylov(krylov) => krylov.settle(),
            Self::OneFactor(_) | Self::General(_) => false,
        }
    }

    /// Everything, along the given directions.
    pub(crate) fn evaluate(
        &mut self,
        system: System,
        templates: &[Vec<f64>],
        directions: &[Direction],
    ) -> Result<State, EngineError> {
        let parts = match self {
            Self::OneFactor(one) => one_factor_parts(one, system, templates, directions)?,
            Self::General(e) => general_parts(e, system, templates, directions)?,
            Self::Krylov(krylov) => krylov.evaluate(system, templates, directions)?,
        };
        Ok(state(system, parts, templates, directions))
    }
}

fn one_factor_parts(
    one: &mut OneFactor,
    system: System,
    templates: &[Vec<f64>],
    directions: &[Direction],
) -> Result<Parts, EngineError> {
    let blocks = &system.gram.factors[0];
    let template = Template::of(&templates[0], blocks.k);
    let trace = one.eliminate(blocks, system.classes, &system.gram.fixed, &template)?;
    let noise = system.noise(one.border.r2);
    let beta = one.border.beta();
    let mut sums = one.sums(blocks, system.classes, trace, &beta, system.reml);
    let information = one.average_information(&sums, &templates[0], directions, blocks.k, noise);
    Ok(Parts {
        border: one.border.clone(),
        logdet_u: one.logdet_u,
        criterion_error: 0.0,
        beta,
        s2: noise.s2,
        scale: vec![template.score_matrix(&sums.trace)],
        outer: vec![one.outer(&sums, noise.s2)],
        s: vec![std::mem::take(&mut sums.s)],
        templates: vec![template.t],
        information,
    })
}

fn general_parts(
    e: &mut Elimination,
    system: System,
    templates: &[Vec<f64>],
    directions: &[Direction],
) -> Result<Parts, EngineError> {
    let (gram, layout) = (system.gram, system.layout);
    e.factorise(gram, layout, templates)?;
    let noise = system.noise(e.border.r2);
    let beta = e.border.beta();
    let parts = back_substitute(gram, layout, e, &beta);
    // The information needs the tail's Cholesky factor, which the inverse then overwrites.
    let information = average_information(gram, layout, e, &parts, templates, directions, noise);
    e.tail.invert();
    let sums = trace_sums(gram, layout, e);
    let outer = (0..gram.factors.len())
        .map(|g| outer_sums(e, &parts[g], gram.factors[g].k, gram.p, noise.s2, system.reml))
        .collect();
    Ok(Parts {
        border: e.border.clone(),
        logdet_u: e.logdet_u,
        criterion_error: 0.0,
        beta,
        s2: noise.s2,
        scale: e.leaves.templates.iter().zip(&sums).map(|(t, s)| t.score_matrix(s)).collect(),
        outer,
        s: parts.into_iter().map(|p| p.s).collect(),
        templates: e.leaves.templates.iter().map(|t| t.t.clone()).collect(),
        information,
    })
}

/// Derivatives along the directions from what a path delivers.
fn state(system: System, parts: Parts, templates: &[Vec<f64>], directions: &[Direction]) -> State {
    let d: Vec<Vec<f64>> = parts
        .scale
        .iter()
        .zip(&parts.outer)
        .map(|(b, outer)| b.iter().zip(outer).map(|(b, o)| b - o).collect())
        .collect();
    let k = |m: &Direction| system.gram.factors[m.group].k;
    let gradient = directions.iter().map(|m| 2.0 * inner(&m.dt, &d[m.group], &templates[m.group], k(m))).collect();
    let mut hessian = parts.information.clone();
    add_curvature(&mut hessian, directions, &d, k);
    State {
        criterion: system.criterion(&parts.border, parts.logdet_u),
        criterion_error: parts.criterion_error,
        logdet_u: parts.logdet_u,
        border: parts.border,
        beta: parts.beta,
        s2: parts.s2,
        s: parts.s,
        templates: parts.templates,
        d,
        scale: parts.scale,
        gradient,
        information: parts.information,
        hessian,
    }
}
