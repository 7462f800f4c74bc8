//! Models whose residual standard deviation is known: against the twin, against themselves, and many at a time.

use super::assert_close;
use super::data::{Data, Dice, designs};
use super::twin::Twin;
use mixedmodels_engine::lmm::{Absolute, Lmm, Wanted};
use mixedmodels_engine::optimize::{Options, Status};
use mixedmodels_engine::profile::{Chart, Coordinate, Curvature, Deviance, Walk, curve};

fn model(data: &Data, reml: bool, sigma: f64) -> Lmm {
    Lmm::new(&data.rows(), reml).unwrap().with_sigma(Some(sigma)).unwrap()
}

fn twin(data: &Data, reml: bool, sigma: f64) -> Twin {
    let mut twin = Twin::new(data, reml);
    twin.known = Some(sigma);
    twin
}

/// Differences of four points: an error of the fourth power of the step.
fn differenced(at: &[f64], of: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let h = 1e-3;
    (0..at.len())
        .flat_map(|m| {
            let moved = |steps: f64| {
                let mut point = at.to_vec();
                point[m] += steps * h;
                of(&point)
            };
            let (a, b, c, d) = (moved(1.0), moved(-1.0), moved(2.0), moved(-2.0));
            (0..a.len()).map(move |i| (8.0 * (a[i] - b[i]) - (c[i] - d[i])) / (12.0 * h)).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn criterion_and_derivatives_are_the_twins() {
    for (seed, (name, data)) in designs().iter().enumerate() {
        for (reml, sigma) in [(false, 0.6), (true, 1.7)] {
            let (slow, ours) = (twin(data, reml, sigma), model(data, reml, sigma));
            let theta = data.theta(&mut Dice::new(seed as u64 + 70), true);
            let place = format!("{name}, REML {reml}");
            let e = ours.evaluate(&theta).unwrap();
            let expected = slow.at(&theta);
            assert_close(&place, &[e.criterion, ours.criterion(&theta).unwrap()], &[expected.criterion; 2], 1e-9);
            let at = ours.at(&theta).unwrap();
            assert_close(&place, &[at.sigma, at.pwrss], &[sigma, expected.pwrss], 1e-9);
            assert_close(&place, &at.beta, &expected.beta, 1e-7);
            if slow.z.columns < 130 {
                let slopes = differenced(&theta, |t| vec![slow.criterion(t)]);
                assert_close(&format!("gradient: {place}"), &e.gradient, &slopes, 1e-7);
            }
            if data.n() <= 200 {
                assert_close(&format!("curvature: {place}"), &e.hessian, &slow.curvature(&theta).values, 1e-8);
            }
            let theta = data.theta(&mut Dice::new(seed as u64 + 80), false);
            let second = ours.second_order(&theta).unwrap();
            let hessian = differenced(&theta, |t| ours.evaluate(t).unwrap().gradient);
            assert_close(&format!("hessian: {place}"), &second.hessian, &hessian, 1e-6);
        }
    }
}

#[test]
fn optima_are_certified_whatever_is_known() {
    for (name, data) in designs() {
        for reml in [false, true] {
            let free = Lmm::new(&data.rows(), reml).unwrap();
            let estimated = free.fit(None, Options::default(), &mut |_, _| true).unwrap().solution;
            for share in [0.01, 0.7, 1.0, 100.0] {
                let sigma = share * estimated.sigma;
                let place = format!("{name}, REML {reml}, sigma {sigma}");
                let ours = model(&data, reml, sigma);
                let found = ours.fit(None, Options::default(), &mut |_, _| true).unwrap();
                assert_eq!(found.status, Status::Converged, "{place}");
                assert!(found.solution.certificate.holds, "{place}: {:?}", found.solution.certificate);
                let most = if data.n_theta() <= 6 { 20 } else { 35 };
                assert!(found.trace.len() <= most, "{place}: {} evaluations", found.trace.len());
                // At the sigma that is estimated, knowing it changes nothing.
                let best = estimated.criterion;
                let same = if share == 1.0 {
                    (found.solution.criterion - best).abs()
                } else {
                    best - found.solution.criterion
                };
                assert!(same < 1e-7 * best.abs(), "{place}: {} beside {best}", found.solution.criterion);
            }
        }
    }
}

#[test]
fn each_of_many_responses_is_fitted_as_if_alone() {
    for (name, data) in designs().iter().filter(|(_, d)| d.n() <= 200) {
        let ys: Vec<Vec<f64>> = (0..3).map(|i| data.clone().stir(&mut Dice::new(i + 600), 0.4 * i as f64).y).collect();
        let ours = model(data, true, 0.8);
        let wanted = Wanted { start: None, options: Options::default(), df: true };
        let columns: Vec<&[f64]> = ys.iter().map(Vec::as_slice).collect();
        let many = ours.fit_many(&data.rows(), &columns, wanted, &|_| true).unwrap();
        for (y, fit) in ys.iter().zip(many) {
            let fit = fit.expect("nobody stopped it").unwrap();
            let mut own = data.clone();
            own.y.clone_from(y);
            let alone = ours.with_response(&own.rows()).unwrap();
            assert_eq!(alone.sigma(), Some(0.8));
            let found = alone.fit(None, Options::default(), &mut |_, _| true).unwrap().solution;
            assert_close(name, &[fit.criterion, fit.sigma], &[found.criterion, 0.8], 1e-9);
            // 1 / df = g'H^-1 g / v^2 with v = c'Phi c, for one covariance parameter.
            if data.n_theta() == 1 && fit.theta[0] > 1e-3 {
                let second = alone.second_order(&fit.theta).unwrap();
                let p = fit.beta.len();
                for (j, df) in fit.df.iter().enumerate() {
                    let slope = second.jacobian[j + j * p] / fit.vcov_unscaled[j + j * p];
                    assert_close(name, &[*df], &[second.hessian[0] / slope.powi(2)], 1e-5);
                }
            }
        }
    }
}

/// Profiles with a variance alone, where nothing is left to be optimised, and with correlated effects.
#[test]
fn profiles_hold_sigma_where_it_is() {
    for least in [1, 3] {
        let kept = |d: &Data| d.n() <= 200 && d.n_theta() >= least && (least > 1 || d.n_theta() == 1);
        let data = designs().into_iter().map(|(_, d)| d).find(kept).unwrap();
        let ours = model(&data, false, 0.9);
        let fit = ours.fit(None, Options::default(), &mut |_, _| true).unwrap().solution;
        let point = ours.profile_point(&fit.theta, fit.sigma, &[]);
        assert!(point.others.is_empty());
        let mut deviance = Absolute::new(&ours, false, &[]).unwrap();
        let least = deviance.evaluate(&point).unwrap().unwrap().value;
        assert_close("the deviance", &[least], &[fit.criterion], 1e-10);
        let spread = deviance.spread(fit.sigma);
        let curvature = Curvature::at(&mut deviance, &point, &spread, &[]).unwrap();
        let sizes: Vec<usize> = ours.terms().iter().map(|t| t.1).collect();
        let walk = Walk { cutoff: 2.0, step: 0.5, limits: vec![1.5], max_points: 100, max_evaluations: 500 };
        let chart = Chart::new(&sizes, 0, Coordinate::Sd { term: 0, effect: 0 });
        let found = curve(&mut deviance, &chart, &curvature, &point, None, &walk).unwrap();
        assert!(found.knots.len() > 3);
        let slow = twin(&data, false, 0.9);
        for knot in &found.knots {
            // The same deviance from the twin. With effect 0 first every S is lower triangular as it is.
            let theta: Vec<f64> = knot
                .point
                .roots
                .iter()
                .flat_map(|root| {
                    let k = (root.len() as f64).sqrt() as usize;
                    (0..k).flat_map(move |j| (j..k).map(move |i| root[i + j * k] / 0.9))
                })
                .collect();
            assert_close("a knot", &[slow.criterion(&theta) - least], &[knot.zeta.powi(2)], 1e-5);
        }
    }
}

#[test]
fn a_sigma_that_is_no_length_is_refused() {
    let (_, data) = &designs()[0];
    for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Lmm::new(&data.rows(), true).unwrap().with_sigma(Some(wrong)).is_err());
    }
}
