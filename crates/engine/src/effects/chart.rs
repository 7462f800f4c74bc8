//! The coordinates in which the optimiser moves.
//!
//! An unstructured term moves in all k x k elements of T, not in a triangle: near a singular Sigma a triangular T has
//! long curved valleys (two of its columns do the same), a square one has none. What it has instead are directions
//! T A, A antisymmetric, that turn T without changing T T'. They are left out: with T = U S V', steps are U F V' with
//! F orthogonal to S A for every antisymmetric A, which leaves k (k + 1) / 2 directions.

use super::parameters::Direction;
use crate::dense::eigen::symmetric;
use crate::dense::small::{multiply, multiply_transpose_left, multiply_transpose_right};
use crate::dense::view::{View, ViewMut};
use crate::gram::Standard;

use super::parameters::Parameters;

/// Where the coordinates of one term live.
struct Slot {
    group: usize,
    at: usize,
    k: usize,
    first: usize,
}

/// The engine's coordinates phi: for each term the elements of its block of T, column-major, standardised columns.
pub(crate) struct Chart {
    slots: Vec<Slot>,
    sizes: Vec<usize>,
    pub count: usize,
}

impl Chart {
    pub(crate) fn of(parameters: &Parameters) -> Self {
        let (mut slots, mut count) = (Vec::new(), 0);
        for (group, at, k) in parameters.slots() {
            slots.push(Slot { group, at, k, first: count });
            count += k * k;
        }
        Self { slots, sizes: parameters.sizes.clone(), count }
    }

    pub(crate) fn templates(&self, phi: &[f64]) -> Vec<Vec<f64>> {
        let mut out: Vec<Vec<f64>> = self.sizes.iter().map(|k| vec![0.0; k * k]).collect();
        for slot in &self.slots {
            self.place(slot, &phi[slot.first..slot.first + slot.k * slot.k], &mut out[slot.group]);
        }
        out
    }

    pub(crate) fn phi_of(&self, templates: &[Vec<f64>]) -> Vec<f64> {
        let mut phi = Vec::with_capacity(self.count);
        for slot in &self.slots {
            phi.extend(View::square(&templates[slot.group], self.sizes[slot.group]).cut(slot.at, slot.k));
        }
        phi
    }

    /// Directions of movement at phi, and the same as columns of a matrix (count x directions).
    pub(crate) fn directions(&self, phi: &[f64]) -> (Vec<Direction>, Vec<f64>) {
        let (mut directions, mut basis) = (Vec::new(), Vec::new());
        for slot in &self.slots {
            let own = &phi[slot.first..slot.first + slot.k * slot.k];
            for e in horizontal(own, slot.k) {
                let size = self.sizes[slot.group];
                let mut dt = vec![0.0; size * size];
                self.place(slot, &e, &mut dt);
                directions.push(Direction { group: slot.group, dt });
                let from = basis.len();
                basis.resize(from + self.count, 0.0);
                basis[from + slot.first..from + slot.first + e.len()].copy_from_slice(&e);
            }
        }
        (directions, basis)
    }

    /// Gradient in phi: 2 D T of every term.
    pub(crate) fn gradient(&self, d: &[Vec<f64>], templates: &[Vec<f64>]) -> Vec<f64> {
        let products: Vec<Vec<f64>> = (0..self.sizes.len())
            .map(|g| {
                let mut dt = vec![0.0; self.sizes[g] * self.sizes[g]];
                multiply(&d[g], &templates[g], self.sizes[g], &mut dt);
                dt.iter_mut().for_each(|v| *v *= 2.0);
                dt
            })
            .collect();
        self.phi_of(&products)
    }

    fn place(&self, slot: &Slot, block: &[f64], out: &mut [f64]) {
        let size = self.sizes[slot.group];
        ViewMut::square(out, size).put(slot.at, slot.k, block.iter().copied());
    }

    /// phi of a user's theta, and back (diagonals non-negative).
    pub(crate) fn standardised(&self, parameters: &Parameters, theta: &[f64], standard: &Standard) -> Vec<f64> {
        self.phi_of(&parameters.moved(theta, |g| standard.factors[g].matrix()))
    }

