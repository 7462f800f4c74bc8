//! Average information along given directions of the templates (numerics: equation 5): with w_m = (dSigma_m) s,
//! F_lm = w_l'Z'P Z w_m and AI_lm = (F_lm - (s'w_l)(s'w_m) / r2) / sigma^2.

use super::elimination::{Elimination, Layout, Panel};
use super::parameters::Direction;
use super::score::{LevelParts, in_pieces};
use super::template::sigma_direction;
use crate::gram::Gram;

/// AI over all pairs of directions, K x K. Uses the tail's Cholesky factor: call before it is inverted.
pub(crate) fn average_information(
    gram: &Gram,
    layout: &Layout,
    e: &Elimination,
    parts: &[LevelParts],
    templates: &[Vec<f64>],
    directions: &[Direction],
    s2: f64,
) -> Vec<f64> {
    let count = directions.len();
    let Some(leaf) = layout.leaf else { return Vec::new() };
    let work = Variates::new(gram, layout, parts, templates, directions, leaf);
    // 1. Leaves: partial sums of F, T_x'w and s'w; the tail's rows of Z'Z w.
    let size = count * count + count * (gram.p + 1);
    let levels = gram.factors[leaf].levels;
    let mut sums = in_pieces(levels, |first, n| work.leaves(e, first, n, size), size);
    // 2. The tail.
    let n_tail = layout.n_tail;
    if n_tail > 0 {
        let w = work.tail_variates();
        let mut a = work.tail_products(&w);
        work.leaf_products(e, &w, &mut a);
        for l in 0..count {
            for m in 0..=l {
                let (x, y) = (&w[l * n_tail..(l + 1) * n_tail], &a.plain[m * n_tail..(m + 1) * n_tail]);
                sums[l + m * count] += x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
            }
        }
        work.tail_fixed(&w, &mut sums[count * count..]);
        e.tail.solve_lower(&mut a.scaled, count);
        for l in 0..count {
            for m in 0..=l {
                let (x, y) = (&a.scaled[l * n_tail..(l + 1) * n_tail], &a.scaled[m * n_tail..(m + 1) * n_tail]);
                sums[l + m * count] -= x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
            }
        }
    }
    // 3. Past the fixed effects, and sigma profiled out.
    let width = gram.p + 1;
    let mut fixed: Vec<Vec<f64>> =
        (0..count).map(|m| sums[count * count + m * width..count * count + (m + 1) * width].to_vec()).collect();
    for v in &mut fixed {
        e.border.half_solve(&mut v[..gram.p]);
    }
    let mut out = vec![0.0; count * count];
    for l in 0..count {
        for m in 0..=l {
            let past: f64 = (0..gram.p).map(|j| fixed[l][j] * fixed[m][j]).sum();
            let sw = fixed[l][gram.p] * fixed[m][gram.p] / e.border.r2;
            let value = (sums[l + m * count] - past - sw) / s2;
            out[l + m * count] = value;
            out[m + l * count] = value;
        }
    }
    out
}

struct Variates<'a> {
    gram: &'a Gram,
    layout: &'a Layout,
    parts: &'a [LevelParts],
    directions: &'a [Direction],
    /// dSigma of every direction, k x k.
    sigma: Vec<Vec<f64>>,
    leaf: usize,
}

/// Z'Z w on the tail: as it is, and scaled by the templates with the leaves eliminated.
struct TailProducts {
    plain: Vec<f64>,
    scaled: Vec<f64>,
}

impl<'a> Variates<'a> {
    fn new(
        gram: &'a Gram,
        layout: &'a Layout,
        parts: &'a [LevelParts],
        templates: &[Vec<f64>],
        directions: &'a [Direction],
        leaf: usize,
    ) -> Self {
        let sigma =
            directions.iter().map(|d| sigma_direction(&templates[d.group], &d.dt, gram.factors[d.group].k)).collect();
        Self { gram, layout, parts, directions, sigma, leaf }
    }

