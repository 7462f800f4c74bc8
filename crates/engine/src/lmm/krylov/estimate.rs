//! The estimate of log|S| and its exact derivative:
//!
//!     log|S| = log|D| + tr p(M) + sum over outliers of (f - p)(lambda) + mean over probes of z'h(M)z,
//!
//! D the diagonal blocks, f = log(1 - x), p a polynomial whose trace is known (`moments`), h = f - p past the
//! outliers. Probes are Rademacher vectors drawn once, each cut into its components (the effects of each factor):
//! then the estimate is an even function of every column of a template, as the criterion is, and its derivative in
//! Sigma stays finite where a column vanishes.

use rayon::prelude::*;

use super::lanczos::{self, Deflation, Quadrature, Wanted};
use super::matrix::Matrix;
use super::moments;
use super::pattern::Pattern;
use super::polynomial::Polynomial;
use crate::stop;

/// Probes of the first evaluation, and the most that a standard error above the target leads to.
const FEWEST_PROBES: usize = 8;
const MOST_PROBES: usize = 64;
/// Standard error of the log-determinant aimed at.
pub(super) const TARGET: f64 = 0.01;
/// Multiplications that exact traces may cost: at first, and where the probes allowed would not reach the target.
const BUDGETS: (f64, f64) = (2e8, 1.5e9);
const MOST_OUTLIERS: usize = 12;
const FIRST_STEPS: usize = 60;
/// Eigenvalues this much beyond the edge of the bulk are outliers.
const OUTSIDE: f64 = 1.15;
const LARGEST_EDGE: f64 = 0.9;

pub(super) struct Estimate {
    pub logdet: f64,
    pub standard_error: f64,
}

/// What is kept between evaluations, so that the criterion is one smooth function.
pub(super) struct Estimator {
    steps: usize,
    most_steps: usize,
    wanted: Option<Wanted>,
    pub deflation: Deflation,
    pub probes: Option<usize>,
}

impl Estimator {
    pub(super) fn new(pattern: &Pattern) -> Self {
        Self {
            steps: moments::steps(pattern, BUDGETS.0),
            most_steps: moments::steps(pattern, BUDGETS.1),
            wanted: None,
            deflation: Deflation::default(),
            probes: None,
        }
    }

    /// Half the highest power with an exact trace.
    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Find the outliers at this point: the solves use them, too.
    pub(super) fn deflate(&mut self, pattern: &Pattern, matrix: &Matrix) {
        let mut start = rademacher(pattern.n, u64::MAX);
        if let Some(wanted) = self.wanted {
            if !self.deflation.vectors.is_empty() {
                let share = 0.1 / (pattern.n as f64).sqrt();
                start.iter_mut().for_each(|v| *v *= share);
                for u in &self.deflation.vectors {
                    start.iter_mut().zip(u).for_each(|(s, u)| *s += u);
                }
            }
            self.deflation = lanczos::refresh(pattern, matrix, start, wanted);
        } else {
            let outside = OUTSIDE * edge(second_moment(matrix), pattern.n).0;
            let (wanted, deflation) = lanczos::outliers(pattern, matrix, start, FIRST_STEPS, outside, MOST_OUTLIERS);
            self.wanted = Some(wanted);
            self.deflation = deflation;
        }
    }

    /// Estimate log|S|; with `bar`, its derivative in S on the pattern, too. The first call settles the effort.
    pub(super) fn estimate(&mut self, pattern: &Pattern, matrix: &Matrix, bar: Option<&mut Vec<f64>>) -> Estimate {
        let count = match self.probes {
            Some(count) => count,
            None => self.settle(pattern, matrix),
        };
        self.with_probes(pattern, matrix, count, bar)
    }

    /// Choose powers and probes such that the standard error meets its target at this point.
    pub(super) fn settle(&mut self, pattern: &Pattern, matrix: &Matrix) -> usize {
        let before = (self.steps, self.probes.unwrap_or(FEWEST_PROBES));
        loop {
            let error = self.with_probes(pattern, matrix, FEWEST_PROBES, None).standard_error;
            let wanted = (FEWEST_PROBES as f64 * (error / TARGET).powi(2)).ceil();
            if wanted > MOST_PROBES as f64 && self.steps < self.most_steps {
                self.steps += 1;
                continue;
            }
            // A few probes judge the error only roughly: with the same powers never go back to fewer.
            let least = if self.steps == before.0 { before.1 } else { FEWEST_PROBES };
            let count = (wanted as usize).clamp(least, MOST_PROBES);
            self.probes = Some(count);
            return count;
        }
    }