    pub(crate) fn original(&self, parameters: &Parameters, phi: &[f64], standard: &Standard) -> Vec<f64> {
        let moved: Vec<Vec<f64>> = self
            .templates(phi)
            .iter()
            .enumerate()
            .map(|(g, t)| {
                let mut out = vec![0.0; t.len()];
                multiply(&standard.factors[g].inverse(), t, self.sizes[g], &mut out);
                out
            })
            .collect();
        parameters.theta_of(&moved)
    }
}

/// Orthonormal directions U F V' at T = U S V', k (k + 1) / 2 of them.
fn horizontal(t: &[f64], k: usize) -> Vec<Vec<f64>> {
    if k == 1 {
        return vec![vec![1.0]];
    }
    let (u, s, v) = singular(t, k);
    let mut out = Vec::with_capacity(k * (k + 1) / 2);
    for j in 0..k {
        for i in 0..=j {
            let mut f = vec![0.0; k * k];
            if i == j {
                f[i + i * k] = 1.0;
            } else {
                // Orthogonal to (s_i, -s_j) in the cells (i, j) and (j, i); where both vanish either cell will do.
                let norm = s[i].hypot(s[j]);
                let (a, b) = if norm > 0.0 { (s[j] / norm, s[i] / norm) } else { (0.0, 1.0) };
                f[i + j * k] = a;
                f[j + i * k] = b;
            }
            let (mut uf, mut e) = (vec![0.0; k * k], vec![0.0; k * k]);
            multiply(&u, &f, k, &mut uf);
            multiply_transpose_right(&uf, &v, k, &mut e);
            out.push(e);
        }
    }
    out
}

/// T = U S V' with square orthogonal U and V.
fn singular(t: &[f64], k: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (u, s) = crate::dense::eigen::left_singular(t, k);
    let mut v = vec![0.0; k * k]; // T'U S^-1, completed where S is zero
    multiply_transpose_left(t, &u, k, &mut v);
    let largest = s.iter().fold(0.0f64, |m, &x| m.max(x));
    let known: Vec<bool> = s.iter().map(|&x| x > 1e-13 * largest && x > 0.0).collect();
    for j in (0..k).filter(|&j| known[j]) {
        for i in 0..k {
            v[i + j * k] /= s[j];
        }
    }
    if known.iter().any(|&x| !x) {
        // The null space of the known columns: eigenvectors of V V' with eigenvalue zero come first.
        let mut vv = vec![0.0; k * k];
        for j in (0..k).filter(|&j| known[j]) {
            for b in 0..k {
                for a in 0..k {
                    vv[a + b * k] += v[a + j * k] * v[b + j * k];
                }
            }
        }
        let (_, vectors) = symmetric(&vv, k);
        for (m, j) in (0..k).filter(|&j| !known[j]).enumerate() {
            v[j * k..(j + 1) * k].copy_from_slice(&vectors[m * k..(m + 1) * k]);
        }
    }
    (u, s, v)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(t: &[f64], k: usize) {
        let all = horizontal(t, k);
        assert_eq!(all.len(), k * (k + 1) / 2);
        for (m, a) in all.iter().enumerate() {
            for (n, b) in all.iter().enumerate() {
                let dot: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
                assert!((dot - f64::from(u8::from(m == n))).abs() < 1e-12);
            }
            // Orthogonal to T A: T'E is symmetric.
            let mut te = vec![0.0; k * k];
            multiply_transpose_left(t, a, k, &mut te);
            for j in 0..k {
                for i in 0..j {
                    assert!((te[i + j * k] - te[j + i * k]).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn directions_never_turn_t() {
        check(&[1.0, 0.3, -0.2, 0.0, 0.8, 0.4, 0.0, 0.0, 0.5], 3);
        check(&[0.0113, 0.156, 0.0, 0.0], 2);
        check(&[0.0; 4], 2);
        check(&[1.0, 0.0, 0.0, 1.0], 2);
    }
}
