//! Where a tail has a given probability.

use super::{Side, Tails};

/// Between these values a statistic's distribution is computed; beyond them its tails are powers to the last digit.
pub(super) const SMALLEST: f64 = 1e-150;
pub(super) const LARGEST: f64 = 1e150;

/// The value to the power of `power` at which the tail on `side` is `target`, between 0 and about 1/2.
///
/// `shape` is the exponent of the tail's power law.
pub(super) fn quantile<T: Tails>(target: f64, side: Side, shape: f64, power: f64, law: impl Fn(f64) -> T) -> f64 {
    let (edge, sign) = if side == Side::Lower { (SMALLEST, 1.0) } else { (LARGEST, -1.0) };
    if target == 0.0 {
        return if side == Side::Lower { 0.0 } else { f64::INFINITY };
    }
    let share = law(edge).tail(side);
    if share >= target {
        return edge.powf(power) * (target / share).powf(sign * power / shape);
    }
    solve(target, side, law).powf(power)
}

/// Newton's method on the logarithm of the tail, which is concave in w = log x, so that from one side it cannot
/// overshoot; a step that leaves the bracket is replaced by halving it.
fn solve<T: Tails>(target: f64, side: Side, law: impl Fn(f64) -> T) -> f64 {
    let (mut low, mut high, mut x) = (SMALLEST, LARGEST, 1.0_f64);
    let sign = if side == Side::Lower { -1.0 } else { 1.0 };
    for _ in 0..500 {
        let point = law(x);
        let tail = point.tail(side);
        let gap = (tail / target).ln();
        let next = x * (sign * gap * tail / point.density()).exp();
        if gap.abs() <= 1e-9 {
            return next; // the error squares itself with this step
        }
        if (gap > 0.0) == (side == Side::Lower) {
            high = x;
        } else {
            low = x;
        }
        x = if next > low && next < high { next } else { low.sqrt() * high.sqrt() };
    }
    x
}
