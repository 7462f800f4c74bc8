//! A family from its log-density alone, written once over jets.

use rand::RngCore;

use super::jet::Jet;
use super::link::Link;
use super::single::inside;
use super::{About, Expected, Family, Response, Second, Shape, WeightRole, pair, pairs};

/// What a family must say; everything in `Family` follows from it. M predictors, the first of which is that of the
/// mean; the shapes are those of `About`, all of them free.
pub trait Density: Send + Sync {
    fn about(&self) -> &About;

    /// The link of the first predictor.
    fn link(&self) -> &dyn Link;

    /// log p(y), all constants included, as a function of the linear predictors and of psi, the logarithms of the
    /// shapes. NaN where there is no such density. `weight` is 1 where weights are cases: they multiply outside.
    fn log_density<const N: usize>(&self, y: f64, weight: f64, eta: &[Jet<N>], psi: &[Jet<N>]) -> Jet<N>;

    /// Var(y) at weight 1.
    fn variance<const N: usize>(&self, mu: Jet<N>, psi: &[Jet<N>]) -> Jet<N>;

    fn unit_deviance(&self, y: f64, mu: f64, psi: &[f64]) -> f64;

    fn draw(&self, rng: &mut dyn RngCore, mu: f64, weight: f64, psi: &[f64]) -> f64;

    fn start_mean(&self, y: f64, weight: f64) -> f64;

    fn start_shapes(&self, _rows: Response, _mu: &[f64]) -> Vec<f64> {
        vec![0.0; self.about().shapes.len()]
    }

    /// Expected weights of one row, in the order of the pairs; None where the observed ones stand for them. By default
    /// mu'^2 / Var(y), which is the expected information of an exponential family in its mean.
    fn information<const N: usize>(&self, weight: f64, eta: &[Jet<N>], psi: &[Jet<N>]) -> Option<Vec<Jet<N>>> {
        let [only] = eta else { return None };
        let [mu, first, second, third] = self.link().derivatives(only.value);
        let slope = only.through([first, second, third, 0.0]);
        let variance = self.variance(only.through([mu, first, second, third]), psi);
        Some(vec![slope * slope / variance * weight])
    }
}

/// A family made of its density: M predictors, and N variables in all (predictors and shapes).
pub struct FromJet<D, const M: usize, const N: usize>(pub D);

impl<D: Density, const M: usize, const N: usize> FromJet<D, M, N> {
    /// The predictors and psi of a row as variables.
    fn variables(&self, n: usize, row: usize, eta: &[f64], psi: &[f64]) -> [Jet<N>; N] {
        std::array::from_fn(|v| Jet::variable(if v < M { eta[v * n + row] } else { psi[v - M] }, v))
    }

    /// Log-likelihood of a row with all derivatives.
    fn jet(&self, rows: Response, row: usize, eta: &[f64], psi: &[f64]) -> Jet<N> {
        let variables = self.variables(rows.y.len(), row, eta, psi);
        let (eta, psi) = variables.split_at(M);
        let (y, weight) = (rows.y[row], rows.weight(row));
        match self.0.about().weights {
            WeightRole::Cases => self.0.log_density(y, 1.0, eta, psi) * weight,
            _ => self.0.log_density(y, weight, eta, psi),
        }
    }

    fn rows<'a>(
        &'a self,
        rows: Response<'a>,
        eta: &'a [f64],
        psi: &'a [f64],
    ) -> impl Iterator<Item = (usize, Jet<N>)> + 'a {
        (0..rows.y.len()).map(move |row| (row, self.jet(rows, row, eta, psi)))
    }
}

/// psi as jets without variables.
fn numbers(psi: &[f64]) -> Vec<Jet<0>> {
    psi.iter().map(|&p| Jet::constant(p)).collect()
}

impl<D: Density, const M: usize, const N: usize> Family for FromJet<D, M, N> {
    fn about(&self) -> &About {
        self.0.about()
    }

    fn predictors(&self) -> usize {
        M
    }

    fn shapes(&self) -> usize {
        N - M
    }

    fn constant(&self, _rows: Response) -> f64 {
        0.0 // the density is not taken apart
    }

