//! The slow twin: Z and X in full, one Cholesky factor of everything, straight from the equations
//!
//! `[Lambda'Z'Z Lambda + I, Lambda'Z'[X y]; ., [X y]'[X y]] = L L'`.

use super::data::Data;
use super::matrix::{Matrix, dot};

/// A model in full.
pub struct Twin {
    pub y: Vec<f64>,
    pub x: Matrix,
    /// Columns term by term, level by level.
    pub z: Matrix,
    /// Factor, levels, effects and first column of each term.
    pub terms: Vec<(usize, usize, usize, usize)>,
    sum_log_weights: f64,
    reml: bool,
    /// The residual standard deviation where it is known.
    pub known: Option<f64>,
}

/// What the model says at one theta.
pub struct At {
    pub criterion: f64,
    pub beta: Vec<f64>,
    pub sigma: f64,
    pub pwrss: f64,
    pub logdet_u: f64,
    pub logdet_x: f64,
    pub u: Vec<f64>,
    pub b: Vec<f64>,
}

impl Twin {
    pub fn new(data: &Data, reml: bool) -> Self {
        let n = data.n();
        let root: Vec<f64> = (0..n).map(|i| data.weights.as_ref().map_or(1.0, |w| w[i].sqrt())).collect();
        let value = |column: &Option<Vec<f64>>, i: usize| root[i] * column.as_ref().map_or(1.0, |v| v[i]);
        let (mut terms, mut q) = (Vec::new(), 0);
        for (group, columns) in &data.terms {
            let levels = data.groups[*group].1;
            terms.push((*group, levels, columns.len(), q));
            q += levels * columns.len();
        }
        let mut z = Matrix::zeros(n, q);
        for ((group, columns), &(_, _, k, first)) in data.terms.iter().zip(&terms) {
            for i in 0..n {
                let level = data.groups[*group].0[i] as usize;
                for (a, column) in columns.iter().enumerate() {
                    z.values[i * q + first + level * k + a] = value(column, i);
                }
            }
        }
        Self {
            y: (0..n).map(|i| root[i] * data.y[i]).collect(),
            x: Matrix::from(n, data.x.len(), |i, j| value(&data.x[j], i)),
            z,
            terms,
            sum_log_weights: data.weights.iter().flatten().map(|w| w.ln()).sum(),
            reml,
            known: None,
        }
    }

    /// n, or n - p for REML.
    pub fn degrees(&self) -> f64 {
        (if self.reml { self.y.len() - self.x.columns } else { self.y.len() }) as f64
    }

    /// T of every term.
    pub fn templates(&self, theta: &[f64]) -> Vec<Matrix> {
        let mut values = theta.iter();
        let mut template = |k: usize| {
            let mut t = Matrix::zeros(k, k);
            for j in 0..k {
                for i in j..k {
                    t.values[i * k + j] = *values.next().expect("theta is long enough");
                }
            }
            t
        };
        self.terms.iter().map(|&(_, _, k, _)| template(k)).collect()
    }

    /// Block-diagonal with one k x k matrix for each term, repeated for its levels.
    pub fn block_diagonal(&self, blocks: &[Matrix]) -> Matrix {
        let q = self.z.columns;
        let mut out = Matrix::zeros(q, q);
        for (&(_, levels, k, first), block) in self.terms.iter().zip(blocks) {
            for level in 0..levels {
                let at = first + level * k;
                for m in 0..k * k {
                    out.values[(at + m / k) * q + at + m % k] = block.values[m];
                }
            }
        }
        out
    }

    pub fn lambda(&self, theta: &[f64]) -> Matrix {
        self.block_diagonal(&self.templates(theta))
    }

    pub fn criterion(&self, theta: &[f64]) -> f64 {
        self.at(theta).criterion
    }

    pub fn at(&self, theta: &[f64]) -> At {
        let (n, p, q) = (self.y.len(), self.x.columns, self.z.columns);
        let lambda = self.lambda(theta);
        let zl = self.z.times(&lambda);
        let whole = Matrix::from(n, q + p + 1, |i, j| match j {
            _ if j < q => zl.at(i, j),
            _ if j < q + p => self.x.at(i, j - q),
            _ => self.y[i],
        });
        let mut product = whole.transpose().times(&whole);
        for j in 0..q {
            product.values[j * (q + p + 1) + j] += 1.0;
        }
        let l = product.cholesky();
        let logdet = |from: usize, to: usize| 2.0 * (from..to).map(|j| l.at(j, j).ln()).sum::<f64>();
        let (logdet_u, logdet_x) = (logdet(0, q), logdet(q, q + p));
        let pwrss = l.at(q + p, q + p).powi(2);
        let m = self.degrees();
        let s2 = self.known.map_or(pwrss / m, |s| s * s);
        let mut criterion = logdet_u + m * (2.0 * std::f64::consts::PI * s2).ln() + pwrss / s2 - self.sum_log_weights;
        if self.reml {
            criterion += logdet_x;
        }
        let mut solution = l.row(q + p)[..q + p].to_vec();
        for i in (0..q + p).rev() {
            solution[i] /= l.at(i, i);
            for m in 0..i {
                solution[m] -= l.at(i, m) * solution[i];
            }
        }
        let beta = solution.split_off(q);
        let b = (0..q).map(|i| dot(lambda.row(i), &solution)).collect();
        At { criterion, beta, sigma: (pwrss / m).sqrt(), pwrss, logdet_u, logdet_x, u: solution, b }
    }

