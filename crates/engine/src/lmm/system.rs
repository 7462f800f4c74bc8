//! The linear system of a model as an evaluation reads it, and what any path to its solution delivers.

use super::classes::Classes;
use crate::effects::border::Border;
use crate::effects::information::Noise;
use crate::effects::layout::Layout;
use crate::gram::Gram;

/// The parts of a model that an evaluation reads.
#[derive(Clone, Copy)]
pub(crate) struct System<'a> {
    pub gram: &'a Gram,
    pub layout: &'a Layout,
    pub reml: bool,
    /// The residual standard deviation in the units of the data, where it is known.
    pub sigma: Option<f64>,
    /// Of the levels of a single factor, where many are alike.
    pub classes: Option<&'a Classes>,
}

/// What any path delivers.
pub(crate) struct Parts {
    pub border: Border,
    pub logdet_u: f64,
    /// Standard error of `logdet_u` where it is estimated.
    pub criterion_error: f64,
    pub beta: Vec<f64>,
    pub s2: f64,
    pub s: Vec<Vec<f64>>,
    pub templates: Vec<Vec<f64>>,
    pub scale: Vec<Vec<f64>>,
    pub outer: Vec<Vec<f64>>,
    pub information: Vec<f64>,
}

impl System<'_> {
    /// Residual degrees of freedom of the criterion.
    pub(crate) fn degrees(&self) -> f64 {
        (if self.reml { self.gram.n - self.gram.p } else { self.gram.n }) as f64
    }

    /// sigma^2 in standardised units: the known one, or the best for this r^2.
    pub(crate) fn noise(&self, r2: f64) -> Noise {
        match self.sigma {
            Some(sigma) => Noise { s2: (sigma * self.gram.standard.y.scale).powi(2), pull: 0.0 },
            None => Noise { s2: r2 / self.degrees(), pull: 1.0 / r2 },
        }
    }

    /// ML deviance or REML criterion in the units of the data.
    pub(crate) fn criterion(&self, border: &Border, logdet_u: f64) -> f64 {
        self.criterion_of(border.r2, border.logdet_x, logdet_u)
    }

    pub(crate) fn criterion_of(&self, r2: f64, logdet_x: f64, logdet_u: f64) -> f64 {
        let m = self.degrees();
        let r2 = r2 / self.gram.standard.y.scale.powi(2);
        let two_pi = 2.0 * std::f64::consts::PI;
        let residual = match self.sigma {
            Some(sigma) => m * (two_pi.ln() + 2.0 * sigma.ln()) + r2 / (sigma * sigma),
            None => m * (1.0 + (two_pi * r2 / m).ln()),
        };
        let mut d = logdet_u + residual - self.gram.sum_log_weights;
        if self.reml {
            d += logdet_x + self.gram.standard.log_determinant_correction();
        }
        d
    }
}
