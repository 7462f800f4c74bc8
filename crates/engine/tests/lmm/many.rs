//! Many responses of one design are what each is alone.

use super::assert_close;
use super::data::{Data, Dice, alike, crossed, designs};
use mixedmodels_engine::error::EngineError;
use mixedmodels_engine::lmm::{Lmm, ManyFit, Wanted};
use mixedmodels_engine::optimize::Options;
use mixedmodels_engine::threads;

fn responses(data: &Data, count: usize) -> Vec<Vec<f64>> {
    (0..count).map(|i| data.clone().stir(&mut Dice::new(i as u64 + 500), 0.3 * i as f64).y).collect()
}

fn fitted(data: &Data, ys: &[Vec<f64>], reml: bool) -> Vec<ManyFit> {
    let model = Lmm::new(&data.rows(), reml).unwrap();
    let wanted = Wanted { start: None, options: Options::default(), df: true };
    let ys: Vec<&[f64]> = ys.iter().map(Vec::as_slice).collect();
    let found = model.fit_many(&data.rows(), &ys, wanted, &|_| true).unwrap();
    found.into_iter().map(|fit| fit.expect("nobody stopped it").unwrap()).collect()
}

#[test]
fn each_response_is_fitted_as_if_alone() {
    for (name, data) in designs() {
        let ys = responses(&data, 4);
        for (y, many) in ys.iter().zip(fitted(&data, &ys, true)) {
            let mut own = data.clone();
            own.y.clone_from(y);
            let alone = Lmm::new(&own.rows(), true).unwrap();
            let found = alone.fit(None, Options::default(), &mut |_, _| true).unwrap().solution;
            assert_close(name, &[many.criterion], &[found.criterion], 1e-9);
            let at = alone.at(&many.theta).unwrap();
            assert_close(name, &many.beta, &at.beta, 1e-8);
            assert_close(name, &many.vcov_unscaled, &at.vcov_unscaled, 1e-8);
            assert_close(name, &[many.sigma, many.pwrss], &[at.sigma, at.pwrss], 1e-8);
            assert_eq!(many.holds, found.certificate.holds, "{name}");
        }
    }
}

/// Degrees of freedom of an intercept in a balanced one-way layout: levels less one.
#[test]
fn degrees_of_freedom_of_a_balanced_mean() {
    let mut data = alike(91, &[(5, 14)], 1);
    data.x.truncate(1);
    for fit in fitted(&data, &responses(&data, 5), true).iter().filter(|fit| fit.theta[0] > 0.0) {
        assert_close("df", &fit.df, &[13.0], 1e-6);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for data in [alike(92, &[(6, 12)], 2), crossed(93, 130, &[(18, 1), (11, 1)])] {
        let ys = responses(&data, 60);
        let mut seen = Vec::new();
        for count in [1, 2, 3] {
            threads::set(count);
            let numbers = fitted(&data, &ys, true).into_iter().flat_map(|f| [f.theta, f.beta, f.df].concat());
            seen.push(numbers.map(f64::to_bits).collect::<Vec<_>>());
        }
        assert!(seen[0] == seen[1] && seen[0] == seen[2]);
    }
}

#[test]
fn a_bad_response_fails_alone_and_a_stop_is_obeyed() {
    let data = alike(94, &[(6, 12)], 1);
    let model = Lmm::new(&data.rows(), true).unwrap();
    let wanted = Wanted { start: None, options: Options::default(), df: false };
    let bad = vec![f64::NAN; data.n()];
    let found = model.fit_many(&data.rows(), &[&data.y, &bad, &data.y], wanted, &|_| true).unwrap();
    assert!(matches!(found[1], Some(Err(EngineError::NotFinite))));
    let good = |i: usize| found[i].as_ref().and_then(|f| f.as_ref().ok()).map(|f| f.criterion.to_bits());
    assert!(good(0).is_some() && good(0) == good(2));

    threads::set(1);
    let many = vec![data.y.as_slice(); 40];
    let stopped = model.fit_many(&data.rows(), &many, wanted, &|done| done < 16).unwrap();
    let done = stopped.iter().filter(|f| f.is_some()).count();
    assert!((16..40).contains(&done), "{done}");

    let short = &data.y[1..];
    assert!(matches!(model.fit_many(&data.rows(), &[short], wanted, &|_| true), Err(EngineError::Shape(_))));
}
