//! Where the search begins: beta of the model without random effects by weighted least squares steps, then covariances
//! by the method of moments from the working residuals there.

use super::blocks::{self, bordered, fill_border, fill_matrix, fixed_products, fixed_sums, run, weighted_columns};
use super::coordinates::{Coordinates, Place};
use super::likelihood::Likelihood;
use crate::dense::small::{cholesky, identity, solve_lower, solve_lower_transpose};
use crate::effects::start::templates;
use crate::error::EngineError;
use crate::family::Response;
use crate::gram::Gram;

const STEPS: usize = 12;
/// Relative gain of a step below which it is the last.
const ENOUGH: f64 = 1e-4;
/// Rows whose weight is smaller say nothing about covariances.
const LEAST_WEIGHT: f64 = 1e-10;
/// Largest standard deviation to start from where the linear predictor is unitless:
/// where outcomes are separated the moments are errors of the start divided by next to nothing.
const MOST_SPREAD: f64 = 3.0;

pub(crate) fn place(likelihood: Likelihood, coordinates: &Coordinates) -> Result<Place, EngineError> {
    let data = likelihood.data;
    let rows = Response { y: &data.y, weights: data.weights.as_deref() };
    let mean: Vec<f64> = (0..data.n).map(|i| likelihood.family.start_mean(data.y[i], rows.weight(i))).collect();
    let proposed = likelihood.family.start_shapes(rows, &mean);
    let constants = likelihood.family.start_predictors(rows, &mean);
    let mut fixed = Fixed::new(likelihood, proposed, constants);
    let beta = fixed.search(&mean)?;
    // The shapes once more, now that there are fitted means.
    let link = likelihood.family.link();
    let fitted: Vec<f64> = fixed.eta[..data.n].iter().map(|&eta| link.mean(eta)).collect();
    let psi = likelihood.family.start_shapes(rows, &fitted);
    if psi.iter().all(|v| v.is_finite()) {
        fixed.psi.clone_from(&psi);
    }
    let psi = fixed.psi.clone();
    let templates = fixed.templates(coordinates, &beta);
    Ok(Place { beta, templates, psi })
}

/// The model without random effects.
struct Fixed<'a> {
    likelihood: Likelihood<'a>,
    psi: Vec<f64>,
    eta: Vec<f64>,
    g: Vec<f64>,
    w: Vec<f64>,
    /// A constant to start each linear predictor from; that of the mean is not used.
    constants: Vec<f64>,
    /// Whether steps move the later linear predictors too.
    all: bool,
}

impl<'a> Fixed<'a> {
    fn new(likelihood: Likelihood<'a>, psi: Vec<f64>, constants: Vec<f64>) -> Self {
        let (n, m) = (likelihood.data.n, likelihood.data.predictors);
        let pairs = m * (m + 1) / 2;
        Self {
            likelihood,
            psi,
            eta: vec![0.0; m * n],
            g: vec![0.0; m * n],
            w: vec![0.0; pairs * n],
            constants,
            all: false,
        }
    }

    /// Log-likelihood, g and non-negative weights at `eta`.
    fn evaluate(&mut self) -> f64 {
        let value = self.likelihood.second(&self.eta, &self.psi, &mut self.g, &mut self.w);
        self.likelihood.positive(&self.eta, &self.psi, &mut self.w);
        value
    }

    fn at(&mut self, beta: &[f64]) -> f64 {
        blocks::fixed_part(self.likelihood.data, beta, &mut self.eta);
        self.evaluate()
    }

    /// Newton steps (with expected weights) from the means that the family proposes.
    fn search(&mut self, mean: &[f64]) -> Result<Vec<f64>, EngineError> {
        let data = self.likelihood.data;
        let p = data.x.len();
        let link = self.likelihood.family.link();
        for (e, mu) in self.eta.iter_mut().zip(mean) {
            *e = link.predictor(*mu);
        }
        for (r, constant) in self.constants.iter().enumerate().skip(1) {
            self.eta[r * data.n..(r + 1) * data.n].fill(*constant);
        }
        self.evaluate();
        // Working response, offset taken out: X beta is fitted to it.
        let mut offset = vec![0.0; self.eta.len()];
        blocks::fixed_part(data, &vec![0.0; p], &mut offset);
        let away: Vec<f64> = self.eta.iter().zip(&offset).map(|(e, o)| e - o).collect();
        let mut beta = self.with_constants(self.step(&away)?);
        if self.at(&beta) == f64::NEG_INFINITY {
            beta = self.retreat(&away, beta)?;
        }
        // The mean first, then everything at once.
        for all in if data.predictors > 1 { &[false, true][..] } else { &[true][..] } {
            self.all = *all;
            beta = self.climb(beta)?;
        }
        Ok(beta)
    }

    /// The constants of later linear predictors in place of what `beta` has for them.
    fn with_constants(&self, mut beta: Vec<f64>) -> Vec<f64> {
        for (b, x) in beta.iter_mut().zip(self.likelihood.data.x.iter()) {
            if x.predictor > 0 {
                *b = if x.values.is_none() { self.constants[x.predictor] } else { 0.0 };
            }
        }
        beta
    }

