//! Priors: minus twice the logarithm of a density of one parameter each, added to the criterion. The optimum is then that of
//! the posterior density in these parameters (its mode depends on the scale; no Jacobian is added).
//!
//! | on | is a density of |
//! |---|---|
//! | a fixed effect | the coefficient |
//! | a standard deviation | its logarithm; a gamma density of itself |
//! | a shape | psi, the scale on which it is estimated; a gamma density of exp(psi) |
//! | the correlations R of a term | |R|^(eta - 1), without its constant (Lewandowski, Kurowicka and Joe 2009) |
//!
//! All are of the user's units. With q(v) the penalty of v = log sd and Sigma_ii = exp(2 v), dq/dSigma_ii = q' / (2 Sigma_ii);
//! that of R is -2 (eta - 1) (log|Sigma| - sum_i log Sigma_ii). Both give D, and along directions E and F of T
//! dSigma = T E' + E T', d2Sigma = E F' + F E'.

use super::Penalty;
use crate::dense::small::{
    add, cholesky, inverse_from_cholesky, log_determinant, multiply, multiply_transpose_left, multiply_transpose_right,
};
use crate::dense::view::{View, ViewMut, positions};
use crate::effects::parameters::{Direction, Parameters};
use crate::effects::template::sigma_direction;
use crate::error::{EngineError, Index, Misfit};
use crate::family::special::lgamma;
use crate::family::{Family, Map};
use crate::glmm::data::Data;
use crate::glmm::likelihood::Likelihood;
use crate::glmm::point::{At, State};

/// A density on the real line, or of a positive number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Density {
    Normal {
        mean: f64,
        sd: f64,
    },
    /// Location, scale and degrees of freedom; 1 is Cauchy's.
    T {
        mean: f64,
        sd: f64,
        df: f64,
    },
    /// Of a positive number.
    Gamma {
        mean: f64,
        shape: f64,
    },
}

/// What a prior is on, numbered as (theta's terms, beta, psi) are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Prior {
    Beta { index: usize, density: Density },
    Spread { term: usize, effect: usize, density: Density },
    Correlations { term: usize, eta: f64 },
    Shape { index: usize, density: Density },
}

impl Density {
    /// Minus twice the log density with its first two derivatives; a gamma density is that of exp(v).
    fn penalty(self, v: f64) -> [f64; 3] {
        let [log, first, second] = match self {
            Self::Normal { mean, sd } => {
                let z = (v - mean) / sd;
                [-0.5 * z * z - sd.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln(), -z / sd, -1.0 / (sd * sd)]
            }
            Self::T { mean, sd, df } => {
                let z = (v - mean) / sd;
                let constant = lgamma(0.5 * (df + 1.0)) - lgamma(0.5 * df) - 0.5 * (df * std::f64::consts::PI).ln();
                let below = df + z * z;
                let log = constant - sd.ln() - 0.5 * (df + 1.0) * (z * z / df).ln_1p();
                [log, -(df + 1.0) * z / (below * sd), -(df + 1.0) * (df - z * z) / (below * sd).powi(2)]
            }
            Self::Gamma { mean, shape } => {
                let rate = shape / mean;
                let part = rate * v.exp();
                [(shape - 1.0) * v - part + shape * rate.ln() - lgamma(shape), shape - 1.0 - part, -part]
            }
        };
        [-2.0 * log, -2.0 * first, -2.0 * second]
    }

    fn check(self, positive: bool) -> Result<(), &'static str> {
        let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
        match self {
            Self::Normal { mean, sd } if finite(&[mean, sd]) && sd > 0.0 => Ok(()),
            Self::Normal { .. } => Err("a normal prior needs a mean and a positive sd"),
            Self::T { mean, sd, df } if finite(&[mean, sd, df]) && sd > 0.0 && df > 0.0 => Ok(()),
            Self::T { .. } => Err("a t prior needs a mean, a positive sd and positive degrees of freedom"),
            Self::Gamma { .. } if !positive => {
                Err("a gamma prior is for standard deviations and for shapes that are positive")
            }
            Self::Gamma { mean, shape } if finite(&[mean, shape]) && mean > 0.0 && shape > 1.0 => Ok(()),
            Self::Gamma { .. } => {
                Err("a gamma prior needs a positive mean and a shape above 1: with less the mode is at zero")
            }
        }
    }
}

