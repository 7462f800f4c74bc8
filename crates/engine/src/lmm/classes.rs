//! Levels that share their Z'Z: one elimination serves a whole class of them.
//!
//! Given T, everything that a level contributes is a function of Z'Z_l alone times products of the rows of
//! Z'[X y]_l. Where many levels have the same Z'Z (balanced designs, random intercepts of groups of few sizes), the
//! sums of those products over a class are collected once, and an evaluation costs as much as there are classes. The
//! sums that involve y are all that another response changes.

use std::collections::HashMap;

use crate::dense::small::{
    cholesky, inverse_from_cholesky, multiply, multiply_transpose_left, multiply_transpose_right,
};
use crate::dense::view::{View, ViewMut};
use crate::effects::template::Template;
use crate::gram::FactorBlocks;

/// Relative difference up to which two Z'Z are taken as the same: sums of equal numbers in another order.
const SAME: f64 = 1e-13;

/// Levels looked at before it is decided whether classes are few enough.
const SAMPLE: usize = 512;

/// Classes of the levels of one factor, with the products of their rows.
#[derive(Debug, Clone)]
pub(crate) struct Classes {
    /// Class of each level.
    pub of_level: Vec<u32>,
    /// Z'Z of each class, k x k.
    pub zz: Vec<f64>,
    /// Levels of each class.
    pub counts: Vec<f64>,
    /// For each class sum over its levels of r r', r the k (p + 1) numbers of Z'[X y]_l; symmetric.
    pub products: Vec<f64>,
    k: usize,
    width: usize,
}

impl Classes {
    /// Classes of the levels, or `None` where there are too many of them to gain by.
    pub(crate) fn of(blocks: &FactorBlocks, width: usize) -> Option<Self> {
        let (levels, k) = (blocks.levels, blocks.k);
        let most = most_classes(levels, k);
        if most == 0 {
            return None;
        }
        let mut found = Finder::new(k);
        let mut of_level = Vec::with_capacity(levels);
        for (level, zz) in blocks.zz.chunks_exact(k * k).enumerate() {
            of_level.push(found.class(zz));
            let seen = found.counts.len();
            if seen > most || (level == SAMPLE && seen > SAMPLE / 4) {
                return None;
            }
        }
        let size = (k * width) * (k * width);
        let products = vec![0.0; found.counts.len() * size];
        let mut out = Self { of_level, zz: found.zz, counts: found.counts, products, k, width };
        out.add_products(blocks, 0);
        Some(out)
    }

    /// The sums that involve y, anew.
    pub(crate) fn take_response(&mut self, blocks: &FactorBlocks) {
        let (k, width) = (self.k, self.width);
        let n = k * width;
        for class in self.products.chunks_exact_mut(n * n) {
            let mut class = ViewMut::square(class, n);
            for a in 0..k {
                let y = a * width + width - 1;
                for other in 0..n {
                    *class.at(y, other) = 0.0;
                    *class.at(other, y) = 0.0;
                }
            }
        }
        self.add_products(blocks, width - 1);
    }

    /// Add products of all rows with those of the columns from `first` on.
    fn add_products(&mut self, blocks: &FactorBlocks, first: usize) {
        let (k, width) = (self.k, self.width);
        let n = k * width;
        for (&class, r) in self.of_level.iter().zip(blocks.zr.chunks_exact(n)) {
            let mut products = ViewMut::square(&mut self.products, n);
            let mut own = products.block(class as usize);
            for a in 0..k {
                for c in first..width {
                    let j = a * width + c;
                    for (o, v) in own.col(j).iter_mut().zip(r) {
                        *o += r[j] * v;
                    }
                }
            }
        }
        // What has been added by columns stands in the rows too.
        for own in self.products.chunks_exact_mut(n * n) {
            for a in 0..k {
                for c in first..width {
                    let j = a * width + c;
                    for i in 0..n {
                        own[j + i * n] = own[i + j * n];
                    }
                }
            }
        }
    }

