//! How far Laplace's approximation is from the likelihood: importance sampling around the mode.
//!
//! With H = R R' at the mode, u = u_hat + R^-T z of standard normal z has the density that Laplace's approximation puts
//! in place of the integrand, and the likelihood is Laplace's times E w, log w = f(u_hat) - f(u) + z'z / 2. Four things
//! make that a number that can be had:
//!
//! 1. *Pieces.* Levels that are not connected by any row are independent: the likelihood is the product over connected
//!    components of the design, and E w is estimated for each of them by itself (one grouping factor: level by level).
//! 2. *Leaves are integrated.* Given the tail's effects the leaves are independent. Only the tail is drawn,
//!    u_t = u_hat_t + L^-T z_t with L of the Schur complement, and each leaf's integral is found at the drawn tail around
//!    its own conditional mode: by quadrature for one or two effects, else by the mean over a few draws, which keeps E w.
//! 3. *Pairs.* z and -z: what is odd in z (skewness, the largest part of log w) cancels to first order.
//! 4. *Cumulants.* Over many effects log w is a sum of many small terms. Its variance grows with their number until the
//!    mean of w is that of the few largest, while log E w = k1 + k2 / 2 + k3 / 6 + ... in the cumulants of log w goes on
//!    being estimated well. Both are reported.

use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::StandardNormal;
use rayon::prelude::*;

use super::blocks::add_effects;
use super::components::Components;
use super::data::Data;
use super::laplace::{LAPLACE, Work};
use super::leaf_integral::{Leaves, Nodes, Scratch};
use super::mode::{Mode, TIGHT};
use super::objective::Watch;
use super::problem::{Glmm, Parameter};
use super::proposal::Proposal;
use super::weights::{Account, Estimate, Logs};
use crate::effects::elimination::Elimination;
use crate::error::EngineError;
use crate::threads;

/// An estimate of log E w, and the Laplace approximation that it belongs to.
#[derive(Debug, Clone)]
pub struct Importance {
    /// Log-likelihood by Laplace's approximation (observed information), all constants in it.
    pub laplace: f64,
    pub estimate: Estimate,
    /// Connected components of the design.
    pub components: usize,
    /// Whether the leaves are integrated by quadrature.
    pub quadrature: bool,
}

/// Row evaluations of one batch of draws: between batches the caller is asked whether to go on.
const BATCH: usize = 2_000_000;

impl Glmm {
    /// Estimate log E w at a point by `draws` draws (pairs: an odd number is rounded up).
    pub fn importance(&self, at: &Parameter, draws: usize, seed: u64, watch: Watch) -> Result<Importance, EngineError> {
        if draws < 4 {
            return Err(EngineError::shape("importance sampling needs four draws or more"));
        }
        let place = self.place(at)?;
        threads::run(|| {
            let mut work = Work::new(&self.data, LAPLACE, Vec::new());
            let start = Mode::zero(&self.data);
            let mode = work.mode(self.likelihood(), place.at(), &start, TIGHT).ok_or(EngineError::NoMode)?;
            let e = &work.inner.elimination;
            let laplace = mode.value - 0.5 * (mode.penalty + e.logdet_u) + self.constant;
            let sampler = Sampler::new(self, &mode, e, &place.psi);
            let estimate = sampler.run(draws.div_ceil(2), seed, laplace, watch)?;
            let (components, quadrature) = (sampler.components.sizes.len(), sampler.nodes.fixed());
            Ok(Importance { laplace, estimate, components, quadrature })
        })
    }
}

struct Sampler<'a> {
    data: &'a Data,
    e: &'a Elimination,
    components: Components,
    leaves: Option<Leaves<'a>>,
    nodes: Nodes,
    /// Distribution of the tail's z in each component; none where it has no tail.
    proposals: Vec<Option<Proposal>>,
    /// u at the mode of the tail, scalar by scalar.
    tail: Vec<f64>,
}

impl<'a> Sampler<'a> {
    fn new(model: &'a Glmm, mode: &'a Mode, e: &'a Elimination, psi: &'a [f64]) -> Self {
        let data = &model.data;
        let mut tail = vec![0.0; data.layout.n_tail];
        for &(f, offset) in &data.layout.tail {
            let u = spherical(&e.leaves.templates[f].t, &mode.s[f]);
            tail[offset..offset + u.len()].copy_from_slice(&u);
        }
        let leaves = data.layout.leaf.map(|leaf| {
            let u = spherical(&e.leaves.templates[leaf].t, &mode.s[leaf]);
            Leaves::new(model.likelihood(), leaf, &e.leaves.templates[leaf].t, e, mode, u, psi)
        });
        let k = data.layout.leaf.map_or(1, |leaf| data.factors[leaf].k());
        let nodes = match &leaves {
            Some(leaves) if data.layout.n_tail > 0 => leaves.nodes(),
            _ => Nodes::drawn(k, 1),
        };
        let components = Components::of(data);
        let proposals = components.sizes.iter().map(|&d| (d > 0).then(|| Proposal::new(d))).collect();
        Self { data, e, components, leaves, nodes, proposals, tail }
    }

