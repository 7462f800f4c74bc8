//! Gram blocks add: rows in pieces are the rows, in whatever order the pieces come together.

use super::assert_close;
use super::data::{Data, Dice, crossed, designs};
use mixedmodels_engine::error::EngineError;
use mixedmodels_engine::gram::{Gram, Standard};
use mixedmodels_engine::lmm::Lmm;
use mixedmodels_engine::rows::Codes;

/// Sums of the same products in another order.
const ROUNDING: f64 = 1e-12;

fn pieces(data: &Data, standard: &Standard, cuts: &[usize]) -> Vec<Gram> {
    cuts.windows(2)
        .map(|cut| Gram::with_standard(&data.part(cut[0], cut[1]).rows(), standard.clone()).unwrap())
        .collect()
}

fn sum(mut a: Gram, b: &Gram) -> Gram {
    a.merge(b).unwrap();
    a
}

#[track_caller]
fn assert_same(name: &str, a: &Gram, b: &Gram) {
    assert_eq!((a.n, a.p, a.q()), (b.n, b.p, b.q()), "{name}");
    assert_eq!(a.order, b.order, "{name}");
    assert_close(name, &[a.sum_log_weights], &[b.sum_log_weights], ROUNDING);
    assert_close(name, &a.fixed, &b.fixed, ROUNDING);
    for (a, b) in a.factors.iter().zip(&b.factors) {
        assert_close(name, &a.zz, &b.zz, ROUNDING);
        assert_close(name, &a.zr, &b.zr, ROUNDING);
    }
    assert_eq!(a.cross.len(), b.cross.len());
    for (a, b) in a.cross.iter().zip(&b.cross) {
        assert_eq!((&a.start, &a.index), (&b.start, &b.index), "{name}");
        assert_close(name, &a.value, &b.value, ROUNDING);
    }
}

#[test]
fn three_pieces_make_the_whole() {
    for (name, data) in designs() {
        let n = data.n();
        let whole = Gram::of(&data.rows()).unwrap();
        let parts = pieces(&data, &whole.standard, &[0, n / 5, n / 2, n]);
        let merged = sum(sum(parts[0].clone(), &parts[1]), &parts[2]);
        assert_same(name, &merged, &whole);
    }
}

#[test]
fn merging_is_associative_and_commutative() {
    for (name, data) in designs() {
        let n = data.n();
        // The standardisation of the first piece alone is as good as any.
        let standard = Standard::of(&data.part(0, n / 2).rows()).unwrap();
        let [a, b, c] = pieces(&data, &standard, &[0, n / 3, n / 2, n]).try_into().unwrap();
        let left = sum(sum(a.clone(), &b), &c);
        assert_same(name, &left, &sum(a.clone(), &sum(b.clone(), &c)));
        assert_same(name, &left, &sum(sum(c, &a), &b));
    }
}

#[test]
fn codes_of_every_width_are_the_same_codes() {
    for (name, data) in designs() {
        let narrow = |codes: &[i32]| codes.iter().map(|&c| i8::try_from(c).unwrap_or(i8::MAX)).collect::<Vec<i8>>();
        let bytes: Vec<Vec<i8>> = data.groups.iter().map(|(codes, _)| narrow(codes)).collect();
        let shorts: Vec<Vec<i16>> =
            data.groups.iter().map(|(codes, _)| codes.iter().map(|&c| c as i16).collect()).collect();
        let mut rows = data.rows();
        let whole = Gram::of(&rows).unwrap();
        for (grouping, codes) in rows.groups.iter_mut().zip(&shorts) {
            grouping.codes = Codes::Short(codes);
        }
        assert_same(name, &Gram::of(&rows).unwrap(), &whole);
        for (grouping, codes) in rows.groups.iter_mut().zip(&bytes).filter(|(g, _)| g.levels <= 127) {
            grouping.codes = Codes::Byte(codes);
        }
        assert_same(name, &Gram::of(&rows).unwrap(), &whole);
    }
}

#[test]
fn blocks_that_do_not_belong_together_are_refused() {
    let (a, b) = (crossed(1, 96, &[(12, 1)]), crossed(2, 96, &[(12, 1)]));
    let standard = Standard::of(&a.rows()).unwrap();
    let mut gram = Gram::of(&a.rows()).unwrap();
    let other = Gram::of(&b.rows()).unwrap();
    assert!(matches!(gram.merge(&other), Err(EngineError::Shape(_))));
    let mut wider = b.clone();
    wider.groups[0].1 = 13;
    let other = Gram::with_standard(&wider.rows(), standard).unwrap();
    assert!(matches!(gram.merge(&other), Err(EngineError::Shape(_))));
}

#[test]
fn another_response_gives_the_model_of_that_response() {
    for (seed, (name, data)) in designs().iter().enumerate() {
        let mut dice = Dice::new(seed as u64 + 60);
        let mut other = data.clone();
        other.y.iter_mut().for_each(|y| *y = 0.01 * *y + 5.0 * dice.normal());
        for reml in [false, true] {
            let fresh = Lmm::new(&other.rows(), reml).unwrap();
            let again = Lmm::new(&data.rows(), reml).unwrap().with_response(&other.rows()).unwrap();
            let theta = data.theta(&mut dice, true);
            let (a, b) = (fresh.at(&theta).unwrap(), again.at(&theta).unwrap());
            assert_close(name, &[a.criterion, a.sigma], &[b.criterion, b.sigma], 1e-13);
            assert_close(name, &a.beta, &b.beta, 1e-13);
            assert_close(name, &a.gradient, &b.gradient, 1e-12);
            assert_close(name, &a.b.concat(), &b.b.concat(), 1e-12);
        }
    }
}

#[test]
fn units_of_measurement_do_not_matter() {
    // Standardisation must undo itself: y in thousandths, a covariate with a mean of a million.
    let data = crossed(50, 120, &[(14, 2), (9, 1)]);
    let mut other = data.clone();
    other.y.iter_mut().for_each(|y| *y *= 1e-3);
    let shift = 1e6;
    other.x[1].iter_mut().flatten().for_each(|v| *v += shift);
    for reml in [false, true] {
        let (a, b) = (Lmm::new(&data.rows(), reml).unwrap(), Lmm::new(&other.rows(), reml).unwrap());
        let theta = [0.8, 0.3, 0.5, 0.9];
        let (a, b) = (a.at(&theta).unwrap(), b.at(&theta).unwrap());
        let m = data.n() as f64 - if reml { 3.0 } else { 0.0 };
        assert_close("criterion", &[a.criterion + m * 1e-6f64.ln()], &[b.criterion], 1e-9);
        assert_close("slopes", &a.beta[1..], &b.beta[1..].iter().map(|v| v * 1e3).collect::<Vec<f64>>(), 1e-8);
        let intercept = 1e3 * (b.beta[0] + shift * b.beta[1]);
        assert_close("intercept", &[a.beta[0]], &[intercept], 1e-8);
        assert_close("sigma", &[a.sigma], &[b.sigma * 1e3], 1e-9);
    }
}