    fn with_probes(&self, pattern: &Pattern, matrix: &Matrix, count: usize, bar: Option<&mut Vec<f64>>) -> Estimate {
        let second = second_moment(matrix);
        let (rho, rho_by_second) = edge(second, pattern.n);
        let p = Polynomial::fit(2 * self.steps, rho);
        let p_by_edge = difference_by_edge(2 * self.steps, rho);
        let weight: Vec<f64> = p.c.iter().enumerate().map(|(j, c)| j as f64 * c).collect();
        let mut derivative = bar.as_ref().map(|_| vec![0.0; pattern.index.len()]);
        let traces = moments::traces(pattern, matrix, self.steps, &weight, derivative.as_deref_mut());
        let values = &self.deflation.values;
        let exact = |q: &Polynomial| q.c.iter().zip(&traces).map(|(c, t)| c * t).sum::<f64>();
        let known = exact(&p) + values.iter().map(|&x| p.rest(x)).sum::<f64>();
        let known_by_edge = exact(&p_by_edge) - values.iter().map(|&x| p_by_edge.at(x)).sum::<f64>();

        let probes: Vec<Vec<Quadrature>> = (0..count)
            .into_par_iter()
            .map(|m| self.probe(pattern, matrix, &p, &p_by_edge, m, derivative.is_some()))
            .collect();
        let (rest, standard_error) = mean(&probes);
        if let (Some(bar), Some(derivative)) = (bar, derivative) {
            *bar = derivative;
            let share = 1.0 / probes.len() as f64;
            let by_edge = known_by_edge + share * probes.iter().flatten().map(|q| q.by_edge).sum::<f64>();
            let factor = 2.0 * by_edge * rho_by_second;
            bar.iter_mut().zip(&matrix.m).for_each(|(b, m)| *b += factor * m);
            let mut vectors: Vec<(f64, &[f64])> =
                self.deflation.vectors.iter().zip(values).map(|(u, &x)| (p.rest_slope(x), &u[..])).collect();
            for q in probes.iter().flatten() {
                vectors.extend(q.weights.iter().zip(&q.vectors).map(|(w, x)| (share * w, &x[..])));
            }
            add_outer(pattern, &vectors, bar);
            matrix.adjoint(pattern, bar);
        }
        Estimate { logdet: matrix.logdet + known + rest, standard_error }
    }

    /// All components of one probe.
    fn probe(
        &self,
        pattern: &Pattern,
        matrix: &Matrix,
        p: &Polynomial,
        p_by_edge: &Polynomial,
        m: usize,
        derivative: bool,
    ) -> Vec<Quadrature> {
        let z = rademacher(pattern.n, m as u64);
        let part = |c: usize| -> Vec<f64> {
            z.iter().zip(&pattern.component_of).map(|(z, &of)| if of as usize == c { *z } else { 0.0 }).collect()
        };
        (0..pattern.components)
            .map(|c| lanczos::quadrature(pattern, matrix, &self.deflation, p, p_by_edge, &part(c), derivative))
            .collect()
    }
}

/// ||M||_F^2 = tr M^2.
fn second_moment(matrix: &Matrix) -> f64 {
    matrix.m.iter().map(|v| v * v).sum()
}

/// The semicircle with the second moment of M ends here; also the derivative in tr M^2.
fn edge(second: f64, n: usize) -> (f64, f64) {
    let rho = 2.0 * (second / n as f64).sqrt();
    if rho > LARGEST_EDGE {
        (LARGEST_EDGE, 0.0)
    } else if rho > 1e-8 {
        (rho, 0.5 * rho / second)
    } else {
        (1e-8, 0.0)
    }
}

/// dp / drho, by central differences of the coefficients.
fn difference_by_edge(degree: usize, rho: f64) -> Polynomial {
    let step = 1e-4 * rho;
    let (up, down) = (Polynomial::fit(degree, rho + step), Polynomial::fit(degree, rho - step));
    Polynomial { c: up.c.iter().zip(&down.c).map(|(u, d)| (u - d) / (2.0 * step)).collect() }
}

/// Mean over probes and its standard error.
fn mean(probes: &[Vec<Quadrature>]) -> (f64, f64) {
    let totals: Vec<f64> = probes.iter().map(|parts| parts.iter().map(|q| q.value).sum()).collect();
    let count = totals.len() as f64;
    let mean = totals.iter().sum::<f64>() / count;
    let variance = totals.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (mean, (variance / count).sqrt())
}

/// bar += sum of weight x x' on the pattern.
fn add_outer(pattern: &Pattern, vectors: &[(f64, &[f64])], bar: &mut [f64]) {
    const BATCH: usize = 32;
    for batch in vectors.chunks(BATCH) {
        // Row by row, so that one entry reads two short runs of memory.
        let width = batch.len();
        let mut rows = vec![0.0; pattern.n * width];
        for (c, (_, x)) in batch.iter().enumerate() {
            for (i, value) in x.iter().enumerate() {
                rows[i * width + c] = *value;
            }
        }
        let mut pieces = Vec::with_capacity(pattern.n);
        let mut rest = &mut bar[..];
        for i in 0..pattern.n {
            let (piece, after) = rest.split_at_mut(pattern.row(i).len());
            pieces.push(piece);
            rest = after;
        }
        pieces.into_par_iter().enumerate().with_min_len(512).for_each(|(i, piece)| {
            stop::large(2 * piece.len() * width);
            let mut own = vec![0.0; width];
            for ((o, x), (w, _)) in own.iter_mut().zip(&rows[i * width..(i + 1) * width]).zip(batch) {
                *o = w * x;
            }
            for (b, &j) in piece.iter_mut().zip(&pattern.index[pattern.row(i)]) {
                let other = &rows[j as usize * width..(j as usize + 1) * width];
                *b += own.iter().zip(other).map(|(x, y)| x * y).sum::<f64>();
            }
        });
    }
}

/// Probe m: signs from a counter (Steele, Lea & Flood 2014, SplitMix64), the same in every run.
fn rademacher(n: usize, m: u64) -> Vec<f64> {
    let mut state = m.wrapping_add(1).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    let mut bits = 0;
    (0..n)
        .map(|i| {
            if i % 64 == 0 {
                state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut z = state;
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                bits = z ^ (z >> 31);
            }
            if bits >> (i % 64) & 1 == 0 { -1.0 } else { 1.0 }
        })
        .collect()
}
