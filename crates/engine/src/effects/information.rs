//! Average information along given directions of the templates (numerics: equation 5): with w_m = (dSigma_m) s,
//! F_lm = w_l'Z'P Z w_m and AI_lm = (F_lm - (s'w_l)(s'w_m) / r2) / sigma^2. Where sigma is known, nothing is profiled
//! out, and AI_lm = F_lm / sigma^2.

use super::elimination::Elimination;
use super::layout::{Layout, Panel};
use super::parameters::Direction;
use super::score::{LevelParts, in_pieces};
use super::template::{inner, sigma_direction};
use crate::gram::Gram;
use crate::stop;

/// sigma^2 of an evaluation, in standardised units.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noise {
    pub s2: f64,
    /// 1 / r^2 where sigma^2 follows from r^2, 0 where it is known: what (s'w_l)(s'w_m) is multiplied by.
    pub pull: f64,
}

/// AI over all pairs of directions, K x K. Uses the tail's Cholesky factor: call before it is inverted.
pub(crate) fn average_information(
    gram: &Gram,
    layout: &Layout,
    e: &Elimination,
    parts: &[LevelParts],
    templates: &[Vec<f64>],
    directions: &[Direction],
    noise: Noise,
) -> Vec<f64> {
    let (sums, mut fixed) = products(gram, layout, e, parts, templates, directions);
    profiled(&sums, &mut fixed, e, gram.p, noise)
}

/// AI from w_l'Z'V^-1 Z w_m (the lower triangle counts) and, for each direction, X'V^-1 Z w_m and s'w_m: past the fixed
/// effects, and sigma profiled out where it is not known.
pub(crate) fn profiled(sums: &[f64], fixed: &mut [Vec<f64>], e: &Elimination, p: usize, noise: Noise) -> Vec<f64> {
    for v in fixed.iter_mut() {
        e.border.half_solve(&mut v[..p]);
    }
    let count = fixed.len();
    let mut out = vec![0.0; count * count];
    for l in 0..count {
        for m in 0..=l {
            let past: f64 = (0..p).map(|j| fixed[l][j] * fixed[m][j]).sum();
            let sw = fixed[l][p] * fixed[m][p] * noise.pull;
            let value = (sums[l + m * count] - past - sw) / noise.s2;
            out[l + m * count] = value;
            out[m + l * count] = value;
        }
    }
    out
}

/// w_l'Z'V^-1 Z w_m over pairs of directions (the lower triangle counts), and for each direction the p + 1 numbers
/// X'V^-1 Z w_m and s'w_m.
pub(crate) fn products(
    gram: &Gram,
    layout: &Layout,
    e: &Elimination,
    parts: &[LevelParts],
    templates: &[Vec<f64>],
    directions: &[Direction],
) -> (Vec<f64>, Vec<Vec<f64>>) {
    let (count, width) = (directions.len(), gram.p + 1);
    let Some(leaf) = layout.leaf else { return (Vec::new(), Vec::new()) };
    let work = Variates::new(gram, layout, parts, templates, directions, leaf);
    let size = count * count + count * width;
    let levels = gram.factors[leaf].levels;
    let sums = if layout.n_tail == 0 {
        in_pieces(levels, |first, n| work.leaves(e, first, n, size), size)
    } else {
        work.leaves_and_tail(e, size)
    };
    let fixed = sums[count * count..].chunks_exact(width).map(<[f64]>::to_vec).collect();
    (sums, fixed)
}

struct Variates<'a> {
    gram: &'a Gram,
    layout: &'a Layout,
    parts: &'a [LevelParts],
    directions: &'a [Direction],
    /// dSigma of every direction, k x k.
    sigma: Vec<Vec<f64>>,
    leaf: usize,
    /// Directions on the leaf factor, and on each tail factor.
    own: Vec<usize>,
    of_tail: Vec<Vec<usize>>,
}

/// Buffers of one leaf, k numbers a direction: w, Z'Z w, and P'Z'Z w.
struct LeafRows {
    w: Vec<f64>,
    a: Vec<f64>,
    r: Vec<f64>,
}

impl LeafRows {
    fn new(count: usize, k: usize) -> Self {
        let zero = vec![0.0; count * k];
        Self { w: zero.clone(), a: zero.clone(), r: zero }
    }
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
        let on = |g: usize| (0..directions.len()).filter(|&m| directions[m].group == g).collect::<Vec<_>>();
        let (own, of_tail) = (on(leaf), layout.tail.iter().map(|t| on(t.0)).collect());
        Self { gram, layout, parts, directions, sigma, leaf, own, of_tail }
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

