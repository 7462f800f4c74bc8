//! One factor, dense tail, sparse tail: a model written two ways, so that it takes two ways, is one model.

use super::assert_close;
use super::data::{Data, Dice, codes, crossed, designs, effects, nested};
use mixedmodels_engine::lmm::Lmm;

/// Everything that both models have in common at their thetas: criterion, sigma, beta, and b of the first terms.
#[track_caller]
fn agree(what: &str, (a, theta_a): (&Lmm, &[f64]), (b, theta_b): (&Lmm, &[f64]), shared: usize) {
    let (one, other) = (a.at(theta_a).unwrap(), b.at(theta_b).unwrap());
    assert_close(what, &[one.criterion, one.sigma], &[other.criterion, other.sigma], 1e-11);
    assert_close(what, &one.beta, &other.beta, 1e-10);
    assert_close(what, &one.vcov_unscaled, &other.vcov_unscaled, 1e-10);
    for term in 0..shared {
        assert_close(what, &one.b[term], &other.b[term], 1e-9);
    }
    let (x, y) = (a.conditional_variances(theta_a).unwrap(), b.conditional_variances(theta_b).unwrap());
    assert_close(what, &x[0], &y[0][..x[0].len()], 1e-10);
}

/// The design with one more factor, whose single effect gets theta zero.
fn with_idle_factor(data: &Data, levels: usize) -> Data {
    let mut out = data.clone();
    out.groups.push(codes(&mut Dice::new(77), data.n(), levels));
    out.terms.push((out.groups.len() - 1, vec![None]));
    out
}

fn plus_zero(theta: &[f64]) -> Vec<f64> {
    theta.iter().copied().chain([0.0]).collect()
}

#[test]
fn the_designs_cover_every_path() {
    for (name, data) in designs() {
        let path = Lmm::new(&data.rows(), true).unwrap().describe().path;
        let expected = match data.groups.len() {
            1 => "one factor",
            3 if name.contains("sparse") || name.contains("nested") => "sparse tail",
            _ => "dense tail",
        };
        assert_eq!(path, expected, "{name}");
    }
}

#[test]
fn one_factor_is_a_dense_tail_with_an_idle_factor() {
    for k in 1..=4 {
        let data = crossed(30 + k as u64, 120, &[(14, k)]);
        let theta = data.theta(&mut Dice::new(k as u64), true);
        for levels in [1, 3, 70] {
            let idle = with_idle_factor(&data, levels);
            for reml in [false, true] {
                let (a, b) = (Lmm::new(&data.rows(), reml).unwrap(), Lmm::new(&idle.rows(), reml).unwrap());
                assert_eq!((a.describe().path, b.describe().path), ("one factor", "dense tail"));
                agree("an idle factor", (&a, &theta), (&b, &plus_zero(&theta)), 1);
                let (ga, gb) = (a.evaluate(&theta).unwrap(), b.evaluate(&plus_zero(&theta)).unwrap());
                assert_close("gradient", &ga.gradient, &gb.gradient[..theta.len()], 1e-9);
                let count = theta.len();
                let shared: Vec<f64> =
                    (0..count * count).map(|m| gb.hessian[m % count + m / count * (count + 1)]).collect();
                assert_close("curvature", &ga.hessian, &shared, 1e-9);
            }
        }
    }
}

#[test]
fn four_effects_are_five_with_an_idle_one() {
    let four = crossed(41, 150, &[(13, 4)]);
    let mut five = four.clone();
    five.terms[0].1.push(effects(&mut Dice::new(5), 150, 2).pop().unwrap());
    let theta = four.theta(&mut Dice::new(6), true);
    // Each column of the lower triangle gets a zero below, and the last column is zero.
    let mut wide = Vec::new();
    let mut rest = theta.as_slice();
    for rows in (1..=4).rev() {
        wide.extend_from_slice(&rest[..rows]);
        wide.push(0.0);
        rest = &rest[rows..];
    }
    wide.push(0.0);
    let (a, b) = (Lmm::new(&four.rows(), true).unwrap(), Lmm::new(&five.rows(), true).unwrap());
    let (one, other) = (a.at(&theta).unwrap(), b.at(&wide).unwrap());
    assert_close("criterion", &[one.criterion], &[other.criterion], 1e-11);
    let shared: Vec<f64> = other.b[0].chunks_exact(5).flat_map(|b| b[..4].to_vec()).collect();
    assert_close("b", &one.b[0], &shared, 1e-9);
}

#[test]
fn a_sparse_tail_is_a_dense_one_with_an_idle_crossed_factor() {
    // Twenty rows a leaf tie it to so many levels of the idle factor that the pattern fills up.
    let data = nested(42, (40, 4, 3, 20));
    let idle = with_idle_factor(&data, 90);
    let theta = [0.7, 0.4, 1.1];
    for reml in [false, true] {
        let (a, b) = (Lmm::new(&data.rows(), reml).unwrap(), Lmm::new(&idle.rows(), reml).unwrap());
        assert_eq!((a.describe().path, b.describe().path), ("sparse tail", "dense tail"));
        assert!(a.describe().tail >= 96 && a.describe().flops < b.describe().flops);
        agree("an idle crossed factor", (&a, &theta), (&b, &plus_zero(&theta)), 3);
        let (ga, gb) = (a.evaluate(&theta).unwrap(), b.evaluate(&plus_zero(&theta)).unwrap());
        assert_close("gradient", &ga.gradient, &gb.gradient[..3], 1e-9);
    }
}

#[test]
fn the_order_of_terms_and_the_names_of_levels_do_not_matter() {
    let data = nested(43, (30, 4, 2, 2));
    let mut other = data.clone();
    other.terms.reverse();
    for (codes, levels) in &mut other.groups {
        // A fixed shuffle of the labels: multiply by a number prime to the number of levels.
        let step = (7..).find(|s| (2..=*s).all(|d| s % d != 0 || *levels % d != 0)).unwrap();
        codes.iter_mut().for_each(|c| *c = (*c as usize * step % *levels) as i32);
    }
    let (a, b) = (Lmm::new(&data.rows(), true).unwrap(), Lmm::new(&other.rows(), true).unwrap());
    assert_eq!(b.describe().path, "sparse tail");
    let (one, two) = (a.evaluate(&[0.6, 0.9, 0.3]).unwrap(), b.evaluate(&[0.3, 0.9, 0.6]).unwrap());
    assert_close("criterion", &[one.criterion], &[two.criterion], 1e-12);
    let turned: Vec<f64> = two.gradient.iter().rev().copied().collect();
    assert_close("gradient", &one.gradient, &turned, 1e-9);
}

#[test]
fn one_term_is_two_uncorrelated_ones_where_the_covariance_is_zero() {
    let one = crossed(44, 120, &[(12, 2)]);
    let mut two = one.clone();
    let slope = two.terms[0].1.pop().into_iter().collect();
    two.terms.push((0, slope));
    let (a, b) = (Lmm::new(&one.rows(), true).unwrap(), Lmm::new(&two.rows(), true).unwrap());
    let (x, y) = (a.evaluate(&[0.8, 0.0, 0.5]).unwrap(), b.evaluate(&[0.8, 0.5]).unwrap());
    assert_close("criterion", &[x.criterion], &[y.criterion], 1e-12);
    assert_close("gradient", &[x.gradient[0], x.gradient[2]], &y.gradient, 1e-10);
}
