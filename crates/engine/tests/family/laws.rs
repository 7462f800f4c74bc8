//! Every family of the registry with every link, alone and with predictors of zeros and of the dispersion: derivatives
//! beside differences, probabilities that add up to one, moments beside sums, draws beside moments.

use crate::differences;
use crate::family::registry::{names, with_parts};
use crate::family::{Family, Parts, Response, Support, generator};

const ALONE: Parts = Parts { zeros: false, dispersion: false, weights: None };
const ZEROS: Parts = Parts { zeros: true, ..ALONE };
const DISPERSION: Parts = Parts { dispersion: true, ..ALONE };
const BOTH: Parts = Parts { zeros: true, dispersion: true, ..ALONE };

/// Every family that there is, in words.
fn each(parts: &[Parts], mut f: impl FnMut(&str, &dyn Family)) {
    for name in names() {
        let plain = with_parts(name, None, &[], ALONE).unwrap();
        for &link in plain.about().links {
            for &parts in parts {
                if parts.dispersion && plain.about().shapes.is_empty() {
                    continue;
                }
                let family = with_parts(name, Some(link), &[], parts).unwrap();
                f(&format!("{name} ({link}), zeros {}, dispersion {}", parts.zeros, parts.dispersion), &*family);
            }
        }
    }
}

/// Responses that a family can have, with their weights.
fn responses(family: &dyn Family) -> (Vec<f64>, Vec<f64>) {
    let mut y: Vec<f64> = match family.support() {
        Support::Real => vec![-1.3, 0.4, 2.5],
        Support::Counts => vec![0.0, 1.0, 3.0, 7.0],
        Support::PositiveCounts => vec![1.0, 3.0, 7.0],
        Support::Positive => vec![0.5, 1.0, 1.8],
        Support::NonNegative => vec![0.0, 0.5, 1.0, 1.8],
        Support::OpenUnit => vec![0.04, 0.5, 0.9],
        Support::ClosedUnit => vec![0.0, 0.2, 0.9, 1.0],
        Support::Proportion => vec![0.0, 0.25, 0.75, 1.0],
    };
    if family.allows_zero() {
        y.push(0.0);
    }
    let weights = if family.support() == Support::Proportion { vec![4.0; y.len()] } else { vec![0.7; y.len()] };
    (y, weights)
}

/// A linear predictor for a mean that suits, in the domain of the link.
fn predictors(family: &dyn Family, row: usize) -> Vec<f64> {
    let mean = match family.support() {
        Support::OpenUnit | Support::ClosedUnit | Support::Proportion => [0.3, 0.6, 0.45, 0.2, 0.7][row],
        Support::Positive => [1.2, 0.9, 1.1, 1.0, 0.8][row],
        _ => [0.8, 0.5, 0.9, 0.7, 0.6][row],
    };
    let mut eta = vec![family.link().predictor(mean)];
    // Of a dispersion above 1 every count has a probability, that of the generalised Poisson distribution too.
    let later =
        |r: usize| if family.allows_zero() && r == 1 { [0.3, -0.6, 0.1, 0.4, -0.2] } else { [1.3, 1.6, 1.1, 1.4, 1.2] };
    eta.extend((1..family.predictors()).map(|r| later(r)[(row + r) % 5]));
    eta
}

fn shapes(family: &dyn Family) -> Vec<f64> {
    (0..family.shapes()).map(|j| [1.2, 0.5, 0.2][j]).collect()
}

#[test]
fn derivatives_are_those_of_differences() {
    each(&[ALONE, ZEROS, DISPERSION, BOTH], |what, family| {
        let (y, weights) = responses(family);
        let n = y.len();
        let mut eta = vec![0.0; n * family.predictors()];
        for row in 0..n {
            for (r, value) in predictors(family, row).into_iter().enumerate() {
                eta[r * n + row] = value;
            }
        }
        println!("{what}");
        differences::check(family, Response { y: &y, weights: Some(&weights) }, &eta, &shapes(family));
    });
}

