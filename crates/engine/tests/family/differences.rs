//! Derivatives of a family by central differences, beside its own.

use crate::family::{Expected, Family, Response, Second, Shape, pair};

const STEP: f64 = 1e-4;

struct Rows {
    l: f64,
    g: Vec<f64>,
    w: Vec<f64>,
}

fn second(family: &dyn Family, rows: Response, eta: &[f64], psi: &[f64]) -> Rows {
    let m = family.predictors();
    let n = rows.y.len();
    let (mut g, mut w) = (vec![0.0; m * n], vec![0.0; m * (m + 1) / 2 * n]);
    let l = family.second(rows, eta, psi, Second { g: &mut g, w: &mut w });
    assert!((l - family.value(rows, eta, psi)).abs() <= 1e-12 * l.abs());
    Rows { l, g, w }
}

fn moved(values: &[f64], at: usize, by: f64) -> Vec<f64> {
    values.iter().enumerate().map(|(i, v)| if i == at { v + by } else { *v }).collect()
}

/// The error of a central difference with this step is of the order 1e-8.
#[track_caller]
fn close(got: f64, differences: f64) {
    assert!((got - differences).abs() < 1e-6 * (1.0 + got.abs()), "{got} against {differences}");
}

/// Hold every derivative of the family against differences of the next lower one.
pub(crate) fn check(family: &dyn Family, rows: Response, eta: &[f64], psi: &[f64]) {
    let (n, m, s) = (rows.y.len(), family.predictors(), family.shapes());
    let runs = m * (m + 1) / 2;
    let here = second(family, rows, eta, psi);
    let mut third = vec![0.0; runs * m * n];
    family.third(rows, eta, psi, &mut third);
    let slope = |up: f64, down: f64| (up - down) / (2.0 * STEP);
    for r in 0..m {
        for row in 0..n {
            let at = r * n + row;
            let up = second(family, rows, &moved(eta, at, STEP), psi);
            let down = second(family, rows, &moved(eta, at, -STEP), psi);
            close(here.g[at], slope(up.l, down.l));
            for t in 0..m {
                close(-here.w[pair(r, t) * n + row], slope(up.g[t * n + row], down.g[t * n + row]));
            }
            for run in 0..runs {
                let found = slope(up.w[run * n + row], down.w[run * n + row]);
                close(third[(run * m + r) * n + row], found);
            }
        }
    }
    let mut curvature = vec![0.0; s * s];
    family.shape_curvature(rows, eta, psi, &mut curvature);
    for j in 0..s {
        let shape = |psi: &[f64], j: usize| {
            let (mut g, mut w) = (vec![0.0; m * n], vec![0.0; runs * n]);
            let l = family.shape(rows, eta, psi, j, Shape { g: &mut g, w: &mut w });
            Rows { l, g, w }
        };
        let own = shape(psi, j);
        let (high, low) = (moved(psi, j, STEP), moved(psi, j, -STEP));
        let (up, down) = (second(family, rows, eta, &high), second(family, rows, eta, &low));
        close(own.l, slope(up.l, down.l));
        for i in 0..m * n {
            close(own.g[i], slope(up.g[i], down.g[i]));
        }
        for i in 0..runs * n {
            close(own.w[i], slope(up.w[i], down.w[i]));
        }
        for k in 0..s {
            close(curvature[j * s + k], slope(shape(&high, k).l, shape(&low, k).l));
        }
    }
    expected(family, rows, eta, psi);
}

/// Derivatives of the expected weights, where there are such.
fn expected(family: &dyn Family, rows: Response, eta: &[f64], psi: &[f64]) {
    let (n, m, s) = (rows.y.len(), family.predictors(), family.shapes());
    let runs = m * (m + 1) / 2;
    let weights = |eta: &[f64], psi: &[f64]| {
        let (mut w, mut dw, mut dw_shape) = (vec![0.0; runs * n], vec![0.0; runs * m * n], vec![0.0; runs * s * n]);
        let out = Expected { w: &mut w, dw: &mut dw, dw_shape: &mut dw_shape };
        family.expected(rows, eta, psi, out).then_some([w, dw, dw_shape])
    };
    let Some([_, dw, dw_shape]) = weights(eta, psi) else { return };
    let slope = |up: &[f64], down: &[f64], i: usize| (up[i] - down[i]) / (2.0 * STEP);
    for r in 0..m {
        for row in 0..n {
            let [up, ..] = weights(&moved(eta, r * n + row, STEP), psi).unwrap();
            let [down, ..] = weights(&moved(eta, r * n + row, -STEP), psi).unwrap();
            for run in 0..runs {
                close(dw[(run * m + r) * n + row], slope(&up, &down, run * n + row));
            }
        }
    }
    for j in 0..s {
        let [up, ..] = weights(eta, &moved(psi, j, STEP)).unwrap();
        let [down, ..] = weights(eta, &moved(psi, j, -STEP)).unwrap();
        for i in 0..runs * n {
            close(dw_shape[j * runs * n + i], slope(&up, &down, i));
        }
    }
}