    fn run(&self, pairs: usize, seed: u64, laplace: f64, watch: Watch) -> Result<Estimate, EngineError> {
        let work = self.data.n * (self.nodes.count() + 2) * 2;
        let batch = (BATCH / work.max(1)).clamp(8, 256);
        let mut account = Account::new(&self.components.sizes, pairs);
        for first in (0..pairs).step_by(batch) {
            let numbers: Vec<usize> = (first..(first + batch).min(pairs)).collect();
            let logs: Vec<Vec<Logs>> = numbers.par_iter().map(|&m| self.pair(stream(seed, m))).collect();
            for pair in logs {
                account.add(&pair);
            }
            if !watch(first, -2.0 * laplace) {
                return Err(EngineError::Interrupted);
            }
        }
        Ok(account.finish())
    }

    /// Every component's part of a pair.
    fn pair(&self, mut rng: StdRng) -> Vec<Logs> {
        let mut logs = vec![Logs::default(); self.components.sizes.len()];
        let mut d = self.tail_draw(&mut rng, &mut logs);
        self.e.tail.solve_lower_transpose(&mut d, 1);
        for ((d, u), &component) in d.iter().zip(&self.tail).zip(&self.components.of_tail) {
            let log = &mut logs[component as usize];
            log.w[0] -= d * (u + 0.5 * d);
            log.w[1] -= d * (0.5 * d - u);
        }
        let Some(leaves) = &self.leaves else { return logs };
        let shift = self.shift(&d);
        let mut scratch = Scratch::default();
        let mut drawn = Vec::new();
        for (level, &component) in self.components.of_leaf.iter().enumerate() {
            let normal = self.nodes.draw(&mut rng, &mut drawn);
            let log = &mut logs[component as usize];
            log.normal += normal;
            for (side, log) in log.w.iter_mut().enumerate() {
                let sign = 1.0 - 2.0 * side as f64;
                *log += leaves.ratio(level, &shift, sign, &self.nodes, &drawn, &mut scratch);
            }
        }
        logs
    }

    /// z of the tail, component by component, minus the logarithm of its density (and of the constant of a normal one)
    /// added to `logs`.
    fn tail_draw(&self, rng: &mut StdRng, logs: &mut [Logs]) -> Vec<f64> {
        let stretches: Vec<f64> =
            self.proposals.iter().map(|proposal| proposal.as_ref().map_or(1.0, |s| s.stretch(rng))).collect();
        let mut squares = vec![0.0; logs.len()];
        let order = self.e.tail.order();
        let z = (0..self.tail.len())
            .map(|m| {
                let component = self.components.of_tail[order.map_or(m, |order| order[m] as usize)] as usize;
                let z = stretches[component] * rng.sample::<f64, _>(StandardNormal);
                squares[component] += z * z;
                z
            })
            .collect();
        for ((proposal, square), log) in self.proposals.iter().zip(&squares).zip(logs) {
            let value = proposal.as_ref().map_or(0.0, |s| s.log_weight(*square));
            log.w.iter_mut().for_each(|l| *l += value);
            log.normal += value - 0.5 * square;
        }
        z
    }

    /// What the tail's effects d add to the linear predictors; empty without a tail.
    fn shift(&self, d: &[f64]) -> Vec<f64> {
        let data = self.data;
        if d.is_empty() {
            return Vec::new();
        }
        let mut b: Vec<Vec<f64>> = data.factors.iter().map(|f| vec![0.0; f.levels * f.k()]).collect();
        for &(f, offset) in &data.layout.tail {
            let (k, t) = (data.factors[f].k(), &self.e.leaves.templates[f].t);
            for (d, b) in d[offset..].chunks_exact(k).zip(b[f].chunks_exact_mut(k)) {
                for (i, b) in b.iter_mut().enumerate() {
                    *b = (0..k).map(|j| t[i + j * k] * d[j]).sum();
                }
            }
        }
        let mut out = vec![0.0; data.predictors * data.n];
        add_effects(data, &b, &mut out);
        out
    }
}

/// u = T's, level by level.
fn spherical(t: &[f64], s: &[f64]) -> Vec<f64> {
    let k = (t.len() as f64).sqrt() as usize;
    let mut out = vec![0.0; s.len()];
    for (s, u) in s.chunks_exact(k).zip(out.chunks_exact_mut(k)) {
        for (j, u) in u.iter_mut().enumerate() {
            *u = (0..k).map(|i| t[i + j * k] * s[i]).sum();
        }
    }
    out
}

/// The random numbers of one pair: a function of the seed and its number, whichever thread draws it.
fn stream(seed: u64, number: usize) -> StdRng {
    let mixed = (seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(29);
    StdRng::seed_from_u64(mixed.wrapping_add(number as u64))
}
