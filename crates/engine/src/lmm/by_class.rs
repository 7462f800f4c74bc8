//! The two passes of `one_factor` over classes of levels instead of levels (see `classes`).
//!
//! A class is eliminated like one level whose Z'[X y] is the identity: that gives P P', B and Q with T_x = Q Z'[X y]
//! for every level of the class; sums over its levels are contractions of the class's products.

use super::classes::Classes;
use super::one_factor::{Eliminated, OneFactor, Square, Sums, eliminate_levels, matrix};
use crate::dense::view::{View, ViewMut, positions};
use crate::effects::template::Template;
use crate::error::EngineError;
use crate::gram::Gram;
use crate::stop;

impl OneFactor {
    /// Pass 1: log-determinants and the border; returns sum B (U S).
    pub(super) fn eliminate_classes<const K: usize>(
        &mut self,
        classes: &Classes,
        fixed: &[f64],
        template: &Template,
    ) -> Result<Vec<f64>, EngineError> {
        let width = self.border.p + 1;
        let (t, inverse_transpose) = (matrix::<K>(&template.t), matrix::<K>(&template.inverse_transpose));
        let identity: Vec<f64> = (0..K * K).map(|m| f64::from(u8::from(m % K == m / K))).collect();
        self.border.matrix.copy_from_slice(fixed);
        self.logdet_u = 0.0;
        let mut trace = vec![0.0; K * K];
        let mut taken = vec![0.0; width * width];
        let own = self.b.chunks_exact_mut(K * K).zip(self.tx.chunks_exact_mut(K * K));
        stop::point(classes.len() * K * K * (20 + width * width));
        for (class, ((b, q), zz)) in own.zip(classes.zz.chunks_exact(K * K)).enumerate() {
            let done: Eliminated<K> =
                eliminate_levels::<K>(b, q, zz, &identity, &t, &inverse_transpose, K).ok_or(EngineError::NotFinite)?;
            let count = classes.counts[class];
            self.logdet_u += count * done.logdet;
            for j in 0..K {
                for i in 0..K {
                    trace[i + j * K] += count * done.trace[j][i];
                }
            }
            add_taken::<K>(&done.taken, classes.products_of(class), width, &mut taken);
        }
        self.border.subtract(&taken);
        self.border.finish()?;
        Ok(trace)
    }

    /// Pass 2: everything that needs beta, but for s of every level, which only results need (`Classes::scores`).
    pub(super) fn class_sums<const K: usize>(
        &self,
        classes: &Classes,
        trace: Vec<f64>,
        beta: &[f64],
        reml: bool,
    ) -> Sums {
        let (p, width, kk) = (self.border.p, self.border.p + 1, K * K);
        let v: Vec<f64> = beta.iter().map(|b| -b).chain([1.0]).collect();
        let phi = if reml { self.border.x_inverse() } else { Vec::new() };
        let mut sums = Sums {
            trace,
            ss: vec![0.0; kk],
            past: vec![0.0; kk],
            txs: vec![0.0; p * kk],
            bss: vec![0.0; kk * kk],
            s: Vec::new(),
        };
        let mut rv = vec![0.0; K * K * width]; // sum of r[b, .] (r v)[a] along column b + K a
        stop::point(classes.len() * K * K * (20 + width * width));
        for class in 0..classes.len() {
            let (b, q) = (&self.b[class * kk..(class + 1) * kk], matrix_of_rows::<K>(&self.tx[class * kk..]));
            let products = classes.products_of(class);
            contract_one_side::<K>(products, &v, width, &mut rv);
            let mut rss = [[0.0; K]; K];
            for (m, row) in rv.chunks_exact(width).enumerate() {
                rss[m / K][m % K] = row.iter().zip(&v).map(|(r, v)| r * v).sum();
            }
            let ss = turned::<K>(&q, &rss);
            add::<K>(&mut sums.ss, &ss);
            add_bss::<K>(b, &ss, &mut sums.bss);
            add_txs::<K>(&q, &rv, p, &mut sums.txs);
            if reml {
                let inner = contract_fixed::<K>(products, &phi, p, width);
                let past = turned::<K>(&q, &inner);
                add::<K>(&mut sums.past, &past);
            }
        }
        sums
    }
}

/// sum over levels of r'P P'r, from the lower triangle of P P'.
#[inline]
fn add_taken<const K: usize>(pp: &[f64], products: View, width: usize, taken: &mut [f64]) {
    for b in 0..K {
        for a in 0..K {
            let weight = pp[a.max(b) + a.min(b) * K];
            for j in 0..width {
                let column = &products.col(b * width + j)[a * width..(a + 1) * width];
                for i in j..width {
                    taken[i + j * width] += weight * column[i];
                }
            }
        }
    }
}

