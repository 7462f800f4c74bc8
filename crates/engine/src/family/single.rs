//! Families of one linear predictor: a family says what one row does, `Single` runs over the batch.
//!
//! `Row::row` gives everything at once and is inlined into each loop, so that a loop computes only what it keeps.
//! Where that is not fast enough, `Row::LANES` chooses the loops of `vector.rs`.

use rand::RngCore;

use super::link::Link;
use super::row::Row;
use super::vector;
use super::{About, Expected, Family, Response, Second, Shape, WeightRole};

/// A family made of its `Row`.
pub(crate) struct Single<R>(pub(crate) R);

/// Rows summed before they are added to the total, so that rounding grows with the number of blocks only.
const BLOCK: usize = 512;

/// Sum of what `f(row, y, weight, eta)` returns.
#[inline(always)]
pub(crate) fn sum(rows: Response, eta: &[f64], mut f: impl FnMut(usize, f64, f64, f64) -> f64) -> f64 {
    let n = rows.y.len();
    let mut total = 0.0;
    for from in (0..n).step_by(BLOCK) {
        let to = n.min(from + BLOCK);
        let (y, eta) = (&rows.y[from..to], &eta[from..to]);
        let mut block = 0.0;
        match rows.weights {
            None => {
                for (i, (&y, &eta)) in y.iter().zip(eta).enumerate() {
                    block += f(from + i, y, 1.0, eta);
                }
            }
            Some(weights) => {
                for (i, ((&y, &eta), &weight)) in y.iter().zip(eta).zip(&weights[from..to]).enumerate() {
                    block += f(from + i, y, weight, eta);
                }
            }
        }
        total += block;
    }
    total
}

/// NaN, which only rows outside the domain of the link give, is -infinity.
pub(crate) fn inside(value: f64) -> f64 {
    if value.is_nan() { f64::NEG_INFINITY } else { value }
}

impl<R: Row> Family for Single<R> {
    fn merges(&self) -> bool {
        self.0.about().weights != WeightRole::Precision
    }

    fn about(&self) -> &About {
        self.0.about()
    }

    fn shapes(&self) -> usize {
        self.0.shapes()
    }

    fn constant(&self, rows: Response) -> f64 {
        sum(rows, rows.y, |_, y, weight, _| self.0.constant(y, weight))
    }

    fn value(&self, rows: Response, eta: &[f64], psi: &[f64]) -> f64 {
        let at = self.0.setting(psi);
        if R::LANES {
            return inside(vector::value(&self.0, &at, rows, eta));
        }
        inside(sum(rows, eta, |_, y, weight, eta| self.0.row(&at, y, weight, eta)[0]))
    }

    fn second(&self, rows: Response, eta: &[f64], psi: &[f64], out: Second) -> f64 {
        let at = self.0.setting(psi);
        let n = rows.y.len();
        let (out_g, out_w) = (&mut out.g[..n], &mut out.w[..n]);
        if R::LANES {
            return inside(vector::second(&self.0, &at, rows, eta, [out_g, out_w]));
        }
        inside(sum(rows, eta, |i, y, weight, eta| {
            let [l, g, w, _] = self.0.row(&at, y, weight, eta);
            out_g[i] = g;
            out_w[i] = w;
            l
        }))
    }

    fn third(&self, rows: Response, eta: &[f64], psi: &[f64], out: &mut [f64]) {
        let at = self.0.setting(psi);
        let out = &mut out[..rows.y.len()];
        if R::LANES {
            return vector::third(&self.0, &at, rows, eta, out);
        }
        sum(rows, eta, |i, y, weight, eta| {
            out[i] = self.0.row(&at, y, weight, eta)[3];
            0.0
        });
    }

    fn shape(&self, rows: Response, eta: &[f64], psi: &[f64], _j: usize, out: Shape) -> f64 {
        let at = self.0.setting(psi);
        let n = rows.y.len();
        let (out_g, out_w) = (&mut out.g[..n], &mut out.w[..n]);
        sum(rows, eta, |i, y, weight, eta| {
            let [l, g, w, _] = self.0.shape_row(&at, y, weight, eta);
            out_g[i] = g;
            out_w[i] = w;
            l
        })
    }

    fn shape_curvature(&self, rows: Response, eta: &[f64], psi: &[f64], out: &mut [f64]) {
        if let Some(out) = out.first_mut() {
            let at = self.0.setting(psi);
            *out = sum(rows, eta, |_, y, weight, eta| self.0.shape_row(&at, y, weight, eta)[3]);
        }
    }

    fn expected(&self, rows: Response, eta: &[f64], psi: &[f64], out: Expected) -> bool {
        if self.0.canonical() {
            return false;
        }
        let at = self.0.setting(psi);
        let n = rows.y.len();
        let shaped = self.0.shapes() > 0;
        let (out_w, out_dw) = (&mut out.w[..n], &mut out.dw[..n]);
        sum(rows, eta, |i, _, weight, eta| {
            let [w, dw, dw_shape] = self.0.expected_row(&at, weight, eta);
            out_w[i] = w;
            out_dw[i] = dw;
            if shaped {
                out.dw_shape[i] = dw_shape;
            }
            0.0
        });
        true
    }

    fn link(&self) -> &dyn Link {
        self.0.link()
    }

    fn variance(&self, mu: f64, psi: &[f64]) -> f64 {
        self.0.variance(&self.0.setting(psi), mu)
    }

    fn dispersion(&self, psi: &[f64]) -> f64 {
        self.0.dispersion(&self.0.setting(psi))
    }

    fn unit_deviance(&self, y: f64, mu: f64, psi: &[f64]) -> f64 {
        self.0.unit_deviance(&self.0.setting(psi), y, mu)
    }

    fn log_density(&self, y: f64, weight: f64, eta: &[f64], psi: &[f64]) -> f64 {
        inside(self.0.row(&self.0.setting(psi), y, weight, eta[0])[0] + self.0.constant(y, weight))
    }

    fn draw(&self, rng: &mut dyn RngCore, mu: f64, weight: f64, psi: &[f64]) -> f64 {
        self.0.draw(&self.0.setting(psi), rng, mu, weight)
    }

    fn start_mean(&self, y: f64, weight: f64) -> f64 {
        self.0.start_mean(y, weight)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        self.0.start_shapes(rows, mu)
    }
}