    fn value(&self, rows: Response, eta: &[f64], psi: &[f64]) -> f64 {
        let (n, psi) = (rows.y.len(), numbers(psi));
        let cases = self.0.about().weights == WeightRole::Cases;
        let one = |row: usize| {
            let eta: [Jet<0>; M] = std::array::from_fn(|r| Jet::constant(eta[r * n + row]));
            let (weight, factor) = if cases { (1.0, rows.weight(row)) } else { (rows.weight(row), 1.0) };
            factor * self.0.log_density(rows.y[row], weight, &eta, &psi).value
        };
        inside((0..n).map(one).sum())
    }

    fn second(&self, rows: Response, eta: &[f64], psi: &[f64], out: Second) -> f64 {
        let n = rows.y.len();
        let mut total = 0.0;
        for (row, l) in self.rows(rows, eta, psi) {
            total += l.value;
            for r in 0..M {
                out.g[r * n + row] = l.first[r];
            }
            for (s, t) in pairs(M) {
                out.w[pair(s, t) * n + row] = -l.second[s][t];
            }
        }
        inside(total)
    }

    fn third(&self, rows: Response, eta: &[f64], psi: &[f64], out: &mut [f64]) {
        let n = rows.y.len();
        for (row, l) in self.rows(rows, eta, psi) {
            for (s, t) in pairs(M) {
                for r in 0..M {
                    out[(pair(s, t) * M + r) * n + row] = -l.third[s][t][r];
                }
            }
        }
    }

    fn shape(&self, rows: Response, eta: &[f64], psi: &[f64], j: usize, out: Shape) -> f64 {
        let n = rows.y.len();
        let mut total = 0.0;
        for (row, l) in self.rows(rows, eta, psi) {
            total += l.first[M + j];
            for r in 0..M {
                out.g[r * n + row] = l.second[r][M + j];
            }
            for (s, t) in pairs(M) {
                out.w[pair(s, t) * n + row] = -l.third[s][t][M + j];
            }
        }
        total
    }

    fn shape_curvature(&self, rows: Response, eta: &[f64], psi: &[f64], out: &mut [f64]) {
        let shapes = N - M;
        out.fill(0.0);
        for (_, l) in self.rows(rows, eta, psi) {
            for j in 0..shapes {
                for k in 0..shapes {
                    out[j * shapes + k] += l.second[M + j][M + k];
                }
            }
        }
    }

    fn expected(&self, rows: Response, eta: &[f64], psi: &[f64], out: Expected) -> bool {
        let (n, runs) = (rows.y.len(), M * (M + 1) / 2);
        for row in 0..n {
            let variables = self.variables(n, row, eta, psi);
            let (eta, psi) = variables.split_at(M);
            let Some(weights) = self.0.information(rows.weight(row), eta, psi) else { return false };
            for (run, weight) in weights.iter().enumerate() {
                out.w[run * n + row] = weight.value;
                for r in 0..M {
                    out.dw[(run * M + r) * n + row] = weight.first[r];
                }
                for j in 0..N - M {
                    out.dw_shape[(j * runs + run) * n + row] = weight.first[M + j];
                }
            }
        }
        true
    }

    fn link(&self) -> &dyn Link {
        self.0.link()
    }

    fn variance(&self, mu: f64, psi: &[f64]) -> f64 {
        self.0.variance(Jet::<0>::constant(mu), &numbers(psi)).value
    }

    fn unit_deviance(&self, y: f64, mu: f64, psi: &[f64]) -> f64 {
        self.0.unit_deviance(y, mu, psi)
    }

    fn log_density(&self, y: f64, weight: f64, eta: &[f64], psi: &[f64]) -> f64 {
        self.value(Response { y: &[y], weights: Some(&[weight]) }, eta, psi)
    }

    fn draw(&self, rng: &mut dyn RngCore, mu: f64, weight: f64, psi: &[f64]) -> f64 {
        self.0.draw(rng, mu, weight, psi)
    }

    fn start_mean(&self, y: f64, weight: f64) -> f64 {
        self.0.start_mean(y, weight)
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        self.0.start_shapes(rows, mu)
    }
}
