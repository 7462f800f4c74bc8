//! How far lists of numbers are apart.

/// Largest difference of two lists relative to the largest number in them (at least one).
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = a.iter().chain(b).fold(1.0f64, |m, v| m.max(v.abs()));
    a.iter().zip(b).fold(0.0f64, |m, (x, y)| if x.is_nan() || y.is_nan() { f64::NAN } else { m.max((x - y).abs()) })
        / scale
}

#[track_caller]
pub fn assert_close(what: &str, a: &[f64], b: &[f64], tolerance: f64) {
    let d = distance(a, b);
    assert!(d <= tolerance, "{what}: {d:e} apart\n  {a:?}\n  {b:?}");
}
