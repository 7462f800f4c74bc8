//! What cannot be fitted is refused by name.

use super::data::{Data, crossed};
use mixedmodels_engine::error::{EngineError, Index};
use mixedmodels_engine::gram::Gram;
use mixedmodels_engine::lmm::Lmm;
use mixedmodels_engine::optimize::Options;

fn data() -> Data {
    crossed(70, 96, &[(12, 2), (7, 1)])
}

/// The error of building the model, or else of fitting it.
fn refusal(data: &Data) -> EngineError {
    let found = Lmm::new(&data.rows(), true).and_then(|m| m.fit(None, Options::default(), &mut |_, _| true));
    found.err().unwrap_or_else(|| panic!("it was fitted"))
}

#[test]
fn a_response_that_the_columns_give_exactly_is_a_perfect_fit() {
    let mut constant = data();
    constant.y.fill(17.0);
    assert_eq!(refusal(&constant), EngineError::PerfectFit);
    let mut zero = data();
    zero.y.fill(0.0);
    zero.x.remove(0);
    assert_eq!(refusal(&zero), EngineError::PerfectFit);
}

#[test]
fn numbers_that_are_none_are_found_wherever_they_stand() {
    for bad in [f64::NAN, f64::INFINITY] {
        let (mut y, mut x, mut z, mut w) = (data(), data(), data(), data());
        y.y[5] = bad;
        x.x[1].as_mut().unwrap()[95] = bad;
        z.terms[0].1[1].as_mut().unwrap()[40] = bad;
        w.weights = Some((0..96).map(|i| if i == 7 { bad } else { 1.0 }).collect());
        for (place, data) in [("y", y), ("X", x), ("Z", z), ("weights", w)] {
            assert_eq!(refusal(&data), EngineError::NotFinite, "{bad} in {place}");
        }
    }
}

#[test]
fn lengths_and_codes_that_contradict_each_other_are_shapes() {
    let mut all = vec![data(); 9];
    all[0].x[1].as_mut().unwrap().pop();
    all[1].groups[1].0.pop();
    all[2].groups[0].0[3] = 12;
    all[3].groups[0].0[3] = -1;
    all[4].terms[0].1[1].as_mut().unwrap().push(0.0);
    all[5].terms[1].0 = 2;
    all[6].terms[1].1.clear();
    all[7].weights = Some(vec![1.0; 95]);
    all[8] = all[8].part(0, 3);
    let (group, term) = (|g| Some(Index::Group(g)), |t| Some(Index::Term(t)));
    let to_blame = [Some(Index::Column(1)), group(1), group(0), group(0), term(0), term(1), term(1), None, None];
    for (number, (data, index)) in all.iter().zip(to_blame).enumerate() {
        let refused = refusal(data);
        match &refused {
            EngineError::Shape(what) => assert!(what.len() > 10, "{what}"),
            other => panic!("case {number}: {other:?}"),
        }
        assert_eq!(refused.index(), index, "case {number}");
    }
}

#[test]
fn no_rows_and_dependent_columns_have_their_own_names() {
    assert_eq!(refusal(&data().part(0, 0)), EngineError::Empty);
    let mut twice = data();
    twice.x.push(twice.x[1].clone());
    assert_eq!(refusal(&twice), EngineError::RankDeficient(3));
    assert_eq!(refusal(&twice).index(), Some(Index::Column(3)));
}

#[test]
fn a_watch_that_says_no_stops_the_fit() {
    let data = data();
    let model = Lmm::new(&data.rows(), true).unwrap();
    for last in [1, 3] {
        let mut calls = 0;
        let found = model.fit(None, Options::default(), &mut |number, _| {
            calls = number;
            number < last
        });
        assert_eq!(found.err(), Some(EngineError::Interrupted));
        assert_eq!(calls, last);
    }
}

#[test]
fn messages_say_what_is_wrong() {
    let mut wrong = data();
    wrong.groups[0].0[3] = 12;
    assert_eq!(Gram::of(&wrong.rows()).unwrap_err().to_string(), "grouping factor 0 holds a code outside 0 .. 11");
}
