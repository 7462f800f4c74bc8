//! Designs for every family: columns and terms in each linear predictor, responses drawn from the model itself.

use mixedmodels_engine::family::{Family, Response, Support, WeightRole};
use mixedmodels_engine::glmm::{GlmmRows, Parameter};

use super::data::{self, Columns, Data, Dice};
use super::matrix::Matrix;

/// Rows of a model, with the linear predictor of every column and term.
#[derive(Clone)]
pub struct Design {
    pub data: Data,
    pub x_predictor: Vec<usize>,
    pub term_predictor: Vec<usize>,
    pub offsets: Vec<Option<Vec<f64>>>,
}

impl Design {
    /// An intercept and a covariate in each of `predictors`, and terms (predictor, factor, effects).
    pub fn new(
        dice: &mut Dice,
        groups: Vec<(Vec<i32>, usize)>,
        predictors: usize,
        terms: &[(usize, usize, usize)],
    ) -> Self {
        let n = groups[0].0.len();
        let (mut x, mut x_predictor): (Columns, Vec<usize>) = (Vec::new(), Vec::new());
        for r in 0..predictors {
            x.push(None);
            x.push(Some((0..n).map(|_| 1.0 + dice.normal()).collect()));
            x_predictor.extend([r, r]);
        }
        let effects = terms.iter().map(|&(_, group, k)| (group, slopes(dice, n, k))).collect();
        let data = Data { y: vec![0.0; n], x, groups, terms: effects, weights: None };
        let term_predictor = terms.iter().map(|t| t.0).collect();
        Self { data, x_predictor, term_predictor, offsets: vec![None; predictors] }
    }

    pub fn n(&self) -> usize {
        self.data.n()
    }

    pub fn predictors(&self) -> usize {
        self.offsets.len()
    }

    pub fn rows(&self) -> GlmmRows<'_> {
        GlmmRows {
            rows: self.data.rows(),
            x_predictor: self.x_predictor.clone(),
            term_predictor: self.term_predictor.clone(),
            offsets: self.offsets.iter().map(|o| o.as_deref()).collect(),
        }
    }

    /// X of all linear predictors, one below the other.
    pub fn x(&self) -> Matrix {
        let n = self.n();
        Matrix::from(self.predictors() * n, self.data.x.len(), |row, j| {
            let value = self.data.x[j].as_ref().map_or(1.0, |c| c[row % n]);
            if self.x_predictor[j] == row / n { value } else { 0.0 }
        })
    }

    /// Z likewise: columns term by term, level by level.
    pub fn z(&self) -> Matrix {
        let n = self.n();
        let widths: Vec<usize> = self.data.terms.iter().map(|(g, c)| self.data.groups[*g].1 * c.len()).collect();
        let mut out = Matrix::zeros(self.predictors() * n, widths.iter().sum());
        let mut first = 0;
        for ((term, &r), width) in self.data.terms.iter().zip(&self.term_predictor).zip(&widths) {
            let (group, columns) = term;
            for row in 0..n {
                let level = self.data.groups[*group].0[row] as usize;
                for (a, column) in columns.iter().enumerate() {
                    let at = (r * n + row) * out.columns + first + level * columns.len() + a;
                    out.values[at] = column.as_ref().map_or(1.0, |c| c[row]);
                }
            }
            first += width;
        }
        out
    }

    /// Block-diagonal Lambda of a theta.
    pub fn lambda(&self, theta: &[f64]) -> Matrix {
        let levels = |group: usize| self.data.groups[group].1;
        let q = self.data.terms.iter().map(|(g, c)| levels(*g) * c.len()).sum();
        let mut out = Matrix::zeros(q, q);
        let (mut first, mut values) = (0, theta.iter());
        for (group, columns) in &self.data.terms {
            let k = columns.len();
            for j in 0..k {
                for i in j..k {
                    let value = *values.next().expect("theta is long enough");
                    for level in 0..levels(*group) {
                        out.values[(first + level * k + i) * q + first + level * k + j] = value;
                    }
                }
            }
            first += levels(*group) * k;
        }
        out
    }

    /// X beta + offset in runs.
    pub fn known(&self, beta: &[f64]) -> Vec<f64> {
        let (x, n) = (self.x(), self.n());
        (0..x.rows)
            .map(|i| {
                let offset = self.offsets[i / n].as_ref().map_or(0.0, |o| o[i % n]);
                offset + x.row(i).iter().zip(beta).map(|(x, b)| x * b).sum::<f64>()
            })
            .collect()
    }

    /// Draw the response from the model at these parameters.
    pub fn draw(mut self, dice: &mut Dice, family: &dyn Family, at: &Parameter) -> Self {
        let n = self.n();
        let mut eta = self.known(&at.beta);
        for (at_term, (term, &r)) in self.data.terms.iter().zip(&self.term_predictor).enumerate() {
            let (group, columns) = term;
            let (k, levels) = (columns.len(), self.data.groups[*group].1);
            let template = self.template(at_term, &at.theta);
            let u = dice.normals(levels * k);
            for row in 0..n {
                let level = self.data.groups[*group].0[row] as usize;
                for (a, column) in columns.iter().enumerate() {
                    let b: f64 = (0..k).map(|j| template.at(a, j) * u[level * k + j]).sum();
                    eta[r * n + row] += b * column.as_ref().map_or(1.0, |c| c[row]);
                }
            }
        }
        let m = self.predictors();
        for row in 0..n {
            let here: Vec<f64> = (0..m).map(|r| eta[r * n + row]).collect();
            let weight = self.data.weights.as_ref().map_or(1.0, |w| w[row]);
            self.data.y[row] = draw(dice, family, weight, &here, &at.psi);
        }
        self
    }

    /// T of one term.
    fn template(&self, term: usize, theta: &[f64]) -> Matrix {
        let size = |k: usize| k * (k + 1) / 2;
        let k = self.data.terms[term].1.len();
        let first: usize = self.data.terms[..term].iter().map(|t| size(t.1.len())).sum();
        let mut values = theta[first..].iter();
        let mut out = Matrix::zeros(k, k);
        for j in 0..k {
            for i in j..k {
                out.values[i * k + j] = *values.next().expect("theta is long enough");
            }
        }
        out
    }
}

