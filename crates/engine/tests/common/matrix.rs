//! Dense matrices, written to be read.

/// Rows of a matrix one after another.
#[derive(Clone)]
pub struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub values: Vec<f64>,
}

impl Matrix {
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, values: vec![0.0; rows * columns] }
    }

    pub fn from(rows: usize, columns: usize, f: impl Fn(usize, usize) -> f64) -> Self {
        Self { rows, columns, values: (0..rows * columns).map(|m| f(m / columns, m % columns)).collect() }
    }

    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.columns..(i + 1) * self.columns]
    }

    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.columns + j]
    }

    pub fn transpose(&self) -> Self {
        Self::from(self.columns, self.rows, |i, j| self.at(j, i))
    }

    pub fn times(&self, other: &Self) -> Self {
        let turned = other.transpose();
        Self::from(self.rows, other.columns, |i, j| dot(self.row(i), turned.row(j)))
    }

    pub fn plus(&self, other: &Self, factor: f64) -> Self {
        Self::from(self.rows, self.columns, |i, j| self.at(i, j) + factor * other.at(i, j))
    }

    pub fn identity(n: usize) -> Self {
        Self::from(n, n, |i, j| f64::from(u8::from(i == j)))
    }

    /// Lower Cholesky factor.
    pub fn cholesky(&self) -> Self {
        let n = self.rows;
        let mut l = Self::zeros(n, n);
        for i in 0..n {
            for j in 0..=i {
                let sum = self.at(i, j) - dot(&l.row(i)[..j], &l.row(j)[..j]);
                l.values[i * n + j] = if i == j { sum.sqrt() } else { sum / l.at(j, j) };
            }
        }
        l
    }

    /// Inverse of a symmetric positive definite matrix.
    pub fn inverse(&self) -> Self {
        let n = self.rows;
        let l = self.cholesky();
        let mut columns = Self::zeros(n, n); // row j holds L^-1 e_j, then (L L')^-1 e_j
        for j in 0..n {
            let x = &mut columns.values[j * n..(j + 1) * n];
            x[j] = 1.0;
            for i in j..n {
                x[i] = (x[i] - dot(&l.row(i)[j..i], &x[j..i])) / l.at(i, i);
            }
            for i in (0..n).rev() {
                x[i] /= l.at(i, i);
                for m in 0..i {
                    x[m] -= l.at(i, m) * x[i];
                }
            }
        }
        columns
    }
}

/// Eight running sums, which the compiler keeps in vector registers: the twin need not be slower than it must.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (x, y) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = x.remainder().iter().zip(y.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in x.zip(y) {
        for m in 0..8 {
            sums[m] += x[m] * y[m];
        }
    }
    sums.iter().sum::<f64>() + rest
}