impl Prior {
    /// Whether there is such a parameter and such a density.
    pub(crate) fn check(&self, parameters: &Parameters, data: &Data, family: &dyn Family) -> Result<(), EngineError> {
        let misfit = |index: Index, what: &str| Err(EngineError::shape(Misfit::at(index, what)));
        let plain = |what: &str| Err(EngineError::shape(what));
        let effects = |term: usize| parameters.slots().nth(term).map_or(0, |slot| slot.2);
        match *self {
            Self::Beta { index, .. } if index >= data.x.len() => {
                plain("a prior is on a fixed effect that is not there")
            }
            Self::Beta { index, density } => density.check(false).or_else(|what| misfit(Index::Column(index), what)),
            Self::Spread { term, effect, .. } if effect >= effects(term) => {
                plain("a prior is on a standard deviation that is not there")
            }
            Self::Spread { term, density, .. } => density.check(true).or_else(|what| misfit(Index::Term(term), what)),
            Self::Correlations { term, .. } if effects(term) < 2 => {
                plain("a prior is on correlations that are not there")
            }
            Self::Correlations { term, eta } if !(eta.is_finite() && eta >= 1.0) => misfit(
                Index::Term(term),
                "an lkj prior needs eta of 1 or more: with less the mode is a singular covariance",
            ),
            Self::Correlations { .. } => Ok(()),
            Self::Shape { index, density } => {
                let Some(&shape) = family.free_shapes().get(index) else {
                    return plain("a prior is on a shape that is not there");
                };
                let positive = family.about().shapes[shape].map == Map::Log;
                density.check(positive).or_else(plain)
            }
        }
    }

    /// Whether it keeps a covariance away from its boundary.
    pub(crate) fn is_inside(&self) -> bool {
        matches!(self, Self::Spread { .. } | Self::Correlations { .. })
    }
}

/// All priors of a model, where the engine's parameters are.
pub(crate) struct Priors {
    /// Row of the map from standardised coefficients to beta, and its density.
    beta: Vec<(Vec<f64>, Density)>,
    covariances: Vec<Covariance>,
    shapes: Vec<(usize, Density)>,
}

/// What the priors of one term's Sigma are.
struct Covariance {
    group: usize,
    at: usize,
    k: usize,
    /// M^-1, rows of the term: from T of the standardised columns of the factor to the term's own.
    back: Vec<f64>,
    spreads: Vec<(usize, Density)>,
    /// Sum of eta - 1.
    correlations: f64,
}

impl Priors {
    pub(crate) fn of(priors: &[Prior], parameters: &Parameters, data: &Data) -> Self {
        let p = data.x.len();
        let map = data.x_standard.inverse();
        let row = |i: usize| (0..p).map(|j| map[i + j * p]).collect();
        let (mut beta, mut shapes) = (Vec::new(), Vec::new());
        let mut covariances: Vec<Covariance> = parameters
            .slots()
            .map(|(group, at, k)| {
                let back = View::square(&data.factor_standard[group].inverse(), parameters.sizes[group]).cut(at, k);
                Covariance { group, at, k, back, spreads: Vec::new(), correlations: 0.0 }
            })
            .collect();
        for prior in priors {
            match *prior {
                Prior::Beta { index, density } => beta.push((row(index), density)),
                Prior::Spread { term, effect, density } => covariances[term].spreads.push((effect, density)),
                Prior::Correlations { term, eta } => covariances[term].correlations += eta - 1.0,
                Prior::Shape { index, density } => shapes.push((index, density)),
            }
        }
        covariances.retain(|c| !c.spreads.is_empty() || c.correlations > 0.0);
        Self { beta, covariances, shapes }
    }
}

impl Penalty for Priors {
    fn apply(&self, likelihood: Likelihood, at: At, directions: Option<&[Direction]>, state: &mut State) -> Option<()> {
        let p = likelihood.data.x.len();
        let count = directions.map_or(0, <[Direction]>::len);
        let size = p + count + at.psi.len();
        let mut added = 0.0;
        for (row, density) in &self.beta {
            let value: f64 = row.iter().zip(at.beta).map(|(r, b)| r * b).sum();
            let [q, first, second] = density.penalty(value);
            added += q;
            state.gradient.iter_mut().zip(row).for_each(|(g, r)| *g += first * r);
            if directions.is_some() {
                for (i, j) in positions(p, p) {
                    state.hessian[i + j * size] += second * row[i] * row[j];
                }
            }
        }
        for &(j, density) in &self.shapes {
            let [q, first, second] = density.penalty(at.psi[j]);
            added += q;
            state.gradient[p + j] += first;
            if directions.is_some() {
                state.hessian[(p + count + j) * (size + 1)] += second;
            }
        }
        for covariance in &self.covariances {
            let here = covariance.at(&at.templates[covariance.group])?;
            added += here.value;
            covariance.add_score(&here, &mut state.d[covariance.group]);
            if let Some(directions) = directions {
                covariance.add_curvature(&here, directions, (p, size), &mut state.hessian);
            }
        }
        state.criterion += added;
        state.added += added;
        added.is_finite().then_some(())
    }
}

