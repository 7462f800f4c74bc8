//! A family made of a law and its parts: a predictor of the mean, one of structural zeros, one of the dispersion.
//!
//! Zeros: with zeta their predictor and a = log p(0) of the law, log P(0) = a - softplus(zeta) + softplus(zeta - a), and
//! any other y has log p(y) - softplus(zeta). A law without mass at 0 has P(0) = 1 / (1 + exp(-zeta)): a hurdle.

use rand::{Rng, RngCore};

use super::jet::Jet;
use super::law::{Law, Mean};
use super::link::{self, Link};
use super::single::inside;
use super::special::{logistic, softplus, times};
use super::{About, Expected, Family, Moments, Parts, Response, Second, Shape, Support, WeightRole, pair, pairs};

/// A family with N variables of its law: the predictor of the mean and all shapes.
pub(crate) struct Composed<L, const N: usize> {
    law: L,
    link: Box<dyn Link>,
    /// Where each variable of the law is.
    places: [Place; N],
    zeros: bool,
    predictors: usize,
    shapes: usize,
    weights: WeightRole,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Predictor(usize),
    Shape(usize),
    Fixed(f64),
}

/// Predictor of structural zeros, where there is one.
const ZEROS: usize = 1;

/// A family of this law; None where `fixed` is not what it has.
pub(crate) fn composed<L: Law, const N: usize>(
    law: L,
    link: Box<dyn Link>,
    fixed: &[Option<f64>],
    parts: Parts,
) -> Option<Box<dyn Family>> {
    let about = law.about();
    assert_eq!(N, 1 + about.shapes.len(), "{}", about.name);
    if !about.links.contains(&link.name()) || (parts.dispersion && N == 1) {
        return None;
    }
    let mut predictors = 1 + usize::from(parts.zeros);
    let mut shapes = 0;
    let places: [Place; N] = std::array::from_fn(|v| {
        if v == 0 {
            Place::Predictor(0)
        } else if v == 1 && parts.dispersion {
            predictors += 1;
            Place::Predictor(predictors - 1)
        } else if let Some(value) = fixed.get(v - 1).copied().flatten() {
            Place::Fixed(about.shapes[v - 1].map.psi(value))
        } else {
            shapes += 1;
            Place::Shape(shapes - 1)
        }
    });
    let weights = parts.weights.filter(|_| about.weights != WeightRole::Trials).unwrap_or(about.weights);
    Some(Box::new(Composed::<L, N> { law, link, places, zeros: parts.zeros, predictors, shapes, weights }))
}

/// What a predictor or a shape is to a row.
#[derive(Clone, Copy)]
enum Slot {
    Law(usize),
    Zeros,
}

/// A row's log-likelihood l with its derivatives: those in variables of the law are `law`, the rest comes from the
/// predictor of zeros.
struct Row<const N: usize> {
    law: Jet<N>,
    zeros: Zeros<N>,
}

/// Derivatives that involve zeta: l_z, l_zz, l_zzz, and with a variable of the law l_iz, l_izz, l_ijz.
struct Zeros<const N: usize> {
    alone: [f64; 3],
    once: [f64; N],
    twice: [f64; N],
    pairs: [[f64; N]; N],
}

impl<const N: usize> Zeros<N> {
    const NONE: Self = Self { alone: [0.0; 3], once: [0.0; N], twice: [0.0; N], pairs: [[0.0; N]; N] };
}

impl<const N: usize> Row<N> {
    fn first(&self, s: Slot) -> f64 {
        match s {
            Slot::Law(i) => self.law.first[i],
            Slot::Zeros => self.zeros.alone[0],
        }
    }

    fn second(&self, s: Slot, t: Slot) -> f64 {
        match (s, t) {
            (Slot::Law(i), Slot::Law(j)) => self.law.second[i][j],
            (Slot::Law(i), Slot::Zeros) | (Slot::Zeros, Slot::Law(i)) => self.zeros.once[i],
            (Slot::Zeros, Slot::Zeros) => self.zeros.alone[1],
        }
    }

    fn third(&self, s: Slot, t: Slot, r: Slot) -> f64 {
        use Slot::{Law, Zeros};
        match (s, t, r) {
            (Law(i), Law(j), Law(k)) => self.law.third[i][j][k],
            (Law(i), Law(j), Zeros) | (Law(i), Zeros, Law(j)) | (Zeros, Law(i), Law(j)) => self.zeros.pairs[i][j],
            (Law(i), Zeros, Zeros) | (Zeros, Law(i), Zeros) | (Zeros, Zeros, Law(i)) => self.zeros.twice[i],
            (Zeros, Zeros, Zeros) => self.zeros.alone[2],
        }
    }
}

