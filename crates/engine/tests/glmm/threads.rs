//! Results are the same bit by bit, whatever the number of threads.

use std::sync::Arc;

use mixedmodels_engine::family::Family;
use mixedmodels_engine::glmm::{Glmm, Parameter, Start};
use mixedmodels_engine::optimize::Options;
use mixedmodels_engine::threads;

use super::data::Dice;
use super::derivatives::parameter;
use super::designs::{Design, crossed};
use super::families;

fn large(
    seed: u64,
    family: &Arc<dyn Family>,
    (n, levels): (usize, &[usize]),
    terms: &[(usize, usize, usize)],
    (intercepts, psi): (&[f64], Vec<f64>),
) -> (Design, Parameter) {
    let mut dice = Dice::new(seed);
    let groups = crossed(&mut dice, n, levels);
    let design = Design::new(&mut dice, groups, family.predictors(), terms);
    let at = parameter(&mut dice, &design, intercepts, psi);
    (design.draw(&mut dice, family.as_ref(), &at), at)
}

/// All numbers that a model gives, from rows to three evaluations of a search.
fn numbers(family: &Arc<dyn Family>, design: &Design, at: &Parameter, nagq: usize) -> Vec<u64> {
    let mut out = Vec::new();
    for expected in [false, true] {
        let model = Glmm::new(Arc::clone(family), &design.rows(), expected).unwrap();
        let options = Options { max_evaluations: 3, ..Options::default() };
        let found = model.fit(nagq, &Start::default(), options, &mut |_, _| true).unwrap().solution;
        let e = model.evaluate(nagq, at).unwrap();
        let lists = [e.gradient, vec![e.criterion, found.criterion], found.theta, found.beta, found.psi, found.vcov];
        let effects =
            [found.b.concat(), found.u.concat(), found.eta, model.conditional_variances(at).unwrap().concat()];
        out.extend(lists.iter().chain(&effects).flatten().map(|v| v.to_bits()));
    }
    out
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (poisson, nb, spread) =
        (families::of("poisson", None), families::of("nbinom2", None), families::mean_and_spread());
    // More rows than from where on blocks, likelihoods and leaves are cut into pieces.
    let long = (24_000, &[3000, 60][..]);
    let models = [
        ("one factor", &nb, (21_000, &[2500][..]), vec![(0, 0, 2)], (&[1.0][..], vec![0.5]), 1),
        ("quadrature", &poisson, (21_000, &[2500]), vec![(0, 0, 1)], (&[1.0], vec![]), 5),
        ("crossed", &poisson, long, vec![(0, 0, 2), (0, 1, 1)], (&[1.0], vec![]), 1),
        ("two predictors", &spread, long, vec![(0, 0, 1), (1, 0, 1), (1, 1, 1)], (&[1.0, -0.3], vec![]), 1),
    ];
    for (seed, (name, family, size, terms, truth, nagq)) in models.into_iter().enumerate() {
        let (design, at) = large(seed as u64, family, size, &terms, truth);
        threads::set(1);
        let alone = numbers(family, &design, &at, nagq);
        for count in [2, 3] {
            threads::set(count);
            assert!(numbers(family, &design, &at, nagq) == alone, "{name}: {count} threads change the numbers");
        }
    }
}