    /// w = dSigma s of one level.
    #[inline]
    fn variate(&self, m: usize, level: usize, out: &mut [f64]) {
        let group = self.directions[m].group;
        let k = self.gram.factors[group].k;
        let s = &self.parts[group].s[level * k..(level + 1) * k];
        for (i, o) in out.iter_mut().enumerate() {
            *o = (0..k).map(|j| self.sigma[m][i + j * k] * s[j]).sum();
        }
    }

    /// Sums over leaves of directions on the leaf factor: w'ZZ w - (P'ZZ w)'(P'ZZ w), T_x'w and s'w. Directions on
    /// the tail reach the leaves only through `leaf_products`.
    fn leaves(&self, e: &Elimination, first: usize, n: usize, size: usize) -> Vec<f64> {
        let (count, width) = (self.directions.len(), self.gram.p + 1);
        let blocks = &self.gram.factors[self.leaf];
        let k = blocks.k;
        let own: Vec<usize> = (0..count).filter(|&m| self.directions[m].group == self.leaf).collect();
        let mut sums = vec![0.0; size];
        let (mut w, mut a, mut r) = (vec![0.0; count * k], vec![0.0; count * k], vec![0.0; count * k]);
        let alone = self.layout.n_tail == 0;
        for level in first..first + n {
            let zz = &blocks.zz[level * k * k..(level + 1) * k * k];
            let p = &e.p[level * k * k..(level + 1) * k * k];
            let tx = &self.parts[self.leaf].tx[level * k * width..(level + 1) * k * width];
            let s = &self.parts[self.leaf].s[level * k..(level + 1) * k];
            for &m in &own {
                let (w, a) = (&mut w[m * k..(m + 1) * k], &mut a[m * k..(m + 1) * k]);
                self.variate(m, level, w);
                for (i, value) in a.iter_mut().enumerate() {
                    *value = (0..k).map(|j| zz[i + j * k] * w[j]).sum();
                }
                for (i, value) in r[m * k..(m + 1) * k].iter_mut().enumerate() {
                    *value = (0..k).map(|j| p[j + i * k] * a[j]).sum();
                }
                let fixed = &mut sums[count * count + m * width..count * count + (m + 1) * width];
                for i in 0..k {
                    for c in 0..width - 1 {
                        fixed[c] += tx[i * width + c] * w[i];
                    }
                    fixed[width - 1] += s[i] * w[i];
                }
            }
            for &l in &own {
                for &m in own.iter().take_while(|&&m| m <= l) {
                    let mut value = 0.0;
                    for i in 0..k {
                        value += w[l * k + i] * a[m * k + i];
                        if alone {
                            value -= r[l * k + i] * r[m * k + i];
                        }
                    }
                    sums[l + m * count] += value;
                }
            }
        }
        if !alone {
            self.subtract_projections(e, first, n, &mut sums);
        }
        sums
    }

    /// With a tail, P'(Z'Z w) of a leaf also has the tail's directions: a_l = ZZ_ll w_l + sum_i A_il' w_i.
    fn subtract_projections(&self, e: &Elimination, first: usize, n: usize, sums: &mut [f64]) {
        let count = self.directions.len();
        let k = self.gram.factors[self.leaf].k;
        let (mut a, mut r) = (vec![0.0; count * k], vec![0.0; count * k]);
        for level in first..first + n {
            self.leaf_rows(level, &mut a, Some(sums));
            let p = &e.p[level * k * k..(level + 1) * k * k];
            project(p, &a, k, &mut r);
            for l in 0..count {
                for m in 0..=l {
                    let value: f64 = (0..k).map(|i| r[l * k + i] * r[m * k + i]).sum();
                    sums[l + m * count] -= value;
                }
            }
        }
    }

