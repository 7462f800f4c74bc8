//! A start by the method of moments: products of Z'r, r = M y the least-squares residual, are equated with what they
//! are on average, Z'M V M Z, which is linear in the covariances and in sigma^2 (MINQUE with prior weight on the
//! residual alone).
//!
//! Z_f'M Z_g = A - B with A = Z_f'Z_g, nonzero for pairs of levels that occur together, and B = X_f X_g' for the rows
//! X_f of Z_f'X R^-1, which is dense. Sums over all pairs of levels of (A - B) x (A - B) therefore split into a sum
//! over the pairs that occur, of (A - B) x (A - B) - B x B, and one over all, of B x B, which factors.

use super::parameters::Parameters;
use crate::dense::eigen::symmetric;
use crate::dense::small::{cholesky, identity, solve_lower, solve_lower_transpose};
use crate::dense::view::{View, ViewMut, positions};
use crate::gram::{CrossBlocks, Gram};

/// Factors with more effects than this start at T = I: the system grows with the fourth power.
const MOST_EFFECTS: usize = 6;

/// Smallest to largest variance of a start.
const LEAST_RATIO: f64 = 0.02;

/// One unknown: element (row, column) of the covariance of a factor.
struct Unknown {
    group: usize,
    row: usize,
    column: usize,
}

/// Templates of all factors to start from.
pub(crate) fn templates(gram: &Gram, parameters: &Parameters) -> Vec<Vec<f64>> {
    Moments::of(gram, parameters).templates(gram, parameters)
}

/// The moment equations but for their right side: what the response does not change.
pub(crate) struct Moments {
    unknowns: Vec<Unknown>,
    /// For all unknowns and sigma^2; `None` where there are no equations to solve.
    equations: Option<Eliminated>,
}

impl Moments {
    pub(crate) fn of(gram: &Gram, parameters: &Parameters) -> Self {
        let unknowns = list_unknowns(parameters);
        let many = parameters.sizes.iter().any(|&k| k > MOST_EFFECTS);
        let equations = if many { None } else { Eliminated::of(equations(gram, &unknowns), unknowns.len() + 1) };
        Self { unknowns, equations }
    }

    /// Templates of all factors to start from, for the response of `gram`.
    pub(crate) fn templates(&self, gram: &Gram, parameters: &Parameters) -> Vec<Vec<f64>> {
        let Some(mut out) = self.covariances(gram, parameters) else {
            return parameters.sizes.iter().map(|&k| identity(k)).collect();
        };
        for (g, sigma) in out.iter_mut().enumerate() {
            let blocks = &gram.factors[g];
            let mass: f64 = blocks
                .zz
                .chunks_exact(blocks.k * blocks.k)
                .map(|b| (0..blocks.k).map(|j| b[j + j * blocks.k]).sum::<f64>())
                .sum();
            // Below half the variance of a level's own mean a component is as good as unseen: start there.
            let floor = (0.5 * (blocks.levels * blocks.k) as f64 / mass.max(1e-300)).min(0.1);
            for (at, k) in parameters.of_group(g) {
                let own = View::square(sigma, blocks.k).cut(at, k);
                ViewMut::square(sigma, blocks.k).put(at, k, root(&own, k, floor));
            }
        }
        out
    }

    /// Covariances over sigma^2 that solve the equations, whether or not they are positive definite.
    pub(crate) fn covariances(&self, gram: &Gram, parameters: &Parameters) -> Option<Vec<Vec<f64>>> {
        let solution = self.solution(gram)?;
        let sigma2 = solution[self.unknowns.len()];
        let mut out: Vec<Vec<f64>> = parameters.sizes.iter().map(|k| vec![0.0; k * k]).collect();
        for (u, value) in self.unknowns.iter().zip(&solution) {
            out[u.group][u.row + u.column * parameters.sizes[u.group]] = value / sigma2;
        }
        Some(out)
    }

