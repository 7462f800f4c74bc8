//! The polynomial p that stands in for f(x) = log(1 - x) on the bulk [-rho, rho] of the spectrum: the least-squares
//! fit under the semicircle's weight, in powers of x. Its trace is known exactly, so that only f - p is left to chance.

pub(super) struct Polynomial {
    pub c: Vec<f64>,
}

const NODES: usize = 64;

impl Polynomial {
    pub(super) fn fit(degree: usize, rho: f64) -> Self {
        let mut c = vec![0.0; degree + 1];
        let mut coefficient = vec![0.0; degree + 1];
        for q in 1..=NODES {
            let angle = q as f64 * std::f64::consts::PI / (NODES + 1) as f64;
            let f = (-rho * angle.cos()).ln_1p();
            for (j, value) in coefficient.iter_mut().enumerate() {
                // sin^2 U_j(cos) = sin(angle) sin((j + 1) angle)
                *value += 2.0 / (NODES + 1) as f64 * angle.sin() * ((j + 1) as f64 * angle).sin() * f;
            }
        }
        // U_j(x / rho) in powers of x.
        let (mut before, mut now) = (vec![0.0; degree + 2], vec![0.0; degree + 2]);
        now[0] = 1.0;
        for value in coefficient {
            for (c, u) in c.iter_mut().zip(&now) {
                *c += value * u;
            }
            let mut next: Vec<f64> = before.iter().map(|b| -b).collect();
            for m in 0..=degree {
                next[m + 1] += 2.0 / rho * now[m];
            }
            before = std::mem::replace(&mut now, next);
        }
        Self { c }
    }

    pub(super) fn at(&self, x: f64) -> f64 {
        self.c.iter().rev().fold(0.0, |sum, c| sum * x + c)
    }

    fn slope(&self, x: f64) -> f64 {
        self.c.iter().enumerate().skip(1).rev().fold(0.0, |sum, (j, c)| sum * x + j as f64 * c)
    }

    /// f - p.
    pub(super) fn rest(&self, x: f64) -> f64 {
        (-x).ln_1p() - self.at(x)
    }

    pub(super) fn rest_slope(&self, x: f64) -> f64 {
        -1.0 / (1.0 - x) - self.slope(x)
    }

    /// Divided difference of f - p.
    pub(super) fn rest_difference(&self, x: f64, y: f64) -> f64 {
        if (x - y).abs() < 1e-5 { self.rest_slope(0.5 * (x + y)) } else { (self.rest(x) - self.rest(y)) / (x - y) }
    }
}
