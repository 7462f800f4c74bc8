//! Exact second derivatives and scores of levels, against differences and the dense twin.

use super::assert_close;
use super::data::{Dice, designs};
use super::twin::Twin;
use mixedmodels_engine::lmm::Lmm;

/// Differences of four points: an error of the fourth power of the step.
fn differenced(at: &[f64], of: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
    let h = 1e-3;
    (0..at.len())
        .map(|m| {
            let moved = |steps: f64| {
                let mut point = at.to_vec();
                point[m] += steps * h;
                of(&point)
            };
            let (a, b, c, d) = (moved(1.0), moved(-1.0), moved(2.0), moved(-2.0));
            (0..a.len()).map(|i| (8.0 * (a[i] - b[i]) - (c[i] - d[i])) / (12.0 * h)).collect()
        })
        .collect()
}

#[test]
fn second_derivatives_are_those_of_the_criterion() {
    for (seed, (name, data)) in designs().iter().enumerate() {
        for reml in [false, true] {
            let model = Lmm::new(&data.rows(), reml).unwrap();
            let theta = data.theta(&mut Dice::new(seed as u64 + 50), false);
            let ours = model.second_order(&theta).unwrap();
            let hessian = differenced(&theta, |t| model.evaluate(t).unwrap().gradient);
            let jacobian = differenced(&theta, |t| model.at(t).unwrap().vcov_unscaled);
            let pwrss = differenced(&theta, |t| vec![model.at(t).unwrap().pwrss]);
            let place = |what: &str| format!("{what}: {name}, REML {reml}");
            assert_close(&place("hessian"), &ours.hessian, &hessian.concat(), 1e-6);
            assert_close(&place("jacobian"), &ours.jacobian, &jacobian.concat(), 1e-6);
            assert_close(&place("pwrss"), &ours.pwrss_gradient, &pwrss.concat(), 1e-6);
        }
    }
}

#[test]
fn projections_are_the_twins() {
    for (seed, (name, data)) in designs().iter().enumerate().filter(|(_, (_, d))| d.n() <= 200) {
        let (twin, model) = (Twin::new(data, true), Lmm::new(&data.rows(), true).unwrap());
        let theta = data.theta(&mut Dice::new(seed as u64 + 60), false);
        let ours = model.projections(&theta).unwrap();
        let (zvx, zvr, zvz) = twin.scores(&theta);
        assert_close(name, &ours.zvx.concat(), &zvx, 1e-8);
        assert_close(name, &ours.zvr.concat(), &zvr, 1e-8);
        assert_close(name, &ours.zvz.expect("T is large").concat(), &zvz, 1e-8);
    }
}