/// The logistic function of x with its first two derivatives.
fn sigmoid(x: f64) -> [f64; 3] {
    let (p, q) = logistic(x, (-x.abs()).exp());
    [p, p * q, p * q * (q - p)]
}

/// A zero of a mixture: structural or the law's own, a = log p(0).
fn mixed_zero<const N: usize>(a: &Jet<N>, zeta: f64) -> Row<N> {
    let [pi, pi1, pi2] = sigmoid(zeta);
    let [s, s1, s2] = sigmoid(zeta - a.value);
    let value = a.value - softplus(zeta) + softplus(zeta - a.value);
    // s - pi by what 1 / p(0) exceeds 1, which keeps its digits where zeros of the law are nearly certain.
    let excess = (-a.value).exp_m1();
    let rise = if excess.is_finite() { pi * (1.0 - pi) * excess / (1.0 + pi * excess) } else { s - pi };
    let mut zeros = Zeros { alone: [rise, s1 - pi1, s2 - pi2], ..Zeros::NONE };
    for i in 0..N {
        zeros.once[i] = -s1 * a.first[i];
        zeros.twice[i] = -s2 * a.first[i];
        for j in 0..N {
            zeros.pairs[i][j] = -s1 * a.second[i][j] + s2 * a.first[i] * a.first[j];
        }
    }
    Row { law: a.through([value, 1.0 - s, s1, -s2]), zeros }
}

impl<L: Law, const N: usize> Composed<L, N> {
    /// The law's variable v in a row.
    fn variable(&self, v: usize, n: usize, row: usize, eta: &[f64], psi: &[f64]) -> f64 {
        match self.places[v] {
            Place::Predictor(r) => eta[r * n + row],
            Place::Shape(j) => psi[j],
            Place::Fixed(value) => value,
        }
    }

    fn variables(&self, n: usize, row: usize, eta: &[f64], psi: &[f64]) -> [f64; N] {
        std::array::from_fn(|v| self.variable(v, n, row, eta, psi))
    }

    /// The law's own log-density.
    fn log_law<const K: usize>(&self, y: f64, weight: f64, variables: &[Jet<K>; N]) -> Jet<K> {
        let mean = Mean { link: &*self.link, eta: variables[0] };
        self.law.log_density(y, weight, &mean, &variables[1..])
    }

    /// The weight that the law sees, and the one that multiplies.
    fn split(&self, weight: f64) -> (f64, f64) {
        if self.weights == WeightRole::Cases { (1.0, weight) } else { (weight, 1.0) }
    }

    /// l of a row of weight 1 outside.
    fn value_of(&self, y: f64, weight: f64, variables: &[f64; N], zeta: f64) -> f64 {
        let jets = variables.map(Jet::<0>::constant);
        if !self.zeros {
            return self.log_law(y, weight, &jets).value;
        }
        if y != 0.0 {
            return self.log_law(y, weight, &jets).value - softplus(zeta);
        }
        if !self.law.mass_at_zero() {
            return -softplus(-zeta);
        }
        let a = self.log_law(0.0, weight, &jets).value;
        a - softplus(zeta) + softplus(zeta - a)
    }

    fn row(&self, rows: Response, row: usize, eta: &[f64], psi: &[f64]) -> Row<N> {
        let n = rows.y.len();
        let (y, (weight, factor)) = (rows.y[row], self.split(rows.weight(row)));
        let values = self.variables(n, row, eta, psi);
        let jets: [Jet<N>; N] = std::array::from_fn(|v| Jet::variable(values[v], v));
        if !self.zeros {
            return times_row(Row { law: self.log_law(y, weight, &jets), zeros: Zeros::NONE }, factor);
        }
        let zeta = eta[ZEROS * n + row];
        let here = if y != 0.0 {
            let [pi, pi1, pi2] = sigmoid(zeta);
            let law = self.log_law(y, weight, &jets) - softplus(zeta);
            Row { law, zeros: Zeros { alone: [-pi, -pi1, -pi2], ..Zeros::NONE } }
        } else if self.law.mass_at_zero() {
            mixed_zero(&self.log_law(0.0, weight, &jets), zeta)
        } else {
            let [rest, slope, bend] = sigmoid(-zeta);
            Row { law: Jet::constant(-softplus(-zeta)), zeros: Zeros { alone: [rest, -slope, bend], ..Zeros::NONE } }
        };
        times_row(here, factor)
    }