/// Penalty of one term's Sigma with what its derivatives are made of, in the user's units.
struct Score {
    t: Vec<f64>,
    value: f64,
    /// First and second derivatives in the variances.
    first: Vec<f64>,
    second: Vec<f64>,
    /// -2 (eta - 1) Sigma^-1; empty where there is no prior of the correlations.
    inverse: Vec<f64>,
}

/// One direction in the term's own units.
struct Move {
    number: usize,
    dt: Vec<f64>,
    sigma: Vec<f64>,
    /// Sigma^-1 dSigma, weighted as the inverse of the score is.
    solved: Vec<f64>,
}

impl Covariance {
    /// The term's own block of a matrix of its factor, in the user's units.
    fn own(&self, matrix: &[f64]) -> Vec<f64> {
        let size = matrix.len().isqrt();
        let mut out = vec![0.0; self.k * self.k];
        multiply(&self.back, &View::square(matrix, size).cut(self.at, self.k), self.k, &mut out);
        out
    }

    /// None where a variance or, under a prior of correlations, the determinant vanishes.
    fn at(&self, template: &[f64]) -> Option<Score> {
        let k = self.k;
        let t = self.own(template);
        let mut sigma = vec![0.0; k * k];
        multiply_transpose_right(&t, &t, k, &mut sigma);
        let variance = |i: usize| sigma[i + i * k];
        let (mut value, mut first, mut second) = (0.0, vec![0.0; k], vec![0.0; k]);
        for &(i, density) in &self.spreads {
            let [q, by_log, twice] = density.penalty(0.5 * variance(i).ln());
            value += q;
            first[i] += 0.5 * by_log / variance(i);
            second[i] += (0.25 * twice - 0.5 * by_log) / variance(i).powi(2);
        }
        let mut inverse = Vec::new();
        if self.correlations > 0.0 {
            let weight = 2.0 * self.correlations;
            let mut factor = sigma.clone();
            cholesky(&mut factor, k).ok()?;
            value -= weight * log_determinant(&factor, k);
            inverse = inverse_from_cholesky(&factor, k);
            inverse.iter_mut().for_each(|v| *v *= -weight);
            for i in 0..k {
                value += weight * variance(i).ln();
                first[i] += weight / variance(i);
                second[i] -= weight / variance(i).powi(2);
            }
        }
        let numbers = value.is_finite() && first.iter().chain(&second).chain(&inverse).all(|v| v.is_finite());
        numbers.then_some(Score { t, value, first, second, inverse })
    }

    /// Add its own D, turned to standardised columns, to that of its factor.
    fn add_score(&self, here: &Score, d: &mut [f64]) {
        let (k, size) = (self.k, d.len().isqrt());
        let mut own = if here.inverse.is_empty() { vec![0.0; k * k] } else { here.inverse.clone() };
        (0..k).for_each(|i| own[i + i * k] += here.first[i]);
        let (mut half, mut turned) = (vec![0.0; k * k], vec![0.0; k * k]);
        multiply_transpose_left(&self.back, &own, k, &mut half);
        multiply(&half, &self.back, k, &mut turned);
        let mut whole = vec![0.0; size * size];
        ViewMut::square(&mut whole, size).put(self.at, k, turned);
        add(d, &whole);
    }