/// Sum or integral of f(y) p(y), the mass at zero apart.
fn expectation(family: &dyn Family, weight: f64, eta: &[f64], psi: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let density = |y: f64| family.log_density(y, weight, eta, psi).exp();
    let at_zero = || f(0.0) * density(0.0);
    // The double exponential rule between two bounds.
    let integral = |g: &dyn Fn(f64) -> (f64, f64)| -> f64 {
        let h = 1.0 / 64.0;
        (-380..=380)
            .map(|k| {
                let (y, slope) = g((f64::from(k) + 0.25) * h); // never the number 0 itself
                if slope > 0.0 && y.is_finite() { f(y) * density(y) * slope * h } else { 0.0 }
            })
            .filter(|v| v.is_finite())
            .sum()
    };
    let positive = |t: f64| {
        let y = (std::f64::consts::FRAC_PI_2 * t.sinh()).exp();
        (y, y * std::f64::consts::FRAC_PI_2 * t.cosh())
    };
    let real = |t: f64| {
        let u = std::f64::consts::FRAC_PI_2 * t.sinh();
        (u.sinh(), u.cosh() * std::f64::consts::FRAC_PI_2 * t.cosh())
    };
    let unit = |t: f64| {
        let u = std::f64::consts::PI * t.sinh();
        let p = 1.0 / (1.0 + (-u).exp());
        (p, p * (1.0 - p) * std::f64::consts::PI * t.cosh())
    };
    let inside = |y: f64| y > 0.0 && y < 1.0;
    match family.support() {
        Support::Counts => (0..4000).map(f64::from).map(|y| f(y) * density(y)).sum(),
        Support::PositiveCounts => {
            let counts: f64 = (1..4000).map(f64::from).map(|y| f(y) * density(y)).sum();
            counts + if family.allows_zero() { at_zero() } else { 0.0 }
        }
        Support::Proportion => {
            let shares = (0..=(weight as usize)).map(|k| k as f64 / weight);
            shares.map(|y| f(y) * density(y)).sum()
        }
        Support::Positive if !family.allows_zero() => integral(&positive),
        Support::Positive | Support::NonNegative => integral(&positive) + at_zero(),
        Support::OpenUnit | Support::ClosedUnit => {
            let between = integral(&|t| {
                let (y, slope) = unit(t);
                (y, if inside(y) { slope } else { 0.0 })
            });
            let zero = if family.allows_zero() || family.support() == Support::ClosedUnit { at_zero() } else { 0.0 };
            let one = if family.support() == Support::ClosedUnit { f(1.0) * density(1.0) } else { 0.0 };
            between + zero + one
        }
        Support::Real => integral(&real) + if family.allows_zero() { at_zero() } else { 0.0 },
    }
}

#[track_caller]
fn near(what: &str, got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance * (1.0 + expected.abs()), "{what}: {got} against {expected}");
}

#[test]
fn probabilities_add_up_and_moments_are_theirs() {
    each(&[ALONE, BOTH, ZEROS], |what, family| {
        let weight = if family.support() == Support::Proportion { 6.0 } else { 1.0 };
        for row in 0..2 {
            let (eta, mut psi) = (predictors(family, row), shapes(family));
            if what.starts_with("t ") {
                // Enough degrees of freedom that the variance is a matter of the middle.
                let last = psi.len() - 1;
                psi[last] = 3.0;
            }
            let moments = family.moments(weight, &eta, &psi);
            let all = expectation(family, weight, &eta, &psi, |_| 1.0);
            near(what, all, 1.0, 1e-9);
            near(what, expectation(family, weight, &eta, &psi, |y| y), moments.mean, 1e-8);
            let square = expectation(family, weight, &eta, &psi, |y| (y - moments.mean) * (y - moments.mean));
            near(what, square, moments.variance, 1e-6);
            let masses = !matches!(
                family.support(),
                Support::Real | Support::Positive | Support::OpenUnit | Support::PositiveCounts
            );
            if masses || family.allows_zero() {
                near(what, family.log_density(0.0, weight, &eta, &psi).exp(), moments.zero, 1e-12);
            }
        }
    });
}

#[test]
fn draws_have_the_moments() {
    const DRAWS: usize = 4000;
    each(&[ALONE, BOTH, ZEROS], |what, family| {
        let weight = if family.support() == Support::Proportion { 6.0 } else { 1.0 };
        let (eta, mut psi) = (predictors(family, 1), shapes(family));
        if what.starts_with("t ") {
            let last = psi.len() - 1;
            psi[last] = 3.0;
        }
        let moments = family.moments(weight, &eta, &psi);
        let mut rng = generator(7);
        let draws: Vec<f64> = (0..DRAWS).map(|_| family.draw_at(&mut rng, weight, &eta, &psi)).collect();
        let n = DRAWS as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / n;
        let zero = draws.iter().filter(|&&y| y == 0.0).count() as f64 / n;
        let error = (moments.variance / n).sqrt();
        assert!((mean - moments.mean).abs() < 5.0 * error, "{what}: mean {mean} against {}", moments.mean);
        assert!((variance / moments.variance - 1.0).abs() < 0.5, "{what}: {variance} against {}", moments.variance);
        let share = (moments.zero * (1.0 - moments.zero) / n).sqrt();
        assert!((zero - moments.zero).abs() <= 5.0 * share, "{what}: zeros {zero} against {}", moments.zero);
    });
}
