//! Lanczos runs with full reorthogonalisation: outlying eigenpairs of M, and quadratures z'h(M)z with their derivative.

use super::matrix::Matrix;
use super::pattern::Pattern;
use super::polynomial::Polynomial;
use crate::dense::eigen::symmetric;
use crate::dense::view::View;

const MOST_STEPS: usize = 150;
/// Change of a quadrature that counts as converged.
const CONVERGED: f64 = 1e-10;
/// Residual of an eigenpair that counts as exact.
pub(super) const EXACT: f64 = 1e-8;

/// Outlying eigenpairs of M: h(M) is f - p past them, and zero on them.
#[derive(Default, Clone)]
pub(super) struct Deflation {
    pub vectors: Vec<Vec<f64>>,
    pub values: Vec<f64>,
}

/// An orthonormal basis Q of the Krylov space and the tridiagonal Q'M Q.
struct Run {
    q: Vec<Vec<f64>>,
    alpha: Vec<f64>,
    /// Lengths of the residuals: beta[j] couples steps j and j + 1.
    beta: Vec<f64>,
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    // Four sums side by side: the compiler vectorises them, and their order is fixed.
    let mut sums = [0.0; 4];
    let (xs, ys) = (x.chunks_exact(4), y.chunks_exact(4));
    let tail: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in xs.zip(ys) {
        for (s, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *s += x * y;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + tail
}

fn axpy(factor: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

impl Run {
    /// Start from a nonzero vector; `None` if there is nothing in it.
    fn new(mut start: Vec<f64>) -> Option<Self> {
        let length = dot(&start, &start).sqrt();
        if length.is_nan() || length <= 0.0 {
            return None;
        }
        start.iter_mut().for_each(|v| *v /= length);
        Some(Self { q: vec![start], alpha: Vec::new(), beta: Vec::new() })
    }

    /// One more step; false once the space is invariant.
    fn step(&mut self, pattern: &Pattern, matrix: &Matrix, deflation: &[Vec<f64>]) -> bool {
        let j = self.alpha.len();
        let mut w = vec![0.0; pattern.n];
        matrix.multiply(pattern, &self.q[j], &mut w);
        self.alpha.push(dot(&w, &self.q[j]));
        for _ in 0..2 {
            for q in deflation.iter().chain(&self.q) {
                let c = dot(q, &w);
                axpy(-c, q, &mut w);
            }
        }
        let beta = dot(&w, &w).sqrt();
        self.beta.push(beta);
        if beta < 1e-12 {
            return false;
        }
        w.iter_mut().for_each(|v| *v /= beta);
        self.q.push(w);
        true
    }

    /// Ritz values and the coordinates of the Ritz vectors.
    fn ritz(&self) -> (Vec<f64>, Vec<f64>) {
        let m = self.alpha.len();
        let mut t = vec![0.0; m * m];
        for j in 0..m {
            t[j + j * m] = self.alpha[j];
            if j + 1 < m {
                t[j + 1 + j * m] = self.beta[j];
                t[j + (j + 1) * m] = self.beta[j];
            }
        }
        let (mut values, vectors) = symmetric(&t, m);
        // S is positive definite, whatever rounding says.
        values.iter_mut().for_each(|v| *v = v.min(1.0 - 1e-14));
        (values, vectors)
    }

    fn combine(&self, coordinates: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.q[0].len()];
        for (c, q) in coordinates.iter().zip(&self.q) {
            axpy(*c, q, &mut out);
        }
        out
    }
}

/// How many eigenpairs to take from below and from above.
pub(super) type Wanted = (usize, usize);

/// Eigenpairs outside [-edge, edge] that `steps` steps make exact: how many are worth deflating.
pub(super) fn outliers(
    pattern: &Pattern,
    matrix: &Matrix,
    start: Vec<f64>,
    steps: usize,
    edge: f64,
    most: usize,
) -> (Wanted, Deflation) {
    let Some(mut run) = Run::new(start) else { return ((0, 0), Deflation::default()) };
    for _ in 0..steps.min(pattern.n) {
        if !run.step(pattern, matrix, &[]) {
            break;
        }
    }
    let (values, v) = run.ritz();
    let m = values.len();
    let exact = |j: usize| (run.beta[m - 1] * v[m - 1 + j * m]).abs() < EXACT;
    let below = (0..m).take_while(|&j| values[j] < -edge && exact(j)).count().min(most);
    let above = (0..m).rev().take_while(|&j| values[j] > edge && exact(j)).count().min(most);
    ((below, above), take(&run, &values, &v, (below, above)))
}

fn take(run: &Run, values: &[f64], v: &[f64], (below, above): Wanted) -> Deflation {
    let m = values.len();
    let chosen = (0..below.min(m)).chain((m - above.min(m)).max(below.min(m))..m);
    let mut out = Deflation::default();
    for j in chosen {
        out.values.push(values[j]);
        out.vectors.push(run.combine(&v[j * m..(j + 1) * m]));
    }
    out
}

/// The same number of eigenpairs at another point, starting near the former ones.
pub(super) fn refresh(pattern: &Pattern, matrix: &Matrix, start: Vec<f64>, wanted: Wanted) -> Deflation {
    let count = wanted.0 + wanted.1;
    if count == 0 {
        return Deflation::default();
    }
    let Some(mut run) = Run::new(start) else { return Deflation::default() };
    let limit = MOST_STEPS.min(pattern.n);
    loop {
        let more = run.step(pattern, matrix, &[]);
        let m = run.alpha.len();
        let last = !more || m >= limit;
        if last || (m >= 2 * count && m % 4 == 0) {
            let (values, v) = run.ritz();
            let error = |j: usize| (run.beta[m - 1] * v[m - 1 + j * m]).abs();
            let exact_below = (0..wanted.0.min(m)).take_while(|&j| error(j) < EXACT).count();
            let exact_above = (0..wanted.1.min(m)).take_while(|&j| error(m - 1 - j) < EXACT).count();
            if last || (exact_below, exact_above) == wanted {
                return take(&run, &values, &v, (exact_below, exact_above));
            }
        }
    }
}

/// One probe: z'h(M)z, its change with the bulk's edge, and, if wanted, vectors x_r with weights gamma_r such that its
/// derivative is the sum of gamma_r x_r'(dM) x_r.
#[derive(Default)]
pub(super) struct Quadrature {
    pub value: f64,
    pub by_edge: f64,
    pub weights: Vec<f64>,
    pub vectors: Vec<Vec<f64>>,
}

pub(super) fn quadrature(
    pattern: &Pattern,
    matrix: &Matrix,
    deflation: &Deflation,
    p: &Polynomial,
    p_by_edge: &Polynomial,
    z: &[f64],
    derivative: bool,
) -> Quadrature {
    let mut start = z.to_vec();
    let along: Vec<f64> = deflation.vectors.iter().map(|u| dot(u, z)).collect();
    for _ in 0..2 {
        for u in &deflation.vectors {
            let c = dot(u, &start);
            axpy(-c, u, &mut start);
        }
    }
    let size = dot(&start, &start);
    if size <= 1e-20 * dot(z, z) {
        return Quadrature::default();
    }
    let Some(mut run) = Run::new(start) else { return Quadrature::default() };
    let mut before = f64::NAN;
    loop {
        let more = run.step(pattern, matrix, &deflation.vectors);
        let m = run.alpha.len();
        let last = !more || m >= MOST_STEPS.min(pattern.n);
        if !last && (m < 6 || m % 2 == 1) {
            continue;
        }
        let (values, v) = run.ritz();
        let square = |j: usize| size * v[j * m] * v[j * m];
        let value: f64 = (0..m).map(|j| square(j) * p.rest(values[j])).sum();
        if last || (value - before).abs() < CONVERGED * (1.0 + size).sqrt() {
            let by_edge = -(0..m).map(|j| square(j) * p_by_edge.at(values[j])).sum::<f64>();
            let (mut weights, mut vectors) = (Vec::new(), Vec::new());
            if derivative {
                let y: Vec<f64> = (0..m).map(|j| size.sqrt() * v[j * m]).collect();
                let found = Eigenpairs { values: &values, coordinates: View::square(&v, m), along: &y };
                (weights, vectors) = differentiate(&run, &found, deflation, &along, p);
            }
            return Quadrature { value, by_edge, weights, vectors };
        }
        before = value;
    }
}

/// Eigenpairs that a run has found, and z along them.
struct Eigenpairs<'a> {
    values: &'a [f64],
    /// In the run's own basis.
    coordinates: View<'a>,
    along: &'a [f64],
}

/// d z'h(M)z = sum over pairs of eigenvectors of h[a, b] (z'x_a) (x_a'dM x_b) (x_b'z) with divided differences of h,
/// the deflated eigenvectors (h = 0) included; the matrix in the middle is of low rank, as h is smooth.
fn differentiate(
    run: &Run,
    found: &Eigenpairs,
    deflation: &Deflation,
    along: &[f64],
    p: &Polynomial,
) -> (Vec<f64>, Vec<Vec<f64>>) {
    let Eigenpairs { values, coordinates, along: y } = *found;
    let (mut weights, mut vectors) = (Vec::new(), Vec::new());
    let (m, r) = (values.len(), deflation.values.len());
    let size = m + r;
    let mut c = vec![0.0; size * size];
    for b in 0..m {
        for a in 0..m {
            c[a + b * size] = y[a] * y[b] * p.rest_difference(values[a], values[b]);
        }
        for j in 0..r {
            let gap = deflation.values[j] - values[b];
            let difference = if gap.abs() < 1e-9 { 0.0 } else { -p.rest(values[b]) / gap };
            c[m + j + b * size] = along[j] * y[b] * difference;
            c[b + (m + j) * size] = c[m + j + b * size];
        }
    }
    let (gamma, e) = symmetric(&c, size);
    let scale = gamma.iter().fold(0.0f64, |s, g| s.max(g.abs()));
    for (g, e) in gamma.iter().zip(e.chunks_exact(size)).filter(|(g, _)| g.abs() > 1e-9 * scale) {
        let combined: Vec<f64> = (0..m).map(|i| (0..m).map(|a| coordinates.at(i, a) * e[a]).sum()).collect();
        let mut x = run.combine(&combined);
        for (u, &e) in deflation.vectors.iter().zip(&e[m..]) {
            axpy(e, u, &mut x);
        }
        weights.push(*g);
        vectors.push(x);
    }
    (weights, vectors)
}

/// (I - M) x = b by conjugate gradients to a relative residual of 1e-13; the deflated part is solved beforehand.
pub(super) fn solve(pattern: &Pattern, matrix: &Matrix, deflation: &Deflation, b: &[f64]) -> Vec<f64> {
    let target = 1e-13 * dot(b, b).sqrt();
    let mut x = vec![0.0; b.len()];
    for (u, value) in deflation.vectors.iter().zip(&deflation.values) {
        axpy(dot(u, b) / (1.0 - value), u, &mut x);
    }
    let mut product = vec![0.0; b.len()];
    matrix.multiply(pattern, &x, &mut product);
    let mut residual: Vec<f64> = (0..b.len()).map(|i| b[i] - x[i] + product[i]).collect();
    let mut direction = residual.clone();
    let mut size = dot(&residual, &residual);
    for _ in 0..MOST_ITERATIONS {
        if size.sqrt() <= target {
            break;
        }
        matrix.multiply(pattern, &direction, &mut product);
        for (p, d) in product.iter_mut().zip(&direction) {
            *p = d - *p;
        }
        let step = size / dot(&direction, &product);
        if !step.is_finite() {
            break;
        }
        axpy(step, &direction, &mut x);
        axpy(-step, &product, &mut residual);
        let next = dot(&residual, &residual);
        let ratio = next / size;
        size = next;
        for (d, r) in direction.iter_mut().zip(&residual) {
            *d = r + ratio * *d;
        }
    }
    x
}

const MOST_ITERATIONS: usize = 5000;
