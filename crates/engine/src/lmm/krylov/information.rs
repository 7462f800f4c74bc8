//! Average information along directions of the templates, by solves: F_lm = w_l'Z'P Z w_m with w = (dSigma) s.

use rayon::prelude::*;

use crate::effects::elimination::Elimination;
use crate::effects::information::{Noise, profiled};
use crate::effects::layout::{Layout, Panel};
use crate::effects::parameters::Direction;
use crate::effects::score::LevelParts;
use crate::effects::template::sigma_direction;
use crate::gram::Gram;
use crate::lmm::system::System;

/// One direction's working variate with the leaves eliminated.
struct Variate {
    /// w on its own factor.
    w: Vec<f64>,
    /// Z'Z w on every factor.
    products: Vec<Vec<f64>>,
    /// P'(Z'Z w) of the leaves.
    r: Vec<f64>,
    /// What is left on the tail, and C^-1 of it.
    c: Vec<f64>,
    solved: Vec<f64>,
    /// T_x'w and s'w.
    fixed: Vec<f64>,
}

/// AI over all pairs of directions; `solve` applies S^-1.
pub(super) fn average_information(
    system: System,
    e: &Elimination,
    parts: &[LevelParts],
    templates: &[Vec<f64>],
    directions: &[Direction],
    noise: Noise,
    solve: impl Fn(Vec<f64>) -> Vec<f64> + Sync,
) -> Vec<f64> {
    let variates: Vec<Variate> =
        directions.par_iter().map(|d| variate(system, e, parts, &templates[d.group], d, &solve)).collect();
    let count = directions.len();
    let mut sums = vec![0.0; count * count];
    for (l, a) in variates.iter().enumerate() {
        for (m, b) in variates.iter().enumerate().take(l + 1) {
            let whole = dot(&a.w, &b.products[directions[l].group]);
            sums[l + m * count] = whole - dot(&a.r, &b.r) - dot(&a.c, &b.solved);
        }
    }
    let mut fixed: Vec<Vec<f64>> = variates.into_iter().map(|v| v.fixed).collect();
    profiled(&sums, &mut fixed, e, system.gram.p, noise)
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

fn variate(
    system: System,
    e: &Elimination,
    parts: &[LevelParts],
    template: &[f64],
    direction: &Direction,
    solve: impl Fn(Vec<f64>) -> Vec<f64>,
) -> Variate {
    let System { gram, layout, .. } = system;
    let (group, width) = (direction.group, gram.p + 1);
    let k = gram.factors[group].k;
    let sigma = sigma_direction(template, &direction.dt, k);
    let part = &parts[group];
    let mut w = vec![0.0; part.s.len()];
    for (w, s) in w.chunks_exact_mut(k).zip(part.s.chunks_exact(k)) {
        for (i, w) in w.iter_mut().enumerate() {
            *w = (0..k).map(|j| sigma[i + j * k] * s[j]).sum();
        }
    }
    let mut fixed = vec![0.0; width];
    for ((w, tx), s) in w.iter().zip(part.tx.chunks_exact(width)).zip(&part.s) {
        fixed[..gram.p].iter_mut().zip(tx).for_each(|(f, t)| *f += t * w);
        fixed[gram.p] += s * w;
    }
    let products = products(gram, group, &w);
    let (r, c) = eliminate(gram, layout, e, &products);
    let solved = solve(c.clone());
    Variate { w, products, r, c, solved, fixed }
}

/// Z'Z w of a vector that lives on one factor.
fn products(gram: &Gram, group: usize, w: &[f64]) -> Vec<Vec<f64>> {
    let mut out: Vec<Vec<f64>> = gram.factors.iter().map(|f| vec![0.0; f.levels * f.k]).collect();
    let k = gram.factors[group].k;
    let own = out[group].chunks_exact_mut(k).zip(w.chunks_exact(k)).zip(gram.factors[group].zz.chunks_exact(k * k));
    for ((out, w), zz) in own {
        for (i, o) in out.iter_mut().enumerate() {
            *o = (0..k).map(|j| zz[i + j * k] * w[j]).sum();
        }
    }
    for cross in &gram.cross {
        let (kf, ks) = (gram.factors[cross.first].k, gram.factors[cross.second].k);
        let forwards = cross.first == group;
        if !forwards && cross.second != group {
            continue;
        }
        let target = if forwards { cross.second } else { cross.first };
        for level in 0..gram.factors[cross.first].levels {
            for pair in cross.pairs(level) {
                let block = cross.block(pair);
                let (a, b) = (level * kf, cross.index[pair] as usize * ks);
                for j in 0..kf {
                    for i in 0..ks {
                        let value = block[i + j * ks];
                        if forwards {
                            out[target][b + i] += value * w[a + j];
                        } else {
                            out[target][a + j] += value * w[b + i];
                        }
                    }
                }
            }
        }
    }
    out
}

/// P'a of the leaves, and T'a of the tail with the leaves eliminated.
fn eliminate(gram: &Gram, layout: &Layout, e: &Elimination, a: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let mut c = vec![0.0; layout.n_tail];
    for &(f, offset) in &layout.tail {
        let (k, t) = (gram.factors[f].k, &e.leaves.templates[f].t);
        for (level, a) in a[f].chunks_exact(k).enumerate() {
            for i in 0..k {
                c[offset + level * k + i] = (0..k).map(|j| t[j + i * k] * a[j]).sum();
            }
        }
    }
    let Some(leaf) = layout.leaf else { return (Vec::new(), c) };
    let k = gram.factors[leaf].k;
    let mut r = vec![0.0; a[leaf].len()];
    let mut panel = Panel::default();
    for (level, (r, a)) in r.chunks_exact_mut(k).zip(a[leaf].chunks_exact(k)).enumerate() {
        let p = &e.leaves.p[level * k * k..(level + 1) * k * k];
        for (i, r) in r.iter_mut().enumerate() {
            *r = (0..k).map(|j| p[j + i * k] * a[j]).sum();
        }
        e.leaves.panel(gram, layout, leaf, level, 0, &mut panel);
        for (h, &index) in panel.h.chunks_exact(k).zip(&panel.index) {
            c[index as usize] -= dot(h, r);
        }
    }
    (r, c)
}