    /// Second derivatives along the directions of T, the first of which is number `first` of `size`.
    fn add_curvature(
        &self,
        here: &Score,
        directions: &[Direction],
        (first, size): (usize, usize),
        hessian: &mut [f64],
    ) {
        let k = self.k;
        let moves: Vec<Move> = directions
            .iter()
            .enumerate()
            .filter(|(_, d)| d.group == self.group)
            .map(|(m, d)| {
                let dt = self.own(&d.dt);
                let sigma = sigma_direction(&here.t, &dt, k);
                let mut solved = vec![0.0; if here.inverse.is_empty() { 0 } else { k * k }];
                if !solved.is_empty() {
                    multiply(&here.inverse, &sigma, k, &mut solved);
                }
                Move { number: m, dt, sigma, solved }
            })
            .collect();
        let weight = 2.0 * self.correlations;
        for Move { number: l, dt, sigma, solved } in &moves {
            for Move { number: m, dt: other_dt, sigma: other, solved: other_solved } in &moves {
                let mut bend = vec![0.0; k * k];
                multiply_transpose_right(dt, other_dt, k, &mut bend);
                let mut value = 0.0;
                for i in 0..k {
                    let at = i + i * k;
                    value += here.second[i] * sigma[at] * other[at] + 2.0 * here.first[i] * bend[at];
                }
                if !here.inverse.is_empty() {
                    let both = positions(k, k).zip(solved).map(|((i, j), s)| s * other_solved[j + i * k]).sum::<f64>();
                    let curved = here.inverse.iter().zip(&bend).map(|(v, b)| v * b).sum::<f64>();
                    value += both / weight + 2.0 * curved;
                }
                hessian[first + l + (first + m) * size] += value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_densities() {
        let all = [
            Density::Normal { mean: 0.3, sd: 1.7 },
            Density::T { mean: -0.2, sd: 0.6, df: 3.0 },
            Density::T { mean: 0.5, sd: 2.5, df: 1.0 },
            Density::Gamma { mean: 1.5, shape: 2.5 },
        ];
        for density in all {
            for v in [-3.0, -0.4, 0.1, 1.9] {
                let [_, first, second] = density.penalty(v);
                let h = 1e-4;
                let [up, up_first, _] = density.penalty(v + h);
                let [down, down_first, _] = density.penalty(v - h);
                assert!((first - (up - down) / (2.0 * h)).abs() < 1e-6 * (1.0 + first.abs()), "{density:?} {v}");
                assert!((second - (up_first - down_first) / (2.0 * h)).abs() < 1e-6 * (1.0 + second.abs()));
            }
        }
    }

    #[test]
    fn densities_have_their_constants() {
        // 1 / (pi 2.5) at Cauchy's location, and the integral of each over a fine grid.
        let [cauchy, ..] = Density::T { mean: 0.5, sd: 2.5, df: 1.0 }.penalty(0.5);
        assert!((cauchy - 2.0 * (std::f64::consts::PI * 2.5).ln()).abs() < 1e-12);
        let grid = |m: i32| -12.0 + 0.005 * f64::from(m);
        let total = |density: Density, positive: bool| -> f64 {
            let jacobian = |v: f64| if positive { v } else { 0.0 };
            (0..4800).map(|m| 0.005 * (jacobian(grid(m)) - 0.5 * density.penalty(grid(m))[0]).exp()).sum()
        };
        assert!((total(Density::Normal { mean: 0.3, sd: 1.7 }, false) - 1.0).abs() < 1e-9);
        assert!((total(Density::T { mean: 0.2, sd: 0.3, df: 9.0 }, false) - 1.0).abs() < 1e-6);
        assert!((total(Density::Gamma { mean: 1.5, shape: 2.5 }, true) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_curvature_of_a_covariance_is_that_of_its_value() {
        // Two of the three effects of a factor, in columns that are shifted and scaled.
        let spreads =
            vec![(0, Density::Gamma { mean: 0.7, shape: 2.5 }), (1, Density::T { mean: 0.1, sd: 0.5, df: 3.0 })];
        let back = vec![1.0, 0.0, -0.4, 1.8];
        let covariance = Covariance { group: 0, at: 1, k: 2, back, spreads, correlations: 1.5 };
        let t = [0.8, 0.0, 0.0, 0.0, 1.1, -0.4, 0.0, 0.3, 0.6];
        let within = |cells: [f64; 4]| vec![0.0, 0.0, 0.0, 0.0, cells[0], cells[1], 0.0, cells[2], cells[3]];
        let directions =
            [within([1.0, 0.2, -0.3, 0.5]), within([0.0, 1.0, 0.4, -0.7])].map(|dt| Direction { group: 0, dt });
        let value = |a: f64, b: f64| {
            let moves = t.iter().zip(directions[0].dt.iter().zip(&directions[1].dt));
            let moved: Vec<f64> = moves.map(|(t, (e, f))| t + a * e + b * f).collect();
            covariance.at(&moved).unwrap().value
        };
        let here = covariance.at(&t).unwrap();
        let mut hessian = vec![0.0; 9];
        covariance.add_curvature(&here, &directions, (1, 3), &mut hessian);
        let h = 1e-3;
        let mixed = (value(h, h) - value(h, -h) - value(-h, h) + value(-h, -h)) / (4.0 * h * h);
        let square = (value(h, 0.0) - 2.0 * value(0.0, 0.0) + value(-h, 0.0)) / (h * h);
        for (at, numeric) in [(1 + 2 * 3, mixed), (2 + 3, mixed), (1 + 3, square)] {
            assert!((hessian[at] - numeric).abs() < 1e-4 * (1.0 + numeric.abs()), "{} {numeric}", hessian[at]);
        }
        // And D gives the slope: d value = tr(D dSigma) in standardised columns.
        let mut d = vec![0.0; 9];
        covariance.add_score(&here, &mut d);
        let slope: f64 = sigma_direction(&t, &directions[0].dt, 3).iter().zip(&d).map(|(s, d)| s * d).sum();
        let numeric = (value(1e-5, 0.0) - value(-1e-5, 0.0)) / 2e-5;
        assert!((slope - numeric).abs() < 1e-6 * (1.0 + numeric.abs()), "{slope} {numeric}");
    }
}