/// sum += A.
#[inline]
fn add<const K: usize>(sum: &mut [f64], a: &Square<K>) {
    sum.iter_mut().zip(a.as_flattened()).for_each(|(sum, a)| *sum += a);
}

/// A matrix given row by row, as columns.
#[inline]
fn matrix_of_rows<const K: usize>(values: &[f64]) -> Square<K> {
    let mut out = [[0.0; K]; K];
    for a in 0..K {
        for m in 0..K {
            out[m][a] = values[a * K + m];
        }
    }
    out
}

/// Q A Q'.
#[inline]
fn turned<const K: usize>(q: &Square<K>, a: &Square<K>) -> Square<K> {
    let mut half = [[0.0; K]; K];
    let mut out = [[0.0; K]; K];
    for j in 0..K {
        for m in 0..K {
            for i in 0..K {
                half[j][i] += q[m][i] * a[j][m];
            }
        }
    }
    for j in 0..K {
        for m in 0..K {
            for i in 0..K {
                out[j][i] += half[m][i] * q[m][j];
            }
        }
    }
    out
}

/// sum over levels of (r v)[a] r[b, c].
#[inline]
fn contract_one_side<const K: usize>(products: View, v: &[f64], width: usize, out: &mut [f64]) {
    let n = K * width;
    out.fill(0.0);
    for a in 0..K {
        for (j, v) in v.iter().enumerate() {
            let column = products.col(a * width + j);
            for (o, r) in out[a * n..(a + 1) * n].iter_mut().zip(column) {
                *o += v * r;
            }
        }
    }
}

/// sum over levels of r Phi r' past the response.
#[inline]
fn contract_fixed<const K: usize>(products: View, phi: &[f64], p: usize, width: usize) -> Square<K> {
    let mut out = [[0.0; K]; K];
    for (b, out) in out.iter_mut().enumerate() {
        for j in 0..p {
            let column = products.col(b * width + j);
            let weights = View::square(phi, p).col(j);
            for (a, out) in out.iter_mut().enumerate() {
                let own = &column[a * width..a * width + p];
                *out += own.iter().zip(weights).map(|(r, w)| r * w).sum::<f64>();
            }
        }
    }
    out
}

/// B times s s'[i, j], column i + K j.
#[inline]
fn add_bss<const K: usize>(b: &[f64], ss: &Square<K>, out: &mut [f64]) {
    let mut out = ViewMut::new(out, K * K, K * K);
    for (m, ss) in ss.as_flattened().iter().enumerate() {
        out.col(m).iter_mut().zip(b).for_each(|(o, b)| *o += ss * b);
    }
}

/// sum of T_x[a, c] s[b] = Q[a, m] (sum of r[m, c] (r v)[l]) Q[b, l], c along column a + K b.
#[inline]
fn add_txs<const K: usize>(q: &Square<K>, rv: &[f64], p: usize, out: &mut [f64]) {
    let (rv, mut out) = (View::new(rv, p + 1, K * K), ViewMut::new(out, p, K * K));
    for b in 0..K {
        for a in 0..K {
            let own = out.col(a + K * b);
            for l in 0..K {
                for m in 0..K {
                    let weight = q[m][a] * q[l][b];
                    for (o, r) in own.iter_mut().zip(rv.col(m + K * l)) {
                        *o += weight * r;
                    }
                }
            }
        }
    }
}

/// Sums over levels that second derivatives need, whatever their directions.
pub(crate) struct Units {
    pub k: usize,
    /// sum of B x B and of B x (T_x Phi T_x'): B times element [c, d] of the second is matrix c + k d.
    bb: Vec<f64>,
    bp: Vec<f64>,
    /// sum of T_x[a, .]' T_x[b, .] past the response, matrix a + k b.
    xx: Vec<f64>,
    /// sum of s s'.
    ss: Vec<f64>,
}

impl OneFactor {
    /// The sums at the T of the last evaluation.
    pub(crate) fn units(&self, gram: &Gram, classes: Option<&Classes>, beta: &[f64], reml: bool) -> Units {
        let blocks = &gram.factors[0];
        let (k, p) = (blocks.k, gram.p);
        let phi = if reml { self.border.x_inverse() } else { Vec::new() };
        let mut units = Units::new(k, p);
        let v: Vec<f64> = beta.iter().map(|b| -b).chain([1.0]).collect();
        match classes {
            Some(classes) => {
                for (class, (b, q)) in self.b.chunks_exact(k * k).zip(self.tx.chunks_exact(k * k)).enumerate() {
                    let rows = |a: usize, m: usize| q[a * k + m];
                    units.add_class(b, &rows, classes.products_of(class), classes.counts[class], &v, &phi);
                }
            }
            None => {
                for (b, tx) in self.b.chunks_exact(k * k).zip(self.tx.chunks_exact(k * (p + 1))) {
                    units.add_level(b, tx, &v, &phi);
                }
            }
        }
        units
    }
}

