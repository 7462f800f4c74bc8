//! Criterion, gradient and curvature against the twin.

use super::assert_close;
use super::data::{Data, Dice, designs};
use super::twin::Twin;
use mixedmodels_engine::lmm::Lmm;

/// Central differences of fourth order of the twin's criterion: truncation and rounding are both near 1e-9.
fn slopes(twin: &Twin, theta: &[f64]) -> Vec<f64> {
    let step = 1e-3;
    let across = |m: usize, by: f64| {
        let moved = |by: f64| {
            let mut theta = theta.to_vec();
            theta[m] += by;
            twin.criterion(&theta)
        };
        (moved(by) - moved(-by)) / (2.0 * by)
    };
    (0..theta.len()).map(|m| (4.0 * across(m, step) - across(m, 2.0 * step)) / 3.0).collect()
}

/// Thetas inside, of either sign, and on the boundary.
fn thetas(data: &Data, seed: u64) -> Vec<Vec<f64>> {
    let mut dice = Dice::new(seed);
    let mut edge = data.theta(&mut dice, true);
    edge[0] = 0.0;
    vec![data.theta(&mut dice, false), data.theta(&mut dice, true), edge, vec![0.0; data.n_theta()]]
}

#[test]
fn criterion_and_gradient_are_the_twins() {
    for (seed, (name, data)) in designs().iter().enumerate() {
        for reml in [false, true] {
            let (twin, model) = (Twin::new(data, reml), Lmm::new(&data.rows(), reml).unwrap());
            assert_eq!(model.n_theta(), data.n_theta());
            for (m, theta) in thetas(data, seed as u64).iter().enumerate() {
                let place = format!("{name}, REML {reml}, theta {theta:?}");
                let expected = twin.criterion(theta);
                let e = model.evaluate(theta).unwrap();
                assert_close(&place, &[e.criterion], &[expected], 1e-9);
                assert_close(&place, &[model.criterion(theta).unwrap()], &[expected], 1e-9);
                // Large models: differences cost q^3 for each of them.
                if m < 3 && (twin.z.columns < 130 || m == 1) {
                    assert_close(&format!("gradient: {place}"), &e.gradient, &slopes(&twin, theta), 1e-7);
                }
            }
        }
    }
}

#[test]
fn curvature_is_average_information_and_the_maps_own() {
    for (seed, (name, data)) in designs().iter().enumerate().filter(|(_, (_, d))| d.n() <= 200) {
        for reml in [false, true] {
            let (twin, model) = (Twin::new(data, reml), Lmm::new(&data.rows(), reml).unwrap());
            let theta = data.theta(&mut Dice::new(seed as u64 + 50), true);
            let hessian = model.evaluate(&theta).unwrap().hessian;
            assert_close(&format!("{name}, REML {reml}"), &hessian, &twin.curvature(&theta).values, 1e-8);
        }
    }
}

#[test]
fn signs_of_a_column_of_t_do_not_matter() {
    let (_, data) = &designs()[2];
    let model = Lmm::new(&data.rows(), true).unwrap();
    let theta = data.theta(&mut Dice::new(3), true);
    let mut turned = theta.clone();
    turned[..3].iter_mut().for_each(|v| *v = -*v); // the first column of three effects
    let (a, b) = (model.evaluate(&theta).unwrap(), model.evaluate(&turned).unwrap());
    assert_close("criterion", &[a.criterion], &[b.criterion], 1e-14);
    let back: Vec<f64> = b.gradient.iter().enumerate().map(|(m, v)| if m < 3 { -v } else { *v }).collect();
    assert_close("gradient", &a.gradient, &back, 1e-10);
}