    /// Covariances and sigma^2 that solve the equations.
    fn solution(&self, gram: &Gram) -> Option<Vec<f64>> {
        let equations = self.equations.as_ref()?;
        let beta = least_squares(gram)?;
        let size = self.unknowns.len() + 1;
        let width = gram.p + 1;
        let total = gram.fixed[gram.p + gram.p * width];
        let fitted: f64 = (0..gram.p).map(|j| gram.fixed[j + gram.p * width] * beta[j]).sum();
        let residual = (total - fitted).max(1e-12 * total);
        let mut rhs = self.right_side(gram, &beta);
        rhs.push(residual);
        let mut x = equations.solve(rhs)?;
        // Far too small a residual variance says that the moments do not separate it from the rest: what the levels
        // of one factor leave unexplained bounds it from above.
        let mean = residual / gram.n as f64;
        if x[size - 1] < 0.05 * mean {
            x[size - 1] = x[size - 1].max(pure_error(gram, &beta, residual).min(0.05 * mean)).max(1e-12 * mean);
        }
        Some(x)
    }

    /// sum over levels of (Z'r)(Z'r)'.
    fn right_side(&self, gram: &Gram, beta: &[f64]) -> Vec<f64> {
        let width = gram.p + 1;
        let sums: Vec<Vec<f64>> = gram
            .factors
            .iter()
            .map(|blocks| {
                let k = blocks.k;
                let (mut s, mut sum) = (vec![0.0; k], vec![0.0; k * k]);
                for rows in blocks.zr.chunks_exact(k * width) {
                    for (s, row) in s.iter_mut().zip(rows.chunks_exact(width)) {
                        *s = row[gram.p] - row.iter().zip(beta).map(|(z, b)| z * b).sum::<f64>();
                    }
                    for (j, own) in sum.chunks_exact_mut(k).enumerate() {
                        own.iter_mut().zip(&s).for_each(|(o, v)| *o += v * s[j]);
                    }
                }
                sum
            })
            .collect();
        self.unknowns.iter().map(|u| sums[u.group][u.row + u.column * gram.factors[u.group].k]).collect()
    }
}

fn list_unknowns(parameters: &Parameters) -> Vec<Unknown> {
    let mut out = Vec::new();
    for (group, _) in parameters.sizes.iter().enumerate() {
        for (at, k) in parameters.of_group(group) {
            for column in at..at + k {
                out.extend((at..at + k).map(|row| Unknown { group, row, column }));
            }
        }
    }
    out
}

/// Coefficients of ordinary least squares and the residual sum of squares behind them.
fn least_squares(gram: &Gram) -> Option<Vec<f64>> {
    let (p, width) = (gram.p, gram.p + 1);
    let mut xx = View::square(&gram.fixed, width).cut(0, p);
    cholesky(&mut xx, p).ok()?;
    let mut beta: Vec<f64> = (0..p).map(|j| gram.fixed[j + p * width]).collect();
    solve_lower(&xx, p, &mut beta);
    solve_lower_transpose(&xx, p, &mut beta);
    Some(beta)
}

/// Rows of Z'X R^-1 of one factor, k x c a level, and their sums of products.
struct Projected {
    k: usize,
    rows: Vec<f64>,
    /// sum over levels of row[a, g] row[b, d], element (a, b) of matrix number g + c d.
    products: Vec<f64>,
}

/// Models with more coefficients project past the intercept only: the rest matters little to a start.
const MOST_COEFFICIENTS: usize = 6;

fn project(gram: &Gram) -> (Vec<Projected>, usize) {
    let (p, width) = (gram.p, gram.p + 1);
    let columns: Vec<usize> =
        if p <= MOST_COEFFICIENTS { (0..p).collect() } else { gram.standard.intercept.into_iter().collect() };
    let c = columns.len();
    let fixed = View::square(&gram.fixed, width);
    let mut r: Vec<f64> = positions(c, c).map(|(i, j)| fixed.at(columns[i], columns[j])).collect();
    if cholesky(&mut r, c).is_err() {
        return (
            gram.factors.iter().map(|f| Projected { k: f.k, rows: Vec::new(), products: Vec::new() }).collect(),
            0,
        );
    }
    let of = |f: &crate::gram::FactorBlocks| {
        let k = f.k;
        let mut rows = vec![0.0; f.levels * k * c];
        let mut products = vec![0.0; k * k * c * c];
        for (row, zr) in rows.chunks_exact_mut(c.max(1)).zip(f.zr.chunks_exact(width)) {
            for (o, &j) in row.iter_mut().zip(&columns) {
                *o = zr[j];
            }
            solve_lower(&r, c, row);
        }
        for level in rows.chunks_exact((k * c).max(1)) {
            let row = |a: usize| View::new(level, c, k).col(a);
            for (out, (g, d)) in products.chunks_exact_mut(k * k).zip(positions(c, c)) {
                out.iter_mut().zip(positions(k, k)).for_each(|(out, (a, b))| *out += row(a)[g] * row(b)[d]);
            }
        }
        Projected { k, rows, products }
    };
    (gram.factors.iter().map(of).collect(), c)
}

