//! What is reported at a theta, against the twin.

use super::assert_close;
use super::data::{Dice, designs};
use super::twin::Twin;
use mixedmodels_engine::lmm::Lmm;

#[test]
fn estimates_at_a_theta_are_the_twins() {
    for (seed, (name, data)) in designs().iter().enumerate() {
        for reml in [false, true] {
            let (twin, model) = (Twin::new(data, reml), Lmm::new(&data.rows(), reml).unwrap());
            let theta = data.theta(&mut Dice::new(seed as u64 + 20), true);
            let (ours, theirs) = (model.at(&theta).unwrap(), twin.at(&theta));
            let place = |what: &str| format!("{what}: {name}, REML {reml}");
            assert_eq!(ours.theta, theta);
            assert_close(&place("criterion"), &[ours.criterion], &[theirs.criterion], 1e-9);
            assert_close(&place("beta"), &ours.beta, &theirs.beta, 1e-9);
            assert_close(&place("sigma"), &[ours.sigma], &[theirs.sigma], 1e-9);
            assert_close(&place("pwrss"), &[ours.pwrss], &[theirs.pwrss], 1e-9);
            assert_close(&place("log-determinants"), &[ours.logdet_u], &[theirs.logdet_u], 1e-9);
            assert_close(&place("log-determinants"), &[ours.logdet_x], &[theirs.logdet_x], 1e-9);
            assert_close(&place("b"), &ours.b.concat(), &theirs.b, 1e-8);
            assert_close(&place("u"), &ours.u.concat(), &theirs.u, 1e-8);
        }
    }
}

#[test]
fn covariance_of_the_coefficients_is_the_twins() {
    for (seed, (name, data)) in designs().iter().enumerate().filter(|(_, (_, d))| d.n() <= 200) {
        let (twin, model) = (Twin::new(data, true), Lmm::new(&data.rows(), true).unwrap());
        let theta = data.theta(&mut Dice::new(seed as u64 + 30), true);
        let (_, _, vcov) = twin.projections(&theta);
        assert_close(name, &model.at(&theta).unwrap().vcov_unscaled, &vcov.values, 1e-9);
    }
}

/// Blocks of the dense inverse: all effects of a factor, whichever terms they belong to.
fn blocks(twin: &Twin, theta: &[f64], factors: usize) -> Vec<Vec<f64>> {
    let dense = twin.conditional(theta);
    (0..factors)
        .map(|factor| {
            let own = || twin.terms.iter().filter(move |t| t.0 == factor);
            let levels = own().next().expect("every factor has a term").1;
            let places =
                |level: usize| own().flat_map(move |&(_, _, k, first)| (0..k).map(move |a| first + level * k + a));
            (0..levels)
                .flat_map(|level| {
                    let places: Vec<usize> = places(level).collect();
                    let row = |i: usize| places.iter().map(|&j| dense.at(i, j)).collect::<Vec<f64>>();
                    places.iter().flat_map(|&i| row(i)).collect::<Vec<f64>>()
                })
                .collect()
        })
        .collect()
}

#[test]
fn conditional_variances_are_blocks_of_the_inverse() {
    for (seed, (name, data)) in designs().iter().enumerate() {
        let (twin, model) = (Twin::new(data, true), Lmm::new(&data.rows(), true).unwrap());
        let mut theta = data.theta(&mut Dice::new(seed as u64 + 40), true);
        for last in [1.0, 0.0] {
            *theta.last_mut().unwrap() *= last; // inside and on the boundary
            let ours = model.conditional_variances(&theta).unwrap();
            let theirs = blocks(&twin, &theta, data.groups.len());
            assert_eq!(ours.len(), theirs.len());
            for (a, b) in ours.iter().zip(&theirs) {
                assert_close(name, a, b, 1e-9);
            }
        }
    }
}

#[test]
fn effects_are_the_template_times_the_spherical_ones() {
    let (_, data) = &designs()[6];
    let model = Lmm::new(&data.rows(), true).unwrap();
    let theta = [0.5, -0.3, 0.8, 1.0, 0.2, 0.1, 0.0, 0.0, 0.4];
    let at = model.at(&theta).unwrap();
    let t = Twin::new(data, true).templates(&theta);
    for (term, template) in t.iter().enumerate() {
        let k = template.rows;
        let expected: Vec<f64> = at.u[term]
            .chunks_exact(k)
            .flat_map(|u| (0..k).map(move |i| (0..k).map(|j| template.at(i, j) * u[j]).sum()))
            .collect();
        assert_close("b = T u", &at.b[term], &expected, 1e-12);
    }
}
