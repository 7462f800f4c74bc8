//! A point of the parameter space, what an evaluation leaves behind there, and derivatives along the shapes.

use super::likelihood::Likelihood;
use super::mode::Mode;

/// What one evaluation leaves behind, in standardised units; derivatives are those of the deviance, 2F.
#[derive(Clone)]
pub(crate) struct State {
    /// -2 log-likelihood without the family's constant, and of a penalised fit with the penalty.
    pub criterion: f64,
    /// What the penalty adds to it.
    pub added: f64,
    pub mode: Mode,
    pub logdet: f64,
    /// In beta, then psi.
    pub gradient: Vec<f64>,
    /// d criterion / d Sigma of every factor.
    pub d: Vec<Vec<f64>>,
    /// sum of [Z'V^-1 Z]_ll, the scale of D.
    pub scale: Vec<Vec<f64>>,
    /// Profile curvature of f in (beta, psi): X'V^-1 X and its likes, symmetric. Empty where no curvature was asked for.
    pub fixed: Vec<f64>,
    /// In (beta, directions of T, psi).
    pub hessian: Vec<f64>,
}

/// A point of the parameter space.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub beta: &'a [f64],
    pub templates: &'a [Vec<f64>],
    pub psi: &'a [f64],
}

pub(crate) struct OneShape {
    pub l: f64,
    pub g: Vec<f64>,
    pub w: Vec<f64>,
}

/// Derivatives along the shapes.
pub(crate) struct Shapes {
    pub list: Vec<OneShape>,
    pub curvature: Vec<f64>,
}

impl Shapes {
    pub(crate) fn of(likelihood: Likelihood, eta: &[f64], psi: &[f64]) -> Self {
        if psi.is_empty() {
            return Self { list: Vec::new(), curvature: Vec::new() };
        }
        let (n, m) = (likelihood.data.n, likelihood.data.predictors);
        let one = |j: usize| {
            let (mut g, mut w) = (vec![0.0; m * n], vec![0.0; m * (m + 1) / 2 * n]);
            let l = likelihood.shape(eta, psi, j, &mut g, &mut w);
            OneShape { l, g, w }
        };
        Self { list: (0..psi.len()).map(one).collect(), curvature: likelihood.shape_curvature(eta, psi) }
    }
}
