//! The integral from a point to the end of a log-concave density.

/// Distance in w from which the tail of a density is exponential to the last digit.
pub(super) const FAR: f64 = 40.0;

/// Abscissae (positive) and weights of the Gauss-Legendre rule of 20 points.
const RULE: [(f64, f64); 10] = [
    (0.076_526_521_133_497_34, 0.152_753_387_130_725_84),
    (0.227_785_851_141_645_07, 0.149_172_986_472_603_74),
    (0.373_706_088_715_419_55, 0.142_096_109_318_382_04),
    (0.510_867_001_950_827_1, 0.131_688_638_449_176_64),
    (0.636_053_680_726_515, 0.118_194_531_961_518_41),
    (0.746_331_906_460_150_8, 0.101_930_119_817_240_44),
    (0.839_116_971_822_218_8, 0.083_276_741_576_704_75),
    (0.912_234_428_251_326, 0.062_672_048_334_109_07),
    (0.963_971_927_277_913_8, 0.040_601_429_800_386_94),
    (0.993_128_599_185_094_9, 0.017_614_007_139_152_118),
];

/// A log-density from a point on, at distances s >= 0.
pub(super) struct Ray<C, R> {
    /// Its change since s = 0.
    pub change: C,
    /// How quickly it changes at s: |slope| + square root of |curvature|.
    pub rate: R,
    /// Distance from which it falls linearly, with slope `shape`.
    pub far: f64,
    pub shape: f64,
}

/// Integral of exp(change) over s >= 0: panels of a few units of the density's own scale.
pub(super) fn integral<C: Fn(f64) -> f64, R: Fn(f64) -> f64>(ray: &Ray<C, R>) -> f64 {
    let (mut s, mut sum) = (0.0, 0.0);
    while s < ray.far {
        // Complex singularities of the density lie pi away from the real axis, hence the 1.
        let width = 3.0 / ((ray.rate)(s) + 1.0);
        let panel = panel(ray, s, width);
        sum += panel;
        s += width;
        if panel <= 1e-18 * sum {
            return sum;
        }
    }
    sum + (ray.change)(s).exp() / ray.shape
}

fn panel<C: Fn(f64) -> f64, R>(ray: &Ray<C, R>, start: f64, width: f64) -> f64 {
    let half = 0.5 * width;
    let middle = start + half;
    let at = |s: f64| (ray.change)(s).exp();
    half * RULE.iter().map(|&(x, weight)| weight * (at(middle - half * x) + at(middle + half * x))).sum::<f64>()
}