    fn rows<'a>(
        &'a self,
        rows: Response<'a>,
        eta: &'a [f64],
        psi: &'a [f64],
    ) -> impl Iterator<Item = (usize, Row<N>)> + 'a {
        (0..rows.y.len()).map(move |row| (row, self.row(rows, row, eta, psi)))
    }

    fn slot(&self, place: Place) -> Slot {
        if self.zeros && place == Place::Predictor(ZEROS) {
            return Slot::Zeros;
        }
        Slot::Law(self.places.iter().position(|&p| p == place).expect("a predictor or shape of the law"))
    }

    fn predictor_slots(&self) -> Vec<Slot> {
        (0..self.predictors).map(|r| self.slot(Place::Predictor(r))).collect()
    }

    fn shape_slots(&self) -> Vec<Slot> {
        (0..self.shapes).map(|j| self.slot(Place::Shape(j))).collect()
    }

    /// Mean and shapes of the law in a row of predictors `eta`, one value each.
    fn at<'a>(&'a self, eta: &[f64], psi: &[f64]) -> (Mean<'a, 0>, Vec<f64>, f64) {
        let variables = self.variables(1, 0, eta, psi);
        let mean = Mean { link: &*self.link, eta: Jet::constant(variables[0]) };
        let share = if self.zeros { sigmoid(eta[ZEROS])[0] } else { 0.0 };
        (mean, variables[1..].to_vec(), share)
    }

    /// Every predictor but that of the mean at 0: what is asked of the mean alone does without them.
    fn of_mean(&self, mu: f64) -> Vec<f64> {
        let mut eta = vec![0.0; self.predictors];
        eta[0] = self.link.predictor(mu);
        eta
    }
}

impl<L: Law, const N: usize> Composed<L, N> {
    /// Whether this response passes over the law.
    fn is_hurdle(&self, y: f64) -> bool {
        self.zeros && y == 0.0 && !self.law.mass_at_zero()
    }

    /// Shapes to start from, by the rows that the law has a part in.
    fn shapes_of_law(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let own: Vec<usize> = (0..rows.y.len()).filter(|&i| !self.is_hurdle(rows.y[i])).collect();
        let pick = |values: &[f64]| -> Vec<f64> { own.iter().map(|&i| values[i]).collect() };
        let (y, weights, mu) = (pick(rows.y), rows.weights.map(pick), pick(mu));
        self.law.start_shapes(Response { y: &y, weights: weights.as_deref() }, &mu)
    }
}

/// A log-likelihood that is infinite or NaN, where a predictor is beyond what the law's arithmetic holds, is -infinity.
fn proper(value: f64) -> f64 {
    if value == f64::INFINITY { f64::NEG_INFINITY } else { inside(value) }
}

/// The row counted `factor` times.
fn times_row<const N: usize>(mut row: Row<N>, factor: f64) -> Row<N> {
    if factor == 1.0 {
        return row;
    }
    let value = times(factor, row.law.value);
    row.law = row.law * factor;
    row.law.value = value;
    let Zeros { alone, once, twice, pairs } = &mut row.zeros;
    for v in alone.iter_mut().chain(once).chain(twice).chain(pairs.iter_mut().flatten()) {
        *v *= factor;
    }
    row
}

impl<L: Law, const N: usize> Family for Composed<L, N> {
    fn about(&self) -> &About {
        self.law.about()
    }

    fn predictors(&self) -> usize {
        self.predictors
    }

    fn shapes(&self) -> usize {
        self.shapes
    }

    fn free_shapes(&self) -> Vec<usize> {
        (1..N).filter(|&v| matches!(self.places[v], Place::Shape(_))).map(|v| v - 1).collect()
    }

    fn weights(&self) -> WeightRole {
        self.weights
    }

    fn allows_zero(&self) -> bool {
        self.zeros
    }

    fn constant(&self, _rows: Response) -> f64 {
        0.0 // the density is not taken apart
    }

    fn value(&self, rows: Response, eta: &[f64], psi: &[f64]) -> f64 {
        let n = rows.y.len();
        let one = |row: usize| {
            let (weight, factor) = self.split(rows.weight(row));
            let zeta = if self.zeros { eta[ZEROS * n + row] } else { 0.0 };
            times(factor, self.value_of(rows.y[row], weight, &self.variables(n, row, eta, psi), zeta))
        };
        proper((0..n).map(one).sum())
    }

    fn second(&self, rows: Response, eta: &[f64], psi: &[f64], out: Second) -> f64 {
        let (n, slots) = (rows.y.len(), self.predictor_slots());
        let mut total = 0.0;
        for (row, l) in self.rows(rows, eta, psi) {
            total += l.law.value;
            for (r, &slot) in slots.iter().enumerate() {
                out.g[r * n + row] = l.first(slot);
            }
            for (s, t) in pairs(slots.len()) {
                out.w[pair(s, t) * n + row] = -l.second(slots[s], slots[t]);
            }
        }
        proper(total)
    }