    /// Lambda C^-1 Lambda'.
    pub fn conditional(&self, theta: &[f64]) -> Matrix {
        let lambda = self.lambda(theta);
        let zl = self.z.times(&lambda);
        let c = zl.transpose().times(&zl).plus(&Matrix::identity(self.z.columns), 1.0);
        lambda.times(&c.inverse()).times(&lambda.transpose())
    }

    /// V^-1 and P = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1, with (X'V^-1 X)^-1.
    pub fn projections(&self, theta: &[f64]) -> (Matrix, Matrix, Matrix) {
        let zl = self.z.times(&self.lambda(theta));
        let v = zl.times(&zl.transpose()).plus(&Matrix::identity(self.y.len()), 1.0).inverse();
        let vx = v.times(&self.x);
        let vcov = self.x.transpose().times(&vx).inverse();
        let p = v.plus(&vx.times(&vcov).times(&vx.transpose()), -1.0);
        (v, p, vcov)
    }

    /// Z'V^-1 X and Z'V^-1(y - X beta) row by row, and the diagonal blocks of Z'V^-1 Z, term after term.
    pub fn scores(&self, theta: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let (v, p, _) = self.projections(theta);
        let zv = self.z.transpose().times(&v);
        let (zvx, zvz) = (zv.times(&self.x), zv.times(&self.z));
        let y = Matrix { rows: self.y.len(), columns: 1, values: self.y.clone() };
        let zvr = self.z.transpose().times(&p).times(&y);
        let own = || self.terms.iter().flat_map(|&(_, levels, k, first)| (0..levels).map(move |l| (first + l * k, k)));
        let rows = own().flat_map(|(at, k)| at..at + k);
        let x = rows.clone().flat_map(|i| (0..zvx.columns).map(move |j| (i, j))).map(|(i, j)| zvx.at(i, j)).collect();
        let r = rows.map(|i| zvr.at(i, 0)).collect();
        let z = own()
            .flat_map(|(at, k)| (0..k * k).map(move |m| (at + m / k, at + m % k)))
            .map(|(i, j)| zvz.at(i, j))
            .collect();
        (x, r, z)
    }

    /// Average information plus the curvature of theta -> Sigma, from n x n matrices:
    /// `(f_l'P f_m - (y'P f_l)(y'P f_m) / r2) / s2 + 2 tr(dT_l' D dT_m)`, f_m = dV_m P y; without the term over r2 where
    /// sigma is known.
    pub fn curvature(&self, theta: &[f64]) -> Matrix {
        let (v, p, _) = self.projections(theta);
        let count = theta.len();
        let templates = self.templates(theta);
        let py = p.times(&Matrix { rows: self.y.len(), columns: 1, values: self.y.clone() });
        let r2 = dot(&self.y, &py.values);
        let s2 = self.known.map_or(r2 / self.degrees(), |s| s * s);
        let profiled = if self.known.is_some() { 0.0 } else { 1.0 / r2 };
        let s = self.z.transpose().times(&py).values;
        let inner = if self.reml { &p } else { &v };
        let b = self.z.transpose().times(inner).times(&self.z);
        let term_of: Vec<usize> = templates
            .iter()
            .enumerate()
            .flat_map(|(t, matrix)| std::iter::repeat_n(t, matrix.rows * (matrix.rows + 1) / 2))
            .collect();
        let unit = |m: usize| {
            let mut e = vec![0.0; count];
            e[m] = 1.0;
            self.templates(&e)
        };
        let f: Vec<Matrix> = (0..count)
            .map(|m| {
                let d_sigma: Vec<Matrix> = unit(m)
                    .iter()
                    .zip(&templates)
                    .map(|(e, t)| {
                        let half = e.times(&t.transpose());
                        half.plus(&half.transpose(), 1.0)
                    })
                    .collect();
                let w = self.block_diagonal(&d_sigma).times(&Matrix { rows: s.len(), columns: 1, values: s.clone() });
                self.z.times(&w)
            })
            .collect();
        let score = |t: usize| {
            let (_, levels, k, first) = self.terms[t];
            Matrix::from(k, k, |i, j| {
                (0..levels)
                    .map(|level| (first + level * k + i, first + level * k + j))
                    .map(|(i, j)| b.at(i, j) - s[i] * s[j] / s2)
                    .sum()
            })
        };
        Matrix::from(count, count, |l, m| {
            let along = |m: usize| dot(&py.values, &f[m].values);
            let information = (dot(&f[l].values, &p.times(&f[m]).values) - along(l) * along(m) * profiled) / s2;
            if term_of[l] != term_of[m] {
                return information;
            }
            let t = term_of[l];
            information + 2.0 * dot(&unit(l)[t].values, &score(t).times(&unit(m)[t]).values)
        })
    }
}