    /// Products of one class: number c of effect a stands in row and column a (p + 1) + c.
    #[inline]
    pub(crate) fn products_of(&self, class: usize) -> View<'_> {
        View::square(&self.products, self.k * self.width).block(class)
    }

    /// Z'V^-1(y - X beta) of every level, k a level, at one T.
    pub(crate) fn scores(&self, blocks: &FactorBlocks, template: &Template, beta: &[f64]) -> Vec<f64> {
        let k = self.k;
        let v: Vec<f64> = beta.iter().map(|b| -b).chain([1.0]).collect();
        let q: Vec<Vec<f64>> = self.zz.chunks_exact(k * k).map(|zz| resolvent(zz, template)).collect();
        let mut out = vec![0.0; self.of_level.len() * k];
        let rows = blocks.zr.chunks_exact(k * self.width);
        for ((s, r), &class) in out.chunks_exact_mut(k).zip(rows).zip(&self.of_level) {
            for (m, row) in r.chunks_exact(self.width).enumerate() {
                let residual: f64 = row.iter().zip(&v).map(|(r, v)| r * v).sum();
                for (i, s) in s.iter_mut().enumerate() {
                    *s += q[class as usize][i + m * k] * residual;
                }
            }
        }
        out
    }

    pub(crate) fn len(&self) -> usize {
        self.counts.len()
    }
}

/// Q = T^-T (T'Z'Z T + I)^-1 T': Z'V^-1 = Q Z' of a level with this Z'Z.
pub(crate) fn resolvent(zz: &[f64], template: &Template) -> Vec<f64> {
    let k = template.k;
    let (mut half, mut c, mut out) = (vec![0.0; k * k], vec![0.0; k * k], vec![0.0; k * k]);
    multiply(zz, &template.t, k, &mut half);
    multiply_transpose_left(&template.t, &half, k, &mut c);
    for j in 0..k {
        c[j + j * k] += 1.0;
    }
    if cholesky(&mut c, k).is_err() {
        return vec![f64::NAN; k * k];
    }
    multiply_transpose_right(&inverse_from_cholesky(&c, k), &template.t, k, &mut half);
    multiply(&template.inverse_transpose, &half, k, &mut out);
    out
}

/// A class takes about 2 k + 2 times the work of a level.
fn most_classes(levels: usize, k: usize) -> usize {
    levels / (2 * k + 2)
}

/// Finds equal matrices: by their leading bits, then by their values.
struct Finder {
    k: usize,
    zz: Vec<f64>,
    counts: Vec<f64>,
    by_key: HashMap<u64, u32>,
    last: u32,
}

impl Finder {
    fn new(k: usize) -> Self {
        Self { k, zz: Vec::new(), counts: Vec::new(), by_key: HashMap::new(), last: 0 }
    }

    fn class(&mut self, zz: &[f64]) -> u32 {
        let class = self.known(zz).unwrap_or_else(|| {
            let new = self.counts.len() as u32;
            self.zz.extend_from_slice(zz);
            self.counts.push(0.0);
            for key in keys(zz, self.k) {
                self.by_key.entry(key).or_insert(new);
            }
            new
        });
        self.counts[class as usize] += 1.0;
        self.last = class;
        class
    }

    fn known(&self, zz: &[f64]) -> Option<u32> {
        // Neighbours are often alike.
        if !self.counts.is_empty() && self.same(zz, self.last) {
            return Some(self.last);
        }
        let [near, ..] = keys(zz, self.k);
        self.by_key.get(&near).copied().filter(|&class| self.same(zz, class))
    }

    fn same(&self, zz: &[f64], class: u32) -> bool {
        let size = self.k * self.k;
        let own = &self.zz[class as usize * size..(class as usize + 1) * size];
        let scale = (0..self.k).map(|j| own[j + j * self.k]).fold(0.0, f64::max);
        own.iter().zip(zz).all(|(a, b)| (a - b).abs() <= SAME * scale)
    }
}

/// Keys under which a matrix is found: its trace to about eleven digits, rounded to the nearest, down and up.
fn keys(zz: &[f64], k: usize) -> [u64; 3] {
    const DROPPED: u64 = 15;
    let trace: f64 = (0..k).map(|j| zz[j + j * k]).sum();
    let bits = trace.to_bits();
    let nearest = (bits + (1 << (DROPPED - 1))) >> DROPPED;
    [nearest, nearest.saturating_sub(1), nearest + 1]
}