    /// One factor: sums over leaves of w'ZZ w - (P'ZZ w)'(P'ZZ w), T_x'w and s'w.
    fn leaves(&self, e: &Elimination, first: usize, n: usize, size: usize) -> Vec<f64> {
        let count = self.directions.len();
        let k = self.gram.factors[self.leaf].k;
        let mut sums = vec![0.0; size];
        let mut at = LeafRows::new(count, k);
        stop::point(n * count * k * (k + count));
        for level in first..first + n {
            stop::large(count * k * (k + count));
            self.own_rows(level, &mut at, &mut sums);
            project(&e.leaves.p[level * k * k..(level + 1) * k * k], &at.a, k, &mut at.r);
            subtract_projections(&at.r, k, count, &mut sums);
        }
        sums
    }

    /// Leaves, then the tail: forward elimination of Z'Z w for all directions at once.
    fn leaves_and_tail(&self, e: &Elimination, size: usize) -> Vec<f64> {
        let (count, n_tail) = (self.directions.len(), self.layout.n_tail);
        let k = self.gram.factors[self.leaf].k;
        let mut sums = vec![0.0; size];
        let w = self.tail_variates();
        let plain = self.tail_products(&w);
        add_inner_products(&w, &plain, n_tail, count, 1.0, &mut sums);
        self.tail_fixed(&w, &mut sums[count * count..]);
        // Rows of Z'Z w on the tail with the leaves' own directions, and what the leaves take from them.
        let (mut whole, mut taken) = (plain, vec![0.0; w.len()]);
        let mut at = LeafRows::new(count, k);
        let mut panel = Panel::default();
        for level in 0..self.gram.factors[self.leaf].levels {
            stop::large(2 * count * k * (k + count));
            self.own_rows(level, &mut at, &mut sums);
            self.tail_rows(level, &w, &mut at, &mut whole, &mut sums);
            project(&e.leaves.p[level * k * k..(level + 1) * k * k], &at.a, k, &mut at.r);
            subtract_projections(&at.r, k, count, &mut sums);
            e.leaves.panel(self.gram, self.layout, self.leaf, level, 0, &mut panel);
            stop::large(4 * panel.index.len() * k * count);
            for (h, &index) in panel.h.chunks_exact(k).zip(&panel.index) {
                for (m, r) in at.r.chunks_exact(k).enumerate() {
                    taken[m * n_tail + index as usize] += h.iter().zip(r).map(|(h, r)| h * r).sum::<f64>();
                }
            }
        }
        let mut scaled = self.scaled(e, &whole, &taken);
        e.tail.solve_lower(&mut scaled, count);
        add_inner_products(&scaled, &scaled, n_tail, count, -1.0, &mut sums);
        sums
    }

    /// The leaf's own block: w and ZZ w of the directions on its factor, with w'ZZ w, T_x'w and s'w.
    fn own_rows(&self, level: usize, at: &mut LeafRows, sums: &mut [f64]) {
        let (count, width) = (self.directions.len(), self.gram.p + 1);
        let blocks = &self.gram.factors[self.leaf];
        let k = blocks.k;
        let zz = &blocks.zz[level * k * k..(level + 1) * k * k];
        let tx = &self.parts[self.leaf].tx[level * k * width..(level + 1) * k * width];
        let s = &self.parts[self.leaf].s[level * k..(level + 1) * k];
        at.a.fill(0.0);
        for &m in &self.own {
            let (w, a) = (&mut at.w[m * k..(m + 1) * k], &mut at.a[m * k..(m + 1) * k]);
            self.variate(m, level, w);
            for (i, value) in a.iter_mut().enumerate() {
                *value = (0..k).map(|j| zz[i + j * k] * w[j]).sum();
            }
            let fixed = &mut sums[count * count + m * width..count * count + (m + 1) * width];
            for i in 0..k {
                for (f, t) in fixed[..width - 1].iter_mut().zip(&tx[i * width..]) {
                    *f += t * w[i];
                }
                fixed[width - 1] += s[i] * w[i];
            }
        }
        for (n, &l) in self.own.iter().enumerate() {
            for &m in &self.own[..=n] {
                let (w, a) = (&at.w[l * k..(l + 1) * k], &at.a[m * k..(m + 1) * k]);
                sums[l + m * count] += w.iter().zip(a).map(|(w, a)| w * a).sum::<f64>();
            }
        }
    }