    /// Rows of Z'Z w that belong to one leaf, all directions. With `sums`, also adds w_l'(A_lt w_t) for the pairs of
    /// a leaf direction and a tail direction.
    fn leaf_rows(&self, level: usize, a: &mut [f64], sums: Option<&mut [f64]>) {
        let count = self.directions.len();
        let blocks = &self.gram.factors[self.leaf];
        let k = blocks.k;
        let zz = &blocks.zz[level * k * k..(level + 1) * k * k];
        let mut w = vec![0.0; k];
        a.fill(0.0);
        for (m, direction) in self.directions.iter().enumerate() {
            let a = &mut a[m * k..(m + 1) * k];
            if direction.group == self.leaf {
                self.variate(m, level, &mut w);
                for (i, value) in a.iter_mut().enumerate() {
                    *value = (0..k).map(|j| zz[i + j * k] * w[j]).sum();
                }
                continue;
            }
            let Some(at) = self.layout.tail.iter().position(|t| t.0 == direction.group) else { continue };
            let cross = &self.gram.cross[at];
            let kf = self.gram.factors[direction.group].k;
            let mut wf = vec![0.0; kf];
            for pair in cross.pairs(level) {
                self.variate(m, cross.index[pair] as usize, &mut wf);
                let block = cross.block(pair);
                for (b, value) in a.iter_mut().enumerate() {
                    *value += (0..kf).map(|i| block[i + b * kf] * wf[i]).sum::<f64>();
                }
            }
        }
        let Some(sums) = sums else { return };
        for l in 0..count {
            if self.directions[l].group != self.leaf {
                continue;
            }
            self.variate(l, level, &mut w);
            for (m, direction) in self.directions.iter().enumerate() {
                if direction.group != self.leaf {
                    let value: f64 = (0..k).map(|i| w[i] * a[m * k + i]).sum();
                    sums[l.max(m) + l.min(m) * count] += value;
                }
            }
        }
    }

    /// w of the tail's directions, n_tail x K (zero for those of the leaves).
    fn tail_variates(&self) -> Vec<f64> {
        let n_tail = self.layout.n_tail;
        let mut w = vec![0.0; n_tail * self.directions.len()];
        for (m, direction) in self.directions.iter().enumerate() {
            let Some(&(f, offset)) = self.layout.tail.iter().find(|t| t.0 == direction.group) else { continue };
            let (levels, k) = (self.gram.factors[f].levels, self.gram.factors[f].k);
            for level in 0..levels {
                let at = m * n_tail + offset + level * k;
                self.variate(m, level, &mut w[at..at + k]);
            }
        }
        w
    }

    /// Z'Z w within the tail.
    fn tail_products(&self, w: &[f64]) -> TailProducts {
        let n_tail = self.layout.n_tail;
        let mut plain = vec![0.0; w.len()];
        let columns = self.directions.len();
        for &(f, offset) in &self.layout.tail {
            let blocks = &self.gram.factors[f];
            let k = blocks.k;
            for m in 0..columns {
                for level in 0..blocks.levels {
                    let zz = &blocks.zz[level * k * k..(level + 1) * k * k];
                    let at = m * n_tail + offset + level * k;
                    for i in 0..k {
                        plain[at + i] += (0..k).map(|j| zz[i + j * k] * w[at + j]).sum::<f64>();
                    }
                }
            }
        }
        for cross in &self.gram.cross {
            let place = |g: usize| self.layout.tail.iter().find(|t| t.0 == g).map(|t| t.1);
            let (Some(first), Some(second)) = (place(cross.first), place(cross.second)) else { continue };
            let (kf, ks) = (self.gram.factors[cross.first].k, self.gram.factors[cross.second].k);
            for m in 0..columns {
                for level in 0..self.gram.factors[cross.first].levels {
                    let a = m * n_tail + first + level * kf;
                    for pair in cross.pairs(level) {
                        let b = m * n_tail + second + cross.index[pair] as usize * ks;
                        let block = cross.block(pair);
                        for j in 0..kf {
                            for i in 0..ks {
                                plain[b + i] += block[i + j * ks] * w[a + j];
                                plain[a + j] += block[i + j * ks] * w[b + i];
                            }
                        }
                    }
                }
            }
        }
        TailProducts { scaled: Vec::new(), plain }
    }

