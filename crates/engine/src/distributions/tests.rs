//! Each way to a probability against another way; 50-digit values and scipy are in the tests of Python.

use super::double_double::DoubleDouble;
use super::{Side, beta, chi_squared_tail, f_quantile, f_tail, gamma, normal_tail, t_tail};

fn assert_near(a: f64, b: f64, relative: f64) {
    assert!((a - b).abs() <= relative * b.abs(), "{a:e} is not {b:e}");
}

#[test]
fn quadrature_agrees_with_the_fractions_and_the_series() {
    let mut agreed = 0;
    for df1 in [0.01, 0.7, 3.0, 40.0, 1000.0] {
        for distance in [0.001, 0.1, 0.6, 0.95] {
            let f = DoubleDouble::of(distance);
            for df2 in [0.01, 1.0, 6.5, 300.0] {
                let point = beta::Point::of(df1, df2, f);
                if let Some(share) = point.fraction() {
                    assert_near(point.integral(), share, 2e-14);
                    agreed += 1;
                }
            }
            let below = gamma::Point::of(0.5 * df1, f.scaled(0.5 * df1));
            assert_near(below.integral(-1.0), below.series().unwrap(), 2e-14);
            let above = gamma::Point::of(0.5 * df1, DoubleDouble::of(0.5 * df1 / distance + 1.0));
            assert_near(above.integral(1.0), above.fraction().unwrap(), 2e-14);
        }
    }
    assert!(agreed > 60, "{agreed}");
}

#[test]
fn closed_forms() {
    for x in [1e-200, 0.3, 8.0, 700.0, 1380.0_f64] {
        assert_near(chi_squared_tail(x, 2.0, Side::Upper), (-0.5 * x).exp(), 2e-14);
        assert_near(chi_squared_tail(x, 2.0, Side::Lower), -(-0.5 * x).exp_m1(), 2e-14);
    }
    for f in [1e-300, 1e-9, 0.4, 3.0, 1e200_f64] {
        // F with 2 and 2 degrees of freedom: the odds of a uniform variable.
        assert_near(f_tail(f, 2.0, 2.0, Side::Upper), 1.0 / (1.0 + f), 2e-14);
        assert_near(f_tail(f, 2.0, 2.0, Side::Lower), f / (1.0 + f), 2e-14);
        assert_near(t_tail(f, 1.0, Side::Upper), (1.0 / f).atan() / std::f64::consts::PI, 2e-14);
    }
}

#[test]
fn many_degrees_of_freedom_are_the_limit() {
    for z in [0.1, 1.0, 6.0, 37.0] {
        assert_near(t_tail(z, 1e40, Side::Upper), normal_tail(z, Side::Upper), 1e-14);
        assert_near(f_tail(1.0 + z, 3.0, 1e40, Side::Upper), f_tail(1.0 + z, 3.0, f64::INFINITY, Side::Upper), 1e-14);
        assert_near(f_tail(1.0 + z, 1e40, 3.0, Side::Upper), f_tail(1.0 + z, f64::INFINITY, 3.0, Side::Upper), 1e-14);
    }
}

#[test]
fn quantiles_beyond_the_edges_follow_the_power_law() {
    // (1 + f)^-1 = p
    assert_near(f_quantile(1e-200, 2.0, 2.0, Side::Upper), 1e200, 1e-13);
    assert_near(f_quantile(1e-200, 2.0, 2.0, Side::Lower), 1e-200, 1e-13);
    assert_eq!(f_quantile(1e-10, 2.0, 0.01, Side::Upper), f64::INFINITY);
    assert_eq!(f_quantile(0.0, 4.0, 5.0, Side::Upper), f64::INFINITY);
    assert_eq!(f_quantile(0.0, 4.0, 5.0, Side::Lower), 0.0);
}
