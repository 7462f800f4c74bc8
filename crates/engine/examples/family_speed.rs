//! Nanoseconds a row of the families' loops: `cargo run --release --example family_speed`.

use std::hint::black_box;
use std::time::Instant;

use mixedmodels_engine::family::registry::by_name;
use mixedmodels_engine::family::{Family, Response, Second};

/// Least time a row over many repetitions, in nanoseconds; each is short, so that some are not interrupted.
fn time(rows: usize, mut work: impl FnMut()) -> f64 {
    let calls = (20_000 / rows).max(1);
    let repetition = |_| {
        let start = Instant::now();
        (0..calls).for_each(|_| work());
        start.elapsed().as_secs_f64() * 1e9 / (calls * rows) as f64
    };
    (0..20_000_000 / (calls * rows)).map(repetition).fold(f64::INFINITY, f64::min)
}

fn report(label: &str, family: &dyn Family, y: &[f64], weights: Option<&[f64]>, eta: &[f64], psi: &[f64]) {
    let n = y.len();
    let rows = Response { y, weights };
    let (mut g, mut w) = (vec![0.0; n], vec![0.0; n]);
    let value = time(n, || {
        black_box(family.value(rows, black_box(eta), psi));
    });
    let second = time(n, || {
        black_box(family.second(rows, black_box(eta), psi, Second { g: &mut g, w: &mut w }));
    });
    let third = time(n, || family.third(rows, black_box(eta), psi, &mut w));
    println!("{label:24} {n:8} rows: value {value:6.2}, second {second:6.2}, third {third:6.2} ns");
}

fn main() {
    for n in [5, 2_000, 1_000_000] {
        // Scattered over the range that fits have, in no order that a branch could learn.
        let at = |i: usize| (i as f64 * 0.618_033_988_749_894_9).fract();
        let eta: Vec<f64> = (0..n).map(|i| 8.0 * at(i) - 4.0).collect();
        let coin: Vec<f64> = (0..n).map(|i| f64::from(at(3 * i + 1) < 0.5)).collect();
        let trials: Vec<f64> = (0..n).map(|i| 1.0 + (20.0 * at(7 * i)).floor()).collect();
        let shares: Vec<f64> = trials.iter().enumerate().map(|(i, m)| (m * at(5 * i)).round() / m).collect();
        let counts: Vec<f64> = (0..n).map(|i| (6.0 * at(2 * i) * at(11 * i)).floor()).collect();
        let make = |name, fixed: &[Option<f64>]| by_name(name, None, fixed).expect("a family of the registry");
        let (binomial, poisson) = (make("binomial", &[]), make("poisson", &[]));
        report("binomial, logit", &*binomial, &coin, None, &eta, &[]);
        report("the same, of trials", &*binomial, &shares, Some(&trials), &eta, &[]);
        report("poisson, log", &*poisson, &counts, None, &eta, &[]);
        report("nbinom2, log", &*make("nbinom2", &[]), &counts, None, &eta, &[0.5]);
    }
}