    /// The leaf's rows of Z'Z w for the directions on the tail, A_il' w_i; what its own directions add to the tail's
    /// rows, A_il w_l; and the products w_l'(A_lt w_t) between the two kinds.
    fn tail_rows(&self, level: usize, w: &[f64], at: &mut LeafRows, whole: &mut [f64], sums: &mut [f64]) {
        let (count, n_tail) = (self.directions.len(), self.layout.n_tail);
        let k = self.gram.factors[self.leaf].k;
        for ((&(f, offset), cross), there) in self.layout.tail.iter().zip(&self.gram.cross).zip(&self.of_tail) {
            let kf = self.gram.factors[f].k;
            for pair in cross.pairs(level) {
                let (block, node) = (cross.block(pair), offset + cross.index[pair] as usize * kf);
                for &m in there {
                    let wf = &w[m * n_tail + node..m * n_tail + node + kf];
                    for (a, column) in at.a[m * k..(m + 1) * k].iter_mut().zip(block.chunks_exact(kf)) {
                        *a += column.iter().zip(wf).map(|(b, w)| b * w).sum::<f64>();
                    }
                }
                for &m in &self.own {
                    let out = &mut whole[m * n_tail + node..m * n_tail + node + kf];
                    for (wl, column) in at.w[m * k..(m + 1) * k].iter().zip(block.chunks_exact(kf)) {
                        out.iter_mut().zip(column).for_each(|(o, b)| *o += b * wl);
                    }
                }
            }
        }
        for &l in &self.own {
            for &m in self.of_tail.iter().flatten() {
                let (w, a) = (&at.w[l * k..(l + 1) * k], &at.a[m * k..(m + 1) * k]);
                sums[l.max(m) + l.min(m) * count] += w.iter().zip(a).map(|(w, a)| w * a).sum::<f64>();
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
    fn tail_products(&self, w: &[f64]) -> Vec<f64> {
        let n_tail = self.layout.n_tail;
        let mut plain = vec![0.0; w.len()];
        let columns = self.directions.len();
        for &(f, offset) in &self.layout.tail {
            let blocks = &self.gram.factors[f];
            let k = blocks.k;
            for m in 0..columns {
                stop::large(2 * blocks.levels * k * k);
                for level in 0..blocks.levels {
                    let zz = &blocks.zz[level * k * k..(level + 1) * k * k];
                    let at = m * n_tail + offset + level * k;
                    for i in 0..k {
                        plain[at + i] += (0..k).map(|j| zz[i + j * k] * w[at + j]).sum::<f64>();
                    }
                }
            }
        }
        for (cross, first, second) in self.layout.tail_pairs(self.gram) {
            let (kf, ks) = (self.gram.factors[cross.first].k, self.gram.factors[cross.second].k);
            for m in 0..columns {
                stop::large(4 * cross.value.len());
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
        plain
    }

    /// T_t' whole - taken, level by level.
    fn scaled(&self, e: &Elimination, whole: &[f64], taken: &[f64]) -> Vec<f64> {
        let n_tail = self.layout.n_tail;
        let mut out = vec![0.0; whole.len()];
        for &(f, offset) in &self.layout.tail {
            let (levels, k) = (self.gram.factors[f].levels, self.gram.factors[f].k);
            let t = &e.leaves.templates[f].t;
            for m in 0..self.directions.len() {
                stop::large(2 * levels * k * k);
                for level in 0..levels {
                    let at = m * n_tail + offset + level * k;
                    for i in 0..k {
                        let sum: f64 = (0..k).map(|j| t[j + i * k] * whole[at + j]).sum();
                        out[at + i] = sum - taken[at + i];
                    }
                }
            }
        }
        out
    }

    /// T_x'w and s'w of the tail's directions.
    fn tail_fixed(&self, w: &[f64], sums: &mut [f64]) {
        let (n_tail, width) = (self.layout.n_tail, self.gram.p + 1);
        for (m, direction) in self.directions.iter().enumerate() {
            let Some(&(f, offset)) = self.layout.tail.iter().find(|t| t.0 == direction.group) else { continue };
            let rows = self.gram.factors[f].levels * self.gram.factors[f].k;
            stop::large(2 * rows * width);
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

/// Subtract r_l'r_m of one leaf.
#[inline]
fn subtract_projections(r: &[f64], k: usize, count: usize, sums: &mut [f64]) {
    for l in 0..count {
        for m in 0..=l {
            let value: f64 = r[l * k..(l + 1) * k].iter().zip(&r[m * k..(m + 1) * k]).map(|(x, y)| x * y).sum();
            sums[l + m * count] -= value;
        }
    }
}

/// sums[l, m] += sign x_l'y_m over the lower triangle.
fn add_inner_products(x: &[f64], y: &[f64], n: usize, count: usize, sign: f64, sums: &mut [f64]) {
    for l in 0..count {
        stop::large(2 * l * n);
        for m in 0..=l {
            let value: f64 = x[l * n..(l + 1) * n].iter().zip(&y[m * n..(m + 1) * n]).map(|(x, y)| x * y).sum();
            sums[l + m * count] += sign * value;
        }
    }
}

/// 2 <dT_l, D dT_m>: what the map T -> T T' adds to the average information.
pub(crate) fn add_curvature(
    hessian: &mut [f64],
    directions: &[Direction],
    d: &[Vec<f64>],
    k: impl Fn(&Direction) -> usize,
) {
    let count = directions.len();
    for (l, a) in directions.iter().enumerate() {
        stop::large(count * k(a));
        for (m, b) in directions.iter().enumerate().filter(|(_, b)| b.group == a.group) {
            hessian[l + m * count] += 2.0 * inner(&a.dt, &d[a.group], &b.dt, k(a));
        }
    }
}