/// X_f X_g' of a pair of levels, k_f x k_g column-major.
fn outer(f: &Projected, i: usize, g: &Projected, j: usize, c: usize, out: &mut [f64]) {
    for b in 0..g.k {
        for a in 0..f.k {
            let (x, y) = (&f.rows[(i * f.k + a) * c..], &g.rows[(j * g.k + b) * c..]);
            out[a + b * f.k] = (0..c).map(|m| x[m] * y[m]).sum();
        }
    }
}

/// sum over all pairs of levels of B[a, b] B[c', d] for unknowns u = (a, c') of f and v = (b, d) of g.
fn everywhere(f: &Projected, g: &Projected, u: &Unknown, v: &Unknown, c: usize) -> f64 {
    let (of_f, of_g) = (View::square(&f.products, f.k), View::square(&g.products, g.k));
    (0..c * c).map(|m| of_f.block(m).at(u.row, u.column) * of_g.block(m).at(v.row, v.column)).sum()
}

/// The matrix of the moment equations; the last unknown is sigma^2.
fn equations(gram: &Gram, unknowns: &[Unknown]) -> Vec<f64> {
    let size = unknowns.len() + 1;
    let mut a = vec![0.0; size * size];
    let (projected, c) = project(gram);
    let of_group = |g: usize| unknowns.iter().enumerate().filter(move |(_, u)| u.group == g);
    for (g, blocks) in gram.factors.iter().enumerate() {
        let k = blocks.k;
        let own: Vec<(usize, &Unknown)> = of_group(g).collect();
        let (mut past, mut rest) = (vec![0.0; k * k], vec![0.0; k * k]);
        for level in 0..blocks.levels {
            let zz = &blocks.zz[level * k * k..(level + 1) * k * k];
            outer(&projected[g], level, &projected[g], level, c, &mut past);
            for ((r, z), b) in rest.iter_mut().zip(zz).zip(&past) {
                *r = z - b;
            }
            for &(m, u) in &own {
                let mean = rest[u.row + u.column * k];
                a[m + (size - 1) * size] += mean;
                a[(size - 1) + m * size] += mean;
                for &(n, v) in &own {
                    let (x, y) = (u.row + v.row * k, u.column + v.column * k);
                    a[m + n * size] += rest[x] * rest[y] - past[x] * past[y];
                }
            }
        }
        for &(m, u) in &own {
            for &(n, v) in &own {
                a[m + n * size] += everywhere(&projected[g], &projected[g], u, v, c);
            }
        }
    }
    for cross in &gram.cross {
        add_cross(gram, cross, unknowns, &projected, c, &mut a);
    }
    a[size * size - 1] = (gram.n - gram.p) as f64;
    a
}

/// The smallest mean square left within the levels of a factor that leaves at least a tenth of the rows free.
fn pure_error(gram: &Gram, beta: &[f64], residual: f64) -> f64 {
    let width = gram.p + 1;
    let mut least = f64::INFINITY;
    for blocks in &gram.factors {
        let k = blocks.k;
        let free = gram.n as f64 - (blocks.levels * k) as f64;
        if free < 0.1 * gram.n as f64 {
            continue;
        }
        let mut explained = 0.0;
        let mut s = vec![0.0; k];
        for level in 0..blocks.levels {
            let mut l = blocks.zz[level * k * k..(level + 1) * k * k].to_vec();
            for j in 0..k {
                l[j + j * k] *= 1.0 + 1e-10;
            }
            for (i, s) in s.iter_mut().enumerate() {
                let row = &blocks.zr[(level * k + i) * width..(level * k + i + 1) * width];
                *s = row[gram.p] - row.iter().zip(beta).map(|(z, b)| z * b).sum::<f64>();
            }
            if cholesky(&mut l, k).is_ok() {
                solve_lower(&l, k, &mut s);
                explained += s.iter().map(|v| v * v).sum::<f64>();
            }
        }
        least = least.min((residual - explained).max(0.0) / free);
    }
    if least.is_finite() { least } else { 0.0 }
}