impl Units {
    fn new(k: usize, p: usize) -> Self {
        let fourth = vec![0.0; k.pow(4)];
        Self { k, bb: fourth.clone(), bp: fourth, xx: vec![0.0; k * k * p * p], ss: vec![0.0; k * k] }
    }

    fn add_level(&mut self, b: &[f64], tx: &[f64], v: &[f64], phi: &[f64]) {
        let (k, width) = (self.k, v.len());
        let p = width - 1;
        let row = |a: usize| &tx[a * width..a * width + p];
        let s: Vec<f64> =
            tx.chunks_exact(width).map(|row| row.iter().zip(v).map(|(t, v)| t * v).sum::<f64>()).collect();
        let mut past = vec![0.0; if phi.is_empty() { 0 } else { k * k }];
        for d in 0..k {
            for a in 0..k {
                self.ss[a + d * k] += s[a] * s[d];
                let mut blocks = ViewMut::square(&mut self.xx, p);
                let mut own = blocks.block(a + k * d);
                for j in 0..p {
                    for (o, x) in own.col(j).iter_mut().zip(row(a)) {
                        *o += x * row(d)[j];
                    }
                }
                if let Some(past) = past.get_mut(a + d * k) {
                    *past = phi.iter().zip(positions(p, p)).map(|(h, (i, j))| row(a)[i] * h * row(d)[j]).sum();
                }
            }
        }
        self.add_products(b, &past, 1.0);
    }

    fn add_class(
        &mut self,
        b: &[f64],
        q: &dyn Fn(usize, usize) -> f64,
        products: View,
        count: f64,
        v: &[f64],
        phi: &[f64],
    ) {
        let (k, width) = (self.k, v.len());
        let p = width - 1;
        let mut past = vec![0.0; if phi.is_empty() { 0 } else { k * k }];
        for d in 0..k {
            for a in 0..k {
                for l in 0..k {
                    for m in 0..k {
                        let weight = q(a, m) * q(d, l);
                        for j in 0..width {
                            for i in 0..width {
                                let value = weight * products.at(m * width + i, l * width + j);
                                self.ss[a + d * k] += v[i] * v[j] * value;
                                if i < p && j < p {
                                    *ViewMut::square(&mut self.xx, p).block(a + k * d).at(i, j) += value;
                                    if let Some(past) = past.get_mut(a + d * k) {
                                        *past += phi[i + j * p] * value;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        // `past` is a sum over the class already, B is that of one level.
        self.add_products(b, &past, count);
    }

    fn add_products(&mut self, b: &[f64], past: &[f64], count: f64) {
        let kk = self.k * self.k;
        for (m, own) in self.bb.chunks_exact_mut(kk).enumerate() {
            for (o, first) in own.iter_mut().zip(b) {
                *o += count * first * b[m];
            }
        }
        for (own, past) in self.bp.chunks_exact_mut(kk).zip(past) {
            for (o, first) in own.iter_mut().zip(b) {
                *o += first * past;
            }
        }
    }

    /// sum of s'D s.
    pub(crate) fn pull(&self, d: &[f64]) -> f64 {
        self.ss.iter().zip(d).map(|(s, d)| s * d).sum()
    }

    /// sum of T_x'D T_x, p x p.
    pub(crate) fn fixed_product(&self, d: &[f64], p: usize) -> Vec<f64> {
        let mut out = vec![0.0; p * p];
        for (block, weight) in self.xx.chunks_exact((p * p).max(1)).zip(d) {
            for (o, x) in out.iter_mut().zip(block) {
                *o += weight * x;
            }
        }
        out
    }

    /// N with sum of tr(B D B E) = tr(N E), for any E.
    pub(crate) fn around(&self, d: &[f64]) -> Vec<f64> {
        contracted(&self.bb, d, self.k)
    }

    /// N with sum of tr(B D (T_x Phi T_x') E) = tr(N E), for any E.
    pub(crate) fn around_past(&self, d: &[f64]) -> Vec<f64> {
        contracted(&self.bp, d, self.k)
    }
}

/// N[a, d] = sum over b, c of F[a, b] D[b, c] G[c, d], from the products F x G.
fn contracted(products: &[f64], d: &[f64], k: usize) -> Vec<f64> {
    let mut out = vec![0.0; k * k];
    let mut blocks = products.chunks_exact(k); // a runs fastest, then b, c, d
    for column in out.chunks_exact_mut(k) {
        for row in d.chunks_exact(k) {
            for (weight, own) in row.iter().zip(&mut blocks) {
                column.iter_mut().zip(own).for_each(|(o, v)| *o += weight * v);
            }
        }
    }
    out
}
