//! Loops over many rows beside the same rows one by one.

use mixedmodels_engine::family::registry::by_name;
use mixedmodels_engine::family::{Family, Response, Second};

const ROWS: usize = 150;

/// Number i of a sequence that is spread over (0, 1).
fn spread(i: usize) -> f64 {
    (i as f64 * 0.618_033_988_749_894_9).fract()
}

/// Sum of l, g, W and W' of some rows.
fn all(family: &dyn Family, rows: Response, eta: &[f64], psi: &[f64]) -> (f64, Vec<f64>) {
    let n = eta.len();
    let mut out = vec![0.0; 3 * n];
    let (gw, slope) = out.split_at_mut(2 * n);
    let (g, w) = gw.split_at_mut(n);
    let value = family.second(rows, eta, psi, Second { g, w });
    family.third(rows, eta, psi, slope);
    let alone = family.value(rows, eta, psi);
    assert!(value == alone || (value - alone).abs() < 1e-14 * value.abs());
    (value, out)
}

fn check(name: &str, psi: &[f64], response: impl Fn(usize, f64) -> f64, weight: impl Fn(usize) -> f64) {
    let family = by_name(name, None, &[]).expect("a family of the registry");
    let weights: Vec<f64> = (0..ROWS).map(weight).collect();
    let y: Vec<f64> = weights.iter().enumerate().map(|(i, &m)| response(i, m)).collect();
    let eta: Vec<f64> = (0..ROWS).map(|i| 12.0 * spread(5 * i) - 6.0).collect();
    let rows = Response { y: &y, weights: Some(&weights) };
    let single: Vec<Vec<f64>> = (0..ROWS).map(|i| all(&*family, rows.part(i, i + 1), &eta[i..=i], psi).1).collect();
    for n in 0..=ROWS {
        let part = rows.part(0, n);
        let (value, out) = all(&*family, part, &eta[..n], psi);
        for i in 0..n {
            assert_eq!([out[i], out[n + i], out[2 * n + i]], single[i][..], "{name}: row {i} of {n}");
        }
        // Densities of single rows come from the mathematical library.
        let densities: Vec<f64> = (0..n).map(|i| family.log_density(y[i], weights[i], &eta[i..=i], psi)).collect();
        let (sum, size) = (densities.iter().sum::<f64>(), densities.iter().map(|l| l.abs()).sum::<f64>());
        assert!((value + family.constant(part) - sum).abs() <= 1e-12 * size, "{name}: {n} rows");
    }
}

#[test]
fn rows_do_not_depend_on_their_neighbours() {
    let trials = |i: usize| if i % 37 == 5 { 3e4 } else { 1.0 + (9.0 * spread(i)).floor() };
    let share = |i: usize, m: f64| (m * (1.4 * spread(3 * i) - 0.2).clamp(0.0, 1.0)).round() / m;
    let count = |i: usize, _: f64| if i % 41 == 7 { 23_456.0 } else { (5.0 * spread(7 * i) - 1.0).floor().max(0.0) };
    let cases = |i: usize| 0.5 + spread(11 * i);
    check("binomial", &[], share, trials);
    check("binomial", &[], |i, _| f64::from(spread(i) < 0.4), |_| 1.0);
    check("poisson", &[], count, cases);
    check("nbinom2", &[0.3], count, cases);
}

#[test]
fn extremes() {
    let value = |name: &str, y: f64, eta: f64| {
        let family = by_name(name, None, &[]).expect("a family of the registry");
        // A row that says nothing, so that the one in question is not alone.
        all(&*family, Response { y: &[0.0, y], weights: Some(&[1e-300, 1.0]) }, &[0.0, eta], &[])
    };
    for eta in [700.0, 745.0, 800.0, 1e300] {
        assert_eq!(value("binomial", 1.0, -eta).0, -eta);
        assert_eq!(value("binomial", 0.0, eta).0, -eta);
        assert_eq!(value("binomial", 1.0, -eta).1[1], 1.0);
        assert_eq!(value("poisson", 3.0, -eta).0, -3.0 * eta);
        assert!(value("binomial", 1.0, eta).0.abs() < 1e-299);
    }
    let tail = value("binomial", 1.0, 740.0).1[1];
    assert!((tail / (-740.0_f64).exp() - 1.0).abs() < 1e-12 && tail > 0.0, "{tail}");
    for name in ["binomial", "poisson"] {
        assert_eq!(value(name, 1.0, f64::NAN).0, f64::NEG_INFINITY);
        assert_eq!(value(name, 0.0, f64::NAN).0, f64::NEG_INFINITY);
        assert_eq!(value(name, 0.0, f64::INFINITY).0, f64::NEG_INFINITY);
        assert_eq!(value(name, 1.0, f64::NEG_INFINITY).0, f64::NEG_INFINITY);
    }
    assert_eq!(value("poisson", 1.0, 1e300).0, f64::NEG_INFINITY);
}