    fn climb(&mut self, mut beta: Vec<f64>) -> Result<Vec<f64>, EngineError> {
        let mut value = self.at(&beta);
        for _ in 0..STEPS {
            let step = self.step(&vec![0.0; self.eta.len()])?;
            let mut length = 1.0;
            loop {
                let trial: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b + length * s).collect();
                let next = self.at(&trial);
                if next >= value {
                    let gain = next - value;
                    (beta, value) = (trial, next);
                    if gain <= ENOUGH * (1.0 + value.abs()) {
                        return Ok(beta);
                    }
                    break;
                }
                length *= 0.5;
                if length < 1e-6 {
                    self.at(&beta);
                    return Ok(beta);
                }
            }
        }
        Ok(beta)
    }

    /// (X'WX)^-1 X'(W away + g).
    fn step(&self, away: &[f64]) -> Result<Vec<f64>, EngineError> {
        let data = self.likelihood.data;
        let (p, n) = (data.x.len(), data.n);
        let mut matrix = fixed_products(data, &self.w);
        let mut v = self.g.clone();
        for ((v, a), w) in v[..n].iter_mut().zip(away).zip(run(&self.w, 0, n)) {
            *v += w * a;
        }
        let mut out = fixed_sums(data, &v);
        // Later linear predictors may be flat at the start.
        for j in 0..p {
            matrix[j + j * p] *= 1.0 + 1e-10;
            if (data.x[j].predictor > 0 && !self.all) || matrix[j + j * p] <= 0.0 {
                for i in 0..p {
                    matrix[i + j * p] = 0.0;
                    matrix[j + i * p] = 0.0;
                }
                matrix[j + j * p] = 1.0;
                out[j] = 0.0;
            }
        }
        cholesky(&mut matrix, p).map_err(EngineError::RankDeficient)?;
        solve_lower(&matrix, p, &mut out);
        solve_lower_transpose(&matrix, p, &mut out);
        Ok(out)
    }

    /// A least-squares fit that leaves the link's domain is drawn towards a constant that does not.
    fn retreat(&mut self, away: &[f64], beta: Vec<f64>) -> Result<Vec<f64>, EngineError> {
        let data = self.likelihood.data;
        let intercept = data.x.iter().position(|x| x.values.is_none() && x.predictor == 0);
        let Some(intercept) = intercept else { return Err(EngineError::OutsideDomain) };
        let mut safe = self.with_constants(vec![0.0; beta.len()]);
        safe[intercept] = away[..data.n].iter().sum::<f64>() / data.n as f64;
        if self.at(&safe) == f64::NEG_INFINITY {
            return Err(EngineError::OutsideDomain);
        }
        let mut share = 0.5;
        while share > 1e-3 {
            let trial: Vec<f64> = safe.iter().zip(&beta).map(|(s, b)| s + share * (b - s)).collect();
            if self.at(&trial) > f64::NEG_INFINITY {
                return Ok(trial);
            }
            share *= 0.5;
        }
        Ok(safe)
    }

    /// Moments of the working residuals g / W at weights W.
    fn templates(&mut self, coordinates: &Coordinates, beta: &[f64]) -> Vec<Vec<f64>> {
        let data = self.likelihood.data;
        let (n, p) = (data.n, data.x.len());
        if data.predictors > 1 {
            return data.factors.iter().map(|f| identity(f.k()).iter().map(|v| 0.5 * v).collect()).collect();
        }
        self.at(beta);
        let mut square = 0.0;
        for (g, w) in self.g.iter_mut().zip(&mut self.w) {
            if *w > LEAST_WEIGHT {
                square += *g * *g / *w;
            } else {
                (*g, *w) = (0.0, 0.0);
            }
        }
        let mut gram = Gram::clone(&data.pattern);
        fill_matrix(data, &self.w, &mut gram);
        let width = p + 1;
        let (g, w) = (&self.g, &self.w);
        fill_border(data, width, &mut gram, &|from, to, out| {
            let len = to - from;
            weighted_columns(data, &data.x, w, (from, to), width, out);
            out[p * len..width * len].copy_from_slice(&g[from..to]);
        });
        gram.p = p;
        gram.n = n;
        gram.standard.intercept = data.x.iter().position(|x| x.values.is_none());
        gram.fixed = bordered(&fixed_products(data, w), &fixed_sums(data, g), square);
        let found = templates(&gram, &coordinates.parameters);
        let unitless = self.likelihood.family.link().unitless();
        if unitless { found.into_iter().map(|t| within(t, MOST_SPREAD)).collect() } else { found }
    }
}

/// T made smaller as a whole where it gives an effect a larger standard deviation.
fn within(mut t: Vec<f64>, most: f64) -> Vec<f64> {
    let k = (t.len() as f64).sqrt() as usize;
    let spread = |i: usize| (0..k).map(|j| t[i + j * k].powi(2)).sum::<f64>().sqrt();
    let largest = (0..k).map(spread).fold(0.0f64, f64::max);
    if largest > most {
        t.iter_mut().for_each(|v| *v *= most / largest);
    }
    t
}