    /// Forward elimination of the leaves: scaled = T_t'(Z'Z w)_t - H P'(Z'Z w)_l. The products A_tl w_l of the
    /// leaves' own directions belong to (Z'Z w)_t, too.
    fn leaf_products(&self, e: &Elimination, w: &[f64], a: &mut TailProducts) {
        let (count, n_tail) = (self.directions.len(), self.layout.n_tail);
        let k = self.gram.factors[self.leaf].k;
        // Only the scaled copy takes the leaves' directions: the pairs (leaf, tail) of w'Z'Z w are counted once, in
        // `leaf_rows`.
        let mut whole = a.plain.clone();
        let mut reduce = vec![0.0; w.len()];
        let mut panel = Panel::default();
        let (mut rows, mut r, mut wl) = (vec![0.0; count * k], vec![0.0; count * k], vec![0.0; k]);
        for level in 0..self.gram.factors[self.leaf].levels {
            self.leaf_rows(level, &mut rows, None);
            project(&e.p[level * k * k..(level + 1) * k * k], &rows, k, &mut r);
            e.panel(self.gram, self.layout, self.leaf, level, 0, &mut panel);
            for (entry, &index) in panel.index.iter().enumerate() {
                let h = &panel.h[entry * k..(entry + 1) * k];
                for m in 0..count {
                    let value: f64 = h.iter().zip(&r[m * k..(m + 1) * k]).map(|(h, r)| h * r).sum();
                    reduce[m * n_tail + index as usize] += value;
                }
            }
            for m in (0..count).filter(|&m| self.directions[m].group == self.leaf) {
                self.variate(m, level, &mut wl);
                for (&(f, offset), cross) in self.layout.tail.iter().zip(&self.gram.cross) {
                    let kf = self.gram.factors[f].k;
                    for pair in cross.pairs(level) {
                        let at = m * n_tail + offset + cross.index[pair] as usize * kf;
                        let block = cross.block(pair);
                        for i in 0..kf {
                            whole[at + i] += (0..k).map(|j| block[i + j * kf] * wl[j]).sum::<f64>();
                        }
                    }
                }
            }
        }
        let mut scaled = vec![0.0; w.len()];
        for &(f, offset) in &self.layout.tail {
            let (levels, kf) = (self.gram.factors[f].levels, self.gram.factors[f].k);
            let t = &e.templates[f].t;
            for m in 0..count {
                for level in 0..levels {
                    let at = m * n_tail + offset + level * kf;
                    for i in 0..kf {
                        let sum: f64 = (0..kf).map(|j| t[j + i * kf] * whole[at + j]).sum();
                        scaled[at + i] = sum - reduce[at + i];
                    }
                }
            }
        }
        a.scaled = scaled;
    }

    /// T_x'w and s'w of the tail's directions.
    fn tail_fixed(&self, w: &[f64], sums: &mut [f64]) {
        let (n_tail, width) = (self.layout.n_tail, self.gram.p + 1);
        for (m, direction) in self.directions.iter().enumerate() {
            let Some(&(f, offset)) = self.layout.tail.iter().find(|t| t.0 == direction.group) else { continue };
            let rows = self.gram.factors[f].levels * self.gram.factors[f].k;
            let fixed = &mut sums[m * width..(m + 1) * width];
            for i in 0..rows {
                let value = w[m * n_tail + offset + i];
                let tx = &self.parts[f].tx[i * width..(i + 1) * width];
                for c in 0..width - 1 {
                    fixed[c] += tx[c] * value;
                }
                fixed[width - 1] += self.parts[f].s[i] * value;
            }
        }
    }
}

/// P'a for every direction.
#[inline]
fn project(p: &[f64], a: &[f64], k: usize, out: &mut [f64]) {
    for (a, r) in a.chunks_exact(k).zip(out.chunks_exact_mut(k)) {
        for (i, value) in r.iter_mut().enumerate() {
            *value = (0..k).map(|j| p[j + i * k] * a[j]).sum();
        }
    }
}
