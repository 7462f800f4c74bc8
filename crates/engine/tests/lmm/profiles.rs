//! The deviance in absolute parameters, and profiles of it, against the twin and against themselves.

use super::assert_close;
use super::data::{Data, Dice, designs};
use mixedmodels_engine::lmm::{Absolute, Lmm};
use mixedmodels_engine::optimize::Options;
use mixedmodels_engine::profile::{Chart, Coordinate, Curvature, Curve, Deviance, End, Point, Walk, curve};

fn value(model: &Lmm, rows: &[Vec<f64>], reml: bool, point: &Point) -> f64 {
    Absolute::new(model, reml, rows).unwrap().evaluate(point).unwrap().unwrap().value
}

/// A combination of all fixed effects.
fn row(p: usize) -> Vec<f64> {
    (0..p).map(|j| 1.0 - 0.4 * j as f64).collect()
}

#[test]
fn at_the_optimal_sigma_it_is_the_criterion() {
    for (seed, (name, data)) in designs().iter().enumerate() {
        for reml in [false, true] {
            let model = Lmm::new(&data.rows(), reml).unwrap();
            let theta = data.theta(&mut Dice::new(seed as u64), true);
            let at = model.at(&theta).unwrap();
            let point = model.profile_point(&theta, at.sigma, &[]);
            assert_close(name, &[value(&model, &[], reml, &point)], &[at.criterion], 1e-11);
            if !reml {
                let row = row(at.beta.len());
                let held = row.iter().zip(&at.beta).map(|(a, b)| a * b).sum();
                let point = model.profile_point(&theta, at.sigma, &[held]);
                assert_close(name, &[value(&model, &[row], reml, &point)], &[at.criterion], 1e-11);
            }
        }
    }
}

#[test]
fn slopes_are_those_of_the_value() {
    for (seed, (name, data)) in designs().iter().enumerate() {
        let model = Lmm::new(&data.rows(), false).unwrap();
        let theta = data.theta(&mut Dice::new(seed as u64 + 9), true);
        let at = model.at(&theta).unwrap();
        let rows = vec![row(at.beta.len())];
        let held: f64 = rows[0].iter().zip(&at.beta).map(|(a, b)| a * b).sum();
        let point = model.profile_point(&theta, 1.2 * at.sigma, &[held + 0.3 * at.sigma]);
        let slope = Absolute::new(&model, false, &rows).unwrap().evaluate(&point).unwrap().unwrap();
        let differenced = |change: &dyn Fn(&mut Point, f64), h: f64| {
            let side = |h: f64| {
                let mut moved = point.clone();
                change(&mut moved, h);
                value(&model, &rows, false, &moved)
            };
            let one = |h: f64| (side(h) - side(-h)) / (2.0 * h);
            (4.0 * one(h) - one(2.0 * h)) / 3.0
        };
        for m in 0..2 {
            let h = if m == 0 { 1e-3 } else { 1e-3 * at.sigma };
            let expected = differenced(&|p, h| p.others[m] += h, h);
            assert_close(&format!("{name}: other {m}"), &[slope.others[m]], &[expected], 1e-6);
        }
        for (term, root) in point.roots.iter().enumerate() {
            let k = (root.len() as f64).sqrt() as usize;
            for m in 0..k * k {
                let expected = differenced(&|p, h| p.roots[term][m] += h, 1e-3 * at.sigma);
                let (i, j) = (m % k, m / k);
                let exact: f64 = (0..k).map(|l| 2.0 * slope.d[term][i + l * k] * root[l + j * k]).sum();
                assert_close(&format!("{name}: term {term}, {m}"), &[exact], &[expected], 1e-5);
            }
        }
    }
}

fn profile(model: &Lmm, coordinate: Coordinate) -> Curve {
    let mut watch = |_: usize, _: f64| true;
    let fit = model.fit(None, Options::default(), &mut watch).unwrap().solution;
    let point = model.profile_point(&fit.theta, fit.sigma, &[]);
    let mut deviance = Absolute::new(model, false, &[]).unwrap();
    deviance.evaluate(&point).unwrap();
    let spread = deviance.spread(fit.sigma);
    let curvature = Curvature::at(&mut deviance, &point, &spread, &[1.0]).unwrap();
    let sizes: Vec<usize> = model.terms().iter().map(|t| t.1).collect();
    let walk = Walk { cutoff: 3.0, step: 0.5, limits: vec![1.5], max_points: 100, max_evaluations: 500 };
    curve(&mut deviance, &Chart::new(&sizes, 1, coordinate), &curvature, &point, None, &walk).unwrap()
}

fn small() -> Data {
    designs().into_iter().map(|(_, d)| d).find(|d| d.n() <= 200 && d.n_theta() >= 3).unwrap()
}

#[test]
fn slopes_of_zeta_are_those_of_the_curve() {
    let data = small();
    let model = Lmm::new(&data.rows(), false).unwrap();
    for coordinate in [Coordinate::Sd { term: 0, effect: 1 }, Coordinate::Other(0), Coordinate::Relative { theta: 1 }] {
        // An element of theta has kinks, where a diagonal element of T comes to 0.
        let smooth = !matches!(coordinate, Coordinate::Relative { .. });
        let found = profile(&model, coordinate);
        assert!(found.knots.len() > 4, "{coordinate:?}: {:?}", found.ends);
        for pair in found.knots.windows(2) {
            // The mean of the slopes is that of the chord to third order.
            let mean = (pair[1].zeta - pair[0].zeta) / (pair[1].value - pair[0].value);
            let ends = 0.5 * (pair[0].slope + pair[1].slope);
            let scale = ends.max(0.1 * found.knots[found.estimate].slope);
            let tolerance = if smooth { 0.05 } else { 0.15 };
            assert!((mean - ends).abs() < tolerance * scale, "{coordinate:?}: {mean} {ends}");
        }
    }
}

#[test]
fn an_element_of_theta_stays_on_its_side_of_a_column_without_sign() {
    let data = small();
    let model = Lmm::new(&data.rows(), false).unwrap();
    let found = profile(&model, Coordinate::Relative { theta: 1 });
    for pair in found.knots.windows(2) {
        assert!(pair[1].value > pair[0].value && pair[1].zeta >= pair[0].zeta, "{} {}", pair[0].zeta, pair[1].zeta);
    }
    // Where T_11 has come to 0 and stays there, T_21 is the whole of what the first column has.
    let mut pinned = 0;
    for knot in &found.knots {
        let (root, sigma) = (&knot.point.roots[0], knot.point.others[0].exp());
        assert!(root[0] >= -1e-3 * sigma, "{}", root[0]);
        assert!((root[1] / sigma - knot.value).abs() < 1e-8 * (1.0 + knot.value.abs()));
        pinned += usize::from(root[0] == 0.0);
    }
    assert!(pinned > 0);
}

#[test]
fn limits_are_where_the_deviance_has_risen_by_their_square() {
    let data = small();
    let model = Lmm::new(&data.rows(), false).unwrap();
    let found = profile(&model, Coordinate::Other(0));
    assert_eq!(found.ends, [End::Cutoff, End::Cutoff]);
    let estimate = &found.knots[found.estimate];
    let least = value(&model, &[], false, &estimate.point);
    let limits: Vec<_> = found.knots.iter().filter(|k| k.limit.is_some()).collect();
    assert_eq!(limits.len(), 2);
    for knot in limits {
        let rise = value(&model, &[], false, &knot.point) - least;
        assert!((rise.sqrt() - 1.5).abs() < 1e-4, "{rise}");
        assert!((knot.zeta.abs() - 1.5).abs() < 1e-12);
    }
}
