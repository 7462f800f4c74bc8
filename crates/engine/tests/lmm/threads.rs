//! Results are the same bit by bit, whatever the number of threads.

use super::data::{Data, Dice, codes, crossed, nested};
use mixedmodels_engine::lmm::Lmm;
use mixedmodels_engine::optimize::Options;
use mixedmodels_engine::threads;

fn bits(lists: &[&[f64]]) -> Vec<u64> {
    lists.iter().flat_map(|l| l.iter().map(|v| v.to_bits())).collect()
}

/// All numbers that a model gives, from rows to optimum.
fn numbers(data: &Data, reml: bool) -> Vec<u64> {
    let model = Lmm::new(&data.rows(), reml).unwrap();
    let theta = data.theta(&mut Dice::new(1), false);
    let e = model.evaluate(&theta).unwrap();
    let found = model.fit(None, Options { max_evaluations: 3, ..Options::default() }, &mut |_, _| true).unwrap();
    let s = &found.solution;
    let mut out = bits(&[&[e.criterion], &e.gradient, &e.hessian, &[s.criterion, s.sigma], &s.theta, &s.beta]);
    out.extend(bits(&[&s.vcov_unscaled, &s.gradient, &s.b.concat(), &s.u.concat()]));
    out.extend(bits(&[&model.conditional_variances(&theta).unwrap().concat()]));
    out
}

/// Three levels with slopes, many enough for bundles of supernodes.
fn large_nested() -> Data {
    let mut data = nested(81, (300, 8, 3, 1));
    let n = data.n();
    // Partly crossed: every tenth row belongs to another middle unit, so that fronts are not trivial.
    let mut dice = Dice::new(82);
    for row in (0..n).step_by(10) {
        data.groups[1].0[row] = dice.below(2400) as i32;
    }
    data
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let mut long = crossed(83, 210_000, &[(40, 1)]);
    long.groups[0] = codes(&mut Dice::new(84), 210_000, 40);
    let models = [
        ("one factor", crossed(85, 12_000, &[(5000, 2)]), "one factor"),
        ("five effects", crossed(86, 26_000, &[(4500, 5)]), "one factor"),
        ("many leaves, wide tail", crossed(87, 15_000, &[(5000, 1), (220, 1)]), "dense tail"),
        ("slopes, wide tail", crossed(88, 9_000, &[(2500, 2), (110, 2)]), "dense tail"),
        ("sparse tail", large_nested(), "sparse tail"),
        ("many rows", long, "one factor"),
    ];
    for (name, data, path) in models {
        assert_eq!(Lmm::new(&data.rows(), true).unwrap().describe().path, path, "{name}");
        threads::set(1);
        assert_eq!(threads::count(), 1);
        let alone = numbers(&data, true);
        for count in [2, 3] {
            threads::set(count);
            assert!(numbers(&data, true) == alone, "{name}: {count} threads change the numbers");
        }
    }
}
