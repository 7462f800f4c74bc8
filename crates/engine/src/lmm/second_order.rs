//! Exact second derivatives at one theta, for what follows a fit: the Hessian of the criterion (not the average
//! information that the search uses), the derivatives of (X'V^-1 X)^-1, and Z'V^-1[X r] level by level.
//!
//! d_kl = -tr(P V_k P V_l) + 2 AI_kl + (s'w_k)(s'w_l) / (r2 sigma^2) + curvature of theta -> Sigma, with V^-1 for P in
//! the trace under ML, and without the third term where sigma is known. For a single factor Z'PZ is block-diagonal less a product of rank p, so that the trace follows
//! from sums over levels; else the exact gradient is differenced.

use super::by_class::Units;
use super::problem::Lmm;
use super::state::{State, Work};
use crate::dense::small::{multiply, multiply_transpose_left, multiply_transpose_right, symmetrise};
use crate::dense::view::View;
use crate::effects::parameters::Direction;
use crate::effects::score::{LevelParts, back_substitute};
use crate::effects::template::{Template, sigma_direction};
use crate::error::EngineError;

/// Second derivatives in the user's theta and units.
#[derive(Debug, Clone)]
pub struct SecondOrder {
    /// Exact Hessian of the criterion, m x m.
    pub hessian: Vec<f64>,
    /// d (X'V^-1 X)^-1 / d theta, m matrices of p x p.
    pub jacobian: Vec<f64>,
    /// d r^2 / d theta.
    pub pwrss_gradient: Vec<f64>,
}

/// Z'V^-1 X and Z'V^-1(y - X beta) of every term (sigma = 1), row by row, and [Z'V^-1 Z]_ll where it is at hand.
#[derive(Debug, Clone)]
pub struct Projections {
    /// levels x k x p of every term.
    pub zvx: Vec<Vec<f64>>,
    /// levels x k of every term.
    pub zvr: Vec<Vec<f64>>,
    /// levels x k x k of every term.
    pub zvz: Option<Vec<Vec<f64>>>,
}

/// Relative step of differences: the gradient has some thirteen digits.
const STEP: f64 = 3e-5;

impl Lmm {
    /// Exact Hessian and the derivatives that small-sample tests need.
    pub fn second_order(&self, theta: &[f64]) -> Result<SecondOrder, EngineError> {
        self.check(theta)?;
        self.run(|| {
            let mut work = Work::new(self.system());
            self.second_order_with(&mut work, theta)
        })
    }

    pub(crate) fn second_order_with(&self, work: &mut Work, theta: &[f64]) -> Result<SecondOrder, EngineError> {
        if matches!(work, Work::Krylov(_)) {
            return Err(EngineError::OutOfReach("exact second derivatives"));
        }
        let directions = self.user_directions(theta);
        let state = self.user_state_with(work, theta, &directions)?;
        let user_sigma = self.user_sigma(theta, &directions);
        let (hessian, fixed, pulls) = match work {
            Work::OneFactor(one) => {
                let units = one.units(&self.gram, self.classes.as_ref(), &state.beta, self.reml);
                let hessian = self.hessian_of_units(&state, &units, &user_sigma);
                let p = self.gram.p;
                let fixed: Vec<Vec<f64>> = user_sigma.iter().map(|s| units.fixed_product(s, p)).collect();
                let pulls: Vec<f64> = user_sigma.iter().map(|s| units.pull(s)).collect();
                (hessian, fixed, pulls)
            }
            Work::General(e) => {
                let templates = self.user_templates(theta);
                e.factorise(&self.gram, &self.layout, &templates)?;
                let parts = back_substitute(&self.gram, &self.layout, e, &state.beta);
                let (fixed, pulls) = self.products_of_parts(&directions, &user_sigma, &parts);
                (self.differenced_hessian(work, theta, &directions)?, fixed, pulls)
            }
            Work::Krylov(_) => return Err(EngineError::OutOfReach("exact second derivatives")),
        };
        let scale = self.gram.standard.y.scale.powi(2);
        Ok(SecondOrder {
            hessian,
            jacobian: self.jacobian(&state, &fixed),
            pwrss_gradient: pulls.iter().map(|v| -v / scale).collect(),
        })
    }

    /// dSigma of every direction in standardised units.
    fn user_sigma(&self, theta: &[f64], directions: &[Direction]) -> Vec<Vec<f64>> {
        let templates = self.user_templates(theta);
        directions.iter().map(|d| sigma_direction(&templates[d.group], &d.dt, self.parameters.sizes[d.group])).collect()
    }