/// An intercept and centred covariates.
fn slopes(dice: &mut Dice, n: usize, k: usize) -> Columns {
    (0..k).map(|j| (j > 0).then(|| dice.normals(n))).collect()
}

/// A draw by inverting the distribution function, summed or integrated from the density alone.
fn draw(dice: &mut Dice, family: &dyn Family, weight: f64, eta: &[f64], psi: &[f64]) -> f64 {
    let u = dice.uniform();
    // Cases multiply the log-likelihood: one of them is drawn.
    let weight = if family.about().weights == WeightRole::Cases { 1.0 } else { weight };
    let log_density = |y: f64| {
        let (y, weights) = ([y], [weight]);
        let rows = Response { y: &y, weights: (weight != 1.0).then_some(&weights) };
        family.value(rows, eta, psi) + family.constant(rows)
    };
    let step = match family.about().support {
        Support::Counts => 1.0,
        Support::Proportion => 1.0 / weight,
        Support::Positive => {
            // Steps of a two-hundredth in log y, from far below the mean.
            let mut sum = 0.0;
            for m in 0..4000 {
                let y = family.link().mean(eta[0]) * (0.005 * (f64::from(m) - 2500.0)).exp();
                sum += (log_density(y) + y.ln()).exp() * 0.005;
                if sum >= u {
                    return y;
                }
            }
            return family.link().mean(eta[0]);
        }
        Support::Real => {
            let scale = eta.get(1).map_or(1.0, |s| s.exp());
            let mut sum = 0.0;
            for m in 0..800 {
                let y = eta[0] + scale * 0.025 * (f64::from(m) - 400.0);
                sum += log_density(y).exp() * 0.025 * scale;
                if sum >= u {
                    return y;
                }
            }
            return eta[0];
        }
        other => unreachable!("no test here draws from {other:?}"),
    };
    let (mut sum, mut y) = (0.0, 0.0);
    loop {
        sum += log_density(y).exp();
        if sum >= u || y > 1e4 || (step != 1.0 && y + 0.5 * step > 1.0) {
            return y;
        }
        y += step;
    }
}

/// Two or more factors crossed at random.
pub fn crossed(dice: &mut Dice, n: usize, levels: &[usize]) -> Vec<(Vec<i32>, usize)> {
    levels.iter().map(|&l| data::codes(dice, n, l)).collect()
}

/// `rows` rows in each of `inner` units within each of `outer` ones.
pub fn nested(outer: usize, inner: usize, rows: usize) -> Vec<(Vec<i32>, usize)> {
    let n = outer * inner * rows;
    let code = |size: usize| (0..n).map(|i| (i / size) as i32).collect::<Vec<i32>>();
    vec![(code(rows), outer * inner), (code(rows * inner), outer)]
}
