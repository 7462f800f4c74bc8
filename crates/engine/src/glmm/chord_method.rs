//! Modes near a known one without new factorisations: the factorisation there serves as the slope of s - Z'g(s) nearby
//! (the chord method). With steps of a thousandth of a standard error each correction gains three digits.

use super::blocks::{add_effects, fill_border, run};
use super::data::Data;
use super::likelihood::Likelihood;
use super::mode::{Mode, effects, inner_product};
use crate::effects::elimination::Elimination;
use crate::effects::score::back_substitute;
use crate::effects::template::Template;
use crate::gram::Gram;

/// Corrections before the point is handed on as it is.
const MOST: usize = 5;
/// Squared length of a correction after which the next one would not be seen.
const ENOUGH: f64 = 1e-13;

/// Blocks and factorisation at a known mode.
pub(crate) struct ChordMethod {
    gram: Gram,
    elimination: Elimination,
    /// At the point that was found last.
    pub g: Vec<f64>,
    pub w: Vec<f64>,
}

impl ChordMethod {
    /// Of blocks, factorisation and derivatives at a mode.
    pub(crate) fn new(gram: &Gram, elimination: &Elimination, g: &[f64], w: &[f64]) -> Self {
        let mut gram = gram.clone();
        gram.p = 0;
        gram.fixed = vec![0.0];
        Self { gram, elimination: elimination.clone(), g: g.to_vec(), w: w.to_vec() }
    }

    /// A point next to the mode under other templates, from the effects of `start`; `known` is X beta + offset. `None`:
    /// the corrections leave the domain or do not get shorter.
    pub(crate) fn approach(
        &mut self,
        likelihood: Likelihood,
        psi: &[f64],
        templates: &[Template],
        known: &[f64],
        start: &Mode,
    ) -> Option<Mode> {
        let data = likelihood.data;
        let mut mode = start.clone();
        let mut last = f64::INFINITY;
        for _ in 0..MOST {
            self.place(likelihood, psi, templates, known, &mut mode)?;
            let step = self.correction(data, &mode.s);
            mode.s.iter_mut().zip(&step).for_each(|(s, d)| s.iter_mut().zip(d).for_each(|(s, d)| *s += d));
            let moved: Vec<Vec<f64>> = step.iter().zip(templates).map(|(d, t)| effects(t, d)).collect();
            let length = inner_product(&step, &moved);
            if length.is_nan() || length > last {
                return None;
            }
            last = length;
            if length < ENOUGH {
                break;
            }
        }
        self.place(likelihood, psi, templates, known, &mut mode)?;
        Some(mode)
    }

    /// b, eta, value and penalty that belong to s.
    fn place(
        &mut self,
        likelihood: Likelihood,
        psi: &[f64],
        templates: &[Template],
        known: &[f64],
        mode: &mut Mode,
    ) -> Option<()> {
        mode.b = mode.s.iter().zip(templates).map(|(s, t)| effects(t, s)).collect();
        mode.eta.copy_from_slice(known);
        add_effects(likelihood.data, &mode.b, &mut mode.eta);
        mode.penalty = inner_product(&mode.s, &mode.b);
        mode.value = likelihood.second(&mode.eta, psi, &mut self.g, &mut self.w);
        (mode.value > f64::NEG_INFINITY).then_some(())
    }

    /// (I + Z'WZ Sigma)^-1 (Z'g - s), W and Sigma those of the known mode.
    fn correction(&mut self, data: &Data, s: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (g, n, m) = (&self.g, data.n, data.predictors);
        fill_border(data, 1, &mut self.gram, &|from, to, out| {
            for r in 0..m {
                out[r * (to - from)..(r + 1) * (to - from)].copy_from_slice(&run(g, r, n)[from..to]);
            }
        });
        for (blocks, s) in self.gram.factors.iter_mut().zip(s) {
            blocks.zr.iter_mut().zip(s).for_each(|(z, s)| *z -= s);
        }
        self.elimination.eliminate_border(&self.gram, &data.layout);
        back_substitute(&self.gram, &data.layout, &self.elimination, &[]).into_iter().map(|p| p.s).collect()
    }
}