    fn hessian_of_units(&self, state: &State, units: &Units, sigma: &[Vec<f64>]) -> Vec<f64> {
        let (count, p) = (sigma.len(), self.gram.p);
        let inverse = state.border.x_inverse();
        let pulls: Vec<f64> = sigma.iter().map(|s| units.pull(s)).collect();
        let around: Vec<Vec<f64>> = sigma.iter().map(|s| units.around(s)).collect();
        let past: Vec<Vec<f64>> = sigma.iter().map(|s| units.around_past(s)).collect();
        let turned: Vec<Vec<f64>> = sigma
            .iter()
            .map(|s| {
                let mut out = vec![0.0; p * p];
                multiply(&inverse, &units.fixed_product(s, p), p, &mut out);
                out
            })
            .collect();
        let noise = self.system().noise(state.border.r2);
        let mut out = state.hessian.clone();
        for l in 0..count {
            for m in 0..=l {
                let mut trace = product_trace(&around[l], &sigma[m], units.k);
                if self.reml {
                    trace -= product_trace(&past[l], &sigma[m], units.k) + product_trace(&past[m], &sigma[l], units.k);
                    trace += product_trace(&turned[l], &turned[m], p);
                }
                let pull = pulls[l] * pulls[m] * noise.pull / noise.s2;
                let more = state.information[l + m * count] + pull - trace;
                out[l + m * count] += more;
                if l != m {
                    out[m + l * count] += more;
                }
            }
        }
        out
    }

    /// sum of T_x' dSigma T_x and s' dSigma s along every direction.
    fn products_of_parts(
        &self,
        directions: &[Direction],
        sigma: &[Vec<f64>],
        parts: &[LevelParts],
    ) -> (Vec<Vec<f64>>, Vec<f64>) {
        let (p, width) = (self.gram.p, self.gram.p + 1);
        let mut fixed = Vec::with_capacity(sigma.len());
        let mut pulls = Vec::with_capacity(sigma.len());
        for (d, sigma) in directions.iter().zip(sigma) {
            let k = self.parameters.sizes[d.group];
            let own = &parts[d.group];
            let mut products = vec![0.0; p * p];
            let mut pull = 0.0;
            for (rows, s) in own.tx.chunks_exact(k * width).zip(own.s.chunks_exact(k)) {
                let row = |a: usize| View::new(rows, width, k).col(a);
                for b in 0..k {
                    for a in 0..k {
                        let weight = sigma[a + b * k];
                        if weight == 0.0 {
                            continue;
                        }
                        pull += weight * s[a] * s[b];
                        for j in 0..p {
                            for i in 0..p {
                                products[i + j * p] += weight * row(a)[i] * row(b)[j];
                            }
                        }
                    }
                }
            }
            fixed.push(products);
            pulls.push(pull);
        }
        (fixed, pulls)
    }

    /// Central differences of the exact gradient.
    fn differenced_hessian(
        &self,
        work: &mut Work,
        theta: &[f64],
        directions: &[Direction],
    ) -> Result<Vec<f64>, EngineError> {
        let count = theta.len();
        let mut out = vec![0.0; count * count];
        for m in 0..count {
            // What counts is the size of T as a whole: an element of 0 may move as far as the others.
            let group = directions[m].group;
            let own = directions.iter().zip(theta).filter(|(d, _)| d.group == group);
            let size = own.map(|(_, t)| t.abs()).fold(0.0, f64::max);
            let step = STEP * if size > 0.0 { size } else { 1.0 };
            let mut point = theta.to_vec();
            let mut ends = [Vec::new(), Vec::new()];
            for (end, sign) in ends.iter_mut().zip([1.0, -1.0]) {
                point[m] = theta[m] + sign * step;
                *end = self.user_state_with(work, &point, &self.user_directions(&point))?.gradient;
            }
            for l in 0..count {
                out[l + m * count] = (ends[0][l] - ends[1][l]) / (2.0 * step);
            }
        }
        symmetrise(&mut out, count);
        Ok(out)
    }

    /// J Phi (sum T_x' dSigma T_x) Phi J' along every direction.
    fn jacobian(&self, state: &State, fixed: &[Vec<f64>]) -> Vec<f64> {
        let p = self.gram.p;
        let (j, _) = self.gram.standard.fixed_map();
        let mut left = vec![0.0; p * p];
        multiply(&j, &state.border.x_inverse(), p, &mut left);
        let mut out = Vec::with_capacity(fixed.len() * p * p);
        let (mut half, mut whole) = (vec![0.0; p * p], vec![0.0; p * p]);
        for products in fixed {
            multiply(&left, products, p, &mut half);
            multiply_transpose_right(&half, &left, p, &mut whole);
            out.extend_from_slice(&whole);
        }
        out
    }