    fn third(&self, rows: Response, eta: &[f64], psi: &[f64], out: &mut [f64]) {
        let (n, slots) = (rows.y.len(), self.predictor_slots());
        let m = slots.len();
        for (row, l) in self.rows(rows, eta, psi) {
            for (s, t) in pairs(m) {
                for r in 0..m {
                    out[(pair(s, t) * m + r) * n + row] = -l.third(slots[s], slots[t], slots[r]);
                }
            }
        }
    }

    fn shape(&self, rows: Response, eta: &[f64], psi: &[f64], j: usize, out: Shape) -> f64 {
        let (n, slots, own) = (rows.y.len(), self.predictor_slots(), self.slot(Place::Shape(j)));
        let mut total = 0.0;
        for (row, l) in self.rows(rows, eta, psi) {
            total += l.first(own);
            for (r, &slot) in slots.iter().enumerate() {
                out.g[r * n + row] = l.second(slot, own);
            }
            for (s, t) in pairs(slots.len()) {
                out.w[pair(s, t) * n + row] = -l.third(slots[s], slots[t], own);
            }
        }
        total
    }

    fn shape_curvature(&self, rows: Response, eta: &[f64], psi: &[f64], out: &mut [f64]) {
        let slots = self.shape_slots();
        out.fill(0.0);
        for (_, l) in self.rows(rows, eta, psi) {
            for (j, &s) in slots.iter().enumerate() {
                for (k, &t) in slots.iter().enumerate() {
                    out[j * slots.len() + k] += l.second(s, t);
                }
            }
        }
    }

    fn expected(&self, _rows: Response, _eta: &[f64], _psi: &[f64], _out: Expected) -> bool {
        false
    }

    fn link(&self) -> &dyn Link {
        &*self.link
    }

    fn moments(&self, weight: f64, eta: &[f64], psi: &[f64]) -> Moments {
        let (mean, shapes, share) = self.at(eta, psi);
        self.law.moments(self.split(weight).0, &mean, &shapes).inflated(share)
    }

    fn variance(&self, mu: f64, psi: &[f64]) -> f64 {
        self.moments(1.0, &self.of_mean(mu), psi).variance
    }

    fn unit_deviance(&self, y: f64, mu: f64, psi: &[f64]) -> f64 {
        let l = |mu: f64| self.value_of(y, 1.0, &self.variables(1, 0, &self.of_mean(mu), psi), 0.0);
        2.0 * (l(y) - l(mu))
    }

    fn log_density(&self, y: f64, weight: f64, eta: &[f64], psi: &[f64]) -> f64 {
        self.value(Response { y: &[y], weights: Some(&[weight]) }, eta, psi)
    }

    fn draw(&self, rng: &mut dyn RngCore, mu: f64, weight: f64, psi: &[f64]) -> f64 {
        self.draw_at(rng, weight, &self.of_mean(mu), psi)
    }

    fn draw_at(&self, rng: &mut dyn RngCore, weight: f64, eta: &[f64], psi: &[f64]) -> f64 {
        let (mean, shapes, share) = self.at(eta, psi);
        if self.zeros && rng.random::<f64>() < share {
            return 0.0;
        }
        self.law.draw(rng, self.split(weight).0, &mean, &shapes)
    }

    fn start_mean(&self, y: f64, weight: f64) -> f64 {
        // A zero that the law cannot have says nothing of its mean, whatever that is.
        let mean = self.law.start_mean(if self.is_hurdle(y) { 0.5 } else { y }, weight);
        if self.support() == Support::Real { link::nearest_mean(&*self.link, mean) } else { mean }
    }

    fn start_shapes(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let all = self.shapes_of_law(rows, mu);
        (1..N).filter(|&v| matches!(self.places[v], Place::Shape(_))).map(|v| all[v - 1]).collect()
    }

    fn start_predictors(&self, rows: Response, mu: &[f64]) -> Vec<f64> {
        let mut start = vec![0.0; self.predictors];
        if self.zeros {
            let n = rows.y.len() as f64;
            let zeros = rows.y.iter().filter(|&&y| y == 0.0).count() as f64;
            // Half of the zeros are taken for structural ones where the law has zeros too.
            let share = if self.law.mass_at_zero() { 0.5 * zeros } else { zeros };
            start[ZEROS] = ((share + 0.5) / (n - share + 0.5)).ln();
        }
        if let Some(Place::Predictor(r)) = self.places.get(1) {
            start[*r] = self.shapes_of_law(rows, mu)[0];
        }
        start
    }
}