/// What the effects of one factor add to the products of another, and the other way round.
fn add_cross(gram: &Gram, cross: &CrossBlocks, unknowns: &[Unknown], projected: &[Projected], c: usize, a: &mut [f64]) {
    let size = unknowns.len() + 1;
    let (first, second) = (&projected[cross.first], &projected[cross.second]);
    let cells = first.k * second.k;
    // Sums of products of cells over the pairs that occur, then spread to the equations of either factor.
    let mut sums = vec![0.0; cells * cells];
    let (mut past, mut rest) = (vec![0.0; cells], vec![0.0; cells]);
    for level in 0..gram.factors[cross.first].levels {
        for pair in cross.pairs(level) {
            outer(second, cross.index[pair] as usize, first, level, c, &mut past);
            for ((r, z), b) in rest.iter_mut().zip(cross.block(pair)).zip(&past) {
                *r = z - b;
            }
            for n in 0..cells {
                for m in 0..cells {
                    sums[m + n * cells] += rest[m] * rest[n] - past[m] * past[n];
                }
            }
        }
    }
    let sums = View::square(&sums, cells);
    for (m, u) in unknowns.iter().enumerate().filter(|(_, u)| u.group == cross.second) {
        for (n, v) in unknowns.iter().enumerate().filter(|(_, v)| v.group == cross.first) {
            let value =
                sums.at(u.row + v.row * second.k, u.column + v.column * second.k) + everywhere(second, first, u, v, c);
            a[m + n * size] += value;
            a[n + m * size] += value;
        }
    }
}

/// A square matrix after Gaussian elimination with row pivoting, multipliers below the diagonal.
struct Eliminated {
    matrix: Vec<f64>,
    pivots: Vec<usize>,
}

impl Eliminated {
    /// `None` where the matrix is singular.
    fn of(mut a: Vec<f64>, n: usize) -> Option<Self> {
        let mut pivots = Vec::with_capacity(n);
        for j in 0..n {
            let pivot = (j..n).max_by(|&x, &y| a[x + j * n].abs().total_cmp(&a[y + j * n].abs()))?;
            let scale: f64 = (j..n).map(|c| a[pivot + c * n].abs()).fold(0.0, f64::max);
            if a[pivot + j * n].abs().is_nan() || a[pivot + j * n].abs() <= 1e-12 * scale {
                return None;
            }
            (0..n).for_each(|c| a.swap(j + c * n, pivot + c * n));
            pivots.push(pivot);
            for i in j + 1..n {
                let factor = a[i + j * n] / a[j + j * n];
                a[i + j * n] = factor;
                (j + 1..n).for_each(|c| a[i + c * n] -= factor * a[j + c * n]);
            }
        }
        Some(Self { matrix: a, pivots })
    }

    /// `None` where the solution is not finite.
    fn solve(&self, mut b: Vec<f64>) -> Option<Vec<f64>> {
        let n = b.len();
        self.pivots.iter().enumerate().for_each(|(j, &pivot)| b.swap(j, pivot));
        for j in 0..n {
            for i in j + 1..n {
                b[i] -= self.matrix[i + j * n] * b[j];
            }
        }
        for j in (0..n).rev() {
            b[j] /= self.matrix[j + j * n];
            for i in 0..j {
                b[i] -= self.matrix[i + j * n] * b[j];
            }
        }
        b.iter().all(|v| v.is_finite()).then_some(b)
    }
}

/// A square root of the symmetric part of one term's covariance, eigenvalues raised to the floor.
fn root(sigma: &[f64], k: usize, floor: f64) -> Vec<f64> {
    let sigma = View::square(sigma, k);
    let symmetrised: Vec<f64> = positions(k, k).map(|(i, j)| 0.5 * (sigma.at(i, j) + sigma.at(j, i))).collect();
    let (values, u) = symmetric(&symmetrised, k);
    let mut out = u;
    // A direction far below the others would make a poor first model of the criterion.
    let floor = floor.max(LEAST_RATIO * values[k - 1]);
    for j in 0..k {
        let scale = values[j].max(floor).sqrt();
        for i in 0..k {
            out[i + j * k] *= scale;
        }
    }
    out
}