    /// Z'V^-1[X r] of every level and, where no difference would lose its digits, the blocks [Z'V^-1 Z]_ll.
    pub fn projections(&self, theta: &[f64]) -> Result<Projections, EngineError> {
        self.check(theta)?;
        if matches!(Work::new(self.system()), Work::Krylov(_)) {
            return Err(EngineError::OutOfReach("scores of the levels"));
        }
        self.run(|| {
            let mut e = crate::effects::elimination::Elimination::new(&self.gram, &self.layout);
            e.factorise(&self.gram, &self.layout, &self.user_templates(theta))?;
            let beta = e.border.beta();
            let parts = back_substitute(&self.gram, &self.layout, &e, &beta);
            let templates = e.leaves.templates.clone();
            e.tail.invert();
            let inverse = crate::effects::conditional::blocks(&self.gram, &self.layout, &e);
            let blocks: Option<Vec<Vec<f64>>> =
                templates.iter().zip(&inverse).map(|(template, own)| self.score_blocks(template, own)).collect();
            Ok(self.in_user_units(&parts, blocks))
        })
    }

    /// T^-T(I - C^-1)T^-1 of every level from T C^-1 T'; `None` where T is too small.
    fn score_blocks(&self, template: &Template, conditional: &[f64]) -> Option<Vec<f64>> {
        let k = template.k;
        let mut out = Vec::with_capacity(conditional.len());
        let (mut half, mut inverse) = (vec![0.0; k * k], vec![0.0; k * k]);
        for block in conditional.chunks_exact(k * k) {
            multiply_transpose_left(&template.inverse_transpose, block, k, &mut half);
            multiply(&half, &template.inverse_transpose, k, &mut inverse);
            out.extend(template.score_by_inverse_blocks(1, &inverse)?);
        }
        Some(out)
    }

    /// Rows of standardised Z and X back in those of the data, cut into terms.
    fn in_user_units(&self, parts: &[LevelParts], blocks: Option<Vec<Vec<f64>>>) -> Projections {
        let (p, width) = (self.gram.p, self.gram.p + 1);
        let scale = self.gram.standard.y.scale;
        let x_back = self.gram.standard.fixed_map_inverse();
        let (mut zvx, mut zvr, mut zvz) = (Vec::new(), Vec::new(), Vec::new());
        for (g, at, k) in self.parameters.slots() {
            let size = self.parameters.sizes[g];
            let m = self.gram.standard.factors[g].matrix();
            let (mut x, mut r, mut z) = (Vec::new(), Vec::new(), Vec::new());
            for (rows, s) in parts[g].tx.chunks_exact(size * width).zip(parts[g].s.chunks_exact(size)) {
                for a in at..at + k {
                    // Row a of M' times the level's rows, then times J^-1 for the columns of X.
                    let weight = |b: usize| m[b + a * size];
                    r.push((0..size).map(|b| weight(b) * s[b]).sum::<f64>() / scale);
                    let row: Vec<f64> =
                        (0..p).map(|c| (0..size).map(|b| weight(b) * rows[b * width + c]).sum()).collect();
                    x.extend((0..p).map(|c| (0..p).map(|i| row[i] * x_back[i + c * p]).sum::<f64>()));
                }
            }
            zvx.push(x);
            zvr.push(r);
            if let Some(blocks) = &blocks {
                let (mut half, mut whole) = (vec![0.0; size * size], vec![0.0; size * size]);
                for block in blocks[g].chunks_exact(size * size) {
                    multiply(block, &m, size, &mut half);
                    multiply_transpose_left(&m, &half, size, &mut whole);
                    z.extend(View::square(&View::square(&whole, size).cut(at, k), k).transposed());
                }
                zvz.push(z);
            }
        }
        Projections { zvx, zvr, zvz: blocks.is_some().then_some(zvz) }
    }
}

/// tr(A B) of k x k matrices.
fn product_trace(a: &[f64], b: &[f64], k: usize) -> f64 {
    let mut sum = 0.0;
    for j in 0..k {
        for i in 0..k {
            sum += a[i + j * k] * b[j + i * k];
        }
    }
    sum
}
