//! Eight responses batched, for designs whose levels fall into few classes: Newton's method on Sigma with the exact
//! Hessian, from the moments' start, all small matrices side by side.
//!
//! With A = (Z'Z)^-1 of a class, everything about its levels follows from B = (A + Sigma)^-1 = Z'V^-1 Z:
//! V^-1 = I - Z A Z' + Z A B A Z', T_x = B A Z'[X y], log|I + Z'Z Sigma| = log|Z'Z| - log|B|. Only optima inside the
//! cone of covariances are found here; a response whose path comes near its boundary goes the general way.

use super::classes::Classes;
use crate::dense::lanes::{LANES, Lanes, cholesky, inverse, multiply, solve_lower, solve_lower_transpose};
use crate::dense::small;
use crate::dense::view::{View, ViewMut, positions};
use crate::effects::parameters::Parameters;
use crate::gram::Gram;
use crate::stop;

/// Newton steps before a response is left to the general search.
const MOST_STEPS: usize = 8;

/// Pivots of Sigma below this share of those of A are near the boundary.
const INSIDE: f64 = 1e-2;

/// Most coefficients for which products over classes pay.
const MOST_COEFFICIENTS: usize = 12;

/// What the design says, shared by all responses.
pub(crate) struct Batched {
    k: usize,
    p: usize,
    reml: bool,
    degrees: f64,
    /// Elements (row, column) of Sigma that are free, row >= column.
    free: Vec<(usize, usize)>,
    /// A of each class, k x k.
    a: Vec<f64>,
    /// sum of log|Z'Z|.
    logdet_zz: f64,
    /// X'X less sum of X'Z A Z'X, p x p.
    within: Vec<f64>,
}

/// Eight responses: the sums that involve y, and where each begins.
pub(crate) struct Batch {
    /// `[X y]'y`, p + 1.
    pub fixed: Vec<Lanes>,
    /// For each class and effect b the sums of Z'[X y][a, i] (Z'y)[b], index a (p + 1) + i.
    pub products: Vec<Lanes>,
    /// Sigma, k x k.
    pub sigma: Vec<Lanes>,
}

/// All that is known at one Sigma.
pub(crate) struct Point {
    pub sigma: Vec<Lanes>,
    /// Its Cholesky factor.
    pub t: Vec<Lanes>,
    pub beta: Vec<Lanes>,
    /// (X'V^-1 X)^-1, p x p.
    pub inverse: Vec<Lanes>,
    pub r2: Lanes,
    pub logdet_u: Lanes,
    pub logdet_x: Lanes,
    /// Whether each lane has arrived at an optimum inside.
    pub arrived: [bool; LANES],
    pub evaluations: [usize; LANES],
    gradient: Vec<Lanes>,
    /// Exact, over the free elements; its Cholesky factor.
    hessian: Vec<Lanes>,
    /// sum of s'E s and of T_x'E T_x for every free element.
    pulls: Vec<Lanes>,
    fixed: Vec<Lanes>,
}

impl Batched {
    /// `None` where the design does not lend itself to it.
    pub(crate) fn of(gram: &Gram, classes: &Classes, parameters: &Parameters, reml: bool) -> Option<Self> {
        let (k, p) = (gram.factors[0].k, gram.p);
        if p > MOST_COEFFICIENTS {
            return None;
        }
        let (mut a, mut logdet_zz) = (Vec::with_capacity(classes.zz.len()), 0.0);
        for (zz, count) in classes.zz.chunks_exact(k * k).zip(&classes.counts) {
            let mut l = zz.to_vec();
            small::cholesky(&mut l, k).ok()?;
            let (least, most) = (0..k).map(|j| l[j + j * k] / zz[j + j * k].sqrt()).fold((1.0, 0.0), extremes);
            if least < 1e-4 * most {
                return None; // Z'Z is all but singular: A would lose digits
            }
            logdet_zz += count * small::log_determinant(&l, k);
            a.extend(small::inverse_from_cholesky(&l, k));
        }
        let free = parameters
            .slots()
            .flat_map(|(_, at, size)| (at..at + size).flat_map(move |j| (j..at + size).map(move |i| (i, j))))
            .collect();
        let degrees = (if reml { gram.n - p } else { gram.n }) as f64;
        let mut out = Self { k, p, reml, degrees, free, a, logdet_zz, within: Vec::new() };
        out.within = out.within_fixed(gram, classes);
        Some(out)
    }

    fn width(&self) -> usize {
        self.p + 1
    }

    fn within_fixed(&self, gram: &Gram, classes: &Classes) -> Vec<f64> {
        let (k, p, width) = (self.k, self.p, self.width());
        let mut out = View::square(&gram.fixed, width).cut(0, p);
        for class in 0..classes.len() {
            let (a, g) = (View::square(&self.a, k).block(class), classes.products_of(class));
            for (row, column) in positions(k, k) {
                let weight = a.at(row, column);
                for (o, (i, j)) in out.iter_mut().zip(positions(p, p)) {
                    *o -= weight * g.at(row * width + i, column * width + j);
                }
            }
        }
        out
    }

    /// An empty batch.
    pub(crate) fn batch(&self, classes: &Classes) -> Batch {
        let (k, width) = (self.k, self.width());
        Batch {
            fixed: vec![Lanes::ZERO; width],
            products: vec![Lanes::ZERO; classes.len() * k * k * width],
            sigma: vec![Lanes::ZERO; k * k],
        }
    }

    /// Put the response that `gram` and `classes` hold into one lane, to begin at `sigma`.
    pub(crate) fn put(&self, batch: &mut Batch, lane: usize, gram: &Gram, classes: &Classes, sigma: &[f64]) {
        let (k, width) = (self.k, self.width());
        let n = k * width;
        for (out, value) in batch.fixed.iter_mut().zip(&gram.fixed[self.p * width..]) {
            out.0[lane] = *value;
        }
        for (class, own) in batch.products.chunks_exact_mut(k * n).enumerate() {
            let g = classes.products_of(class);
            for (b, out) in own.chunks_exact_mut(n).enumerate() {
                let column = g.col(b * width + self.p);
                out.iter_mut().zip(column).for_each(|(o, v)| o.0[lane] = *v);
            }
        }
        let sigma = View::square(sigma, k);
        for (out, (i, j)) in batch.sigma.iter_mut().zip(positions(k, k)) {
            out.0[lane] = 0.5 * (sigma.at(i, j) + sigma.at(j, i));
        }
    }

    /// Newton's method, all lanes at once.
    pub(crate) fn fit(&self, classes: &Classes, batch: &Batch, tolerance: f64) -> Point {
        let mut at = self.evaluate(classes, batch, batch.sigma.clone());
        let mut gone = [false; LANES];
        let mut evaluations = [1; LANES];
        for step in 0..=MOST_STEPS {
            let (change, promised) = self.newton(&at);
            let bound = self.near_boundary(&at.t);
            for lane in 0..LANES {
                let promised = promised.0[lane];
                gone[lane] |= bound[lane] || !promised.is_finite() || !at.r2.0[lane].is_finite();
                at.arrived[lane] = !gone[lane] && promised < tolerance;
            }
            let open = |lane: usize| !gone[lane] && !at.arrived[lane];
            if step == MOST_STEPS || !(0..LANES).any(open) {
                break;
            }
            let mut sigma = at.sigma.clone();
            for (&(i, j), change) in self.free.iter().zip(&change) {
                for lane in (0..LANES).filter(|&lane| open(lane)) {
                    sigma[i + j * self.k].0[lane] += change.0[lane];
                    if i != j {
                        sigma[j + i * self.k].0[lane] += change.0[lane];
                    }
                }
            }
            (0..LANES).filter(|&lane| open(lane)).for_each(|lane| evaluations[lane] += 1);
            at = self.evaluate(classes, batch, sigma);
        }
        at.evaluations = evaluations;
        at
    }

    /// The step -H^-1 g, and the decrease g'H^-1 g / 2 that it promises; NaN where H is not positive definite.
    fn newton(&self, at: &Point) -> (Vec<Lanes>, Lanes) {
        let m = self.free.len();
        let mut step: Vec<Lanes> = at.gradient.iter().map(|g| *g * -1.0).collect();
        solve_lower(&at.hessian, m, &mut step);
        let promised = step.iter().fold(Lanes::ZERO, |sum, v| sum + *v * *v) * 0.5;
        solve_lower_transpose(&at.hessian, m, &mut step);
        (step, promised)
    }

    fn near_boundary(&self, t: &[Lanes]) -> [bool; LANES] {
        let k = self.k;
        let mut out = [false; LANES];
        for j in 0..k {
            let least = INSIDE * self.a[j + j * k].sqrt();
            for (o, pivot) in out.iter_mut().zip(t[j + j * k].0) {
                *o |= pivot.is_nan() || pivot < least;
            }
        }
        out
    }

    fn evaluate(&self, classes: &Classes, batch: &Batch, sigma: Vec<Lanes>) -> Point {
        let (k, p, width) = (self.k, self.p, self.width());
        let (kk, n) = (k * k, k * width);
        stop::point(classes.len() * kk * (20 + width * width) * LANES);
        // 1. B and B A of each class, and the border.
        let mut b = vec![Lanes::ZERO; classes.len() * kk];
        let mut ba = b.clone();
        let (mut u, mut h, mut column) = (vec![Lanes::ZERO; kk], vec![Lanes::ZERO; kk], vec![Lanes::ZERO; k.max(p)]);
        let mut border = self.border_within(classes, batch);
        let mut logdet_u = Lanes::splat(self.logdet_zz);
        for class in 0..classes.len() {
            let a: Vec<Lanes> = self.a[class * kk..(class + 1) * kk].iter().map(|v| Lanes::splat(*v)).collect();
            u.iter_mut().zip(&a).zip(&sigma).for_each(|((u, a), s)| *u = *a + *s);
            cholesky(&mut u, k);
            for j in 0..k {
                logdet_u += u[j + j * k].map(f64::ln) * (2.0 * classes.counts[class]);
            }
            let (b, ba) = (&mut b[class * kk..(class + 1) * kk], &mut ba[class * kk..(class + 1) * kk]);
            inverse(&u, k, &mut column[..k], b);
            multiply(b, &a, k, ba);
            multiply(&a, ba, k, &mut h);
            let y = View::new(&batch.products, n, k).block(class);
            self.add_border(&h, classes.products_of(class), y, &mut border);
        }
        cholesky(&mut border, width);
        let r2 = border[p + p * width] * border[p + p * width];
        let s2 = r2 * (1.0 / self.degrees);
        let factor = View::square(&border, width).cut(0, p);
        let mut beta: Vec<Lanes> = (0..p).map(|j| border[p + j * width]).collect();
        solve_lower_transpose(&factor, p, &mut beta);
        let mut phi = vec![Lanes::ZERO; p * p];
        inverse(&factor, p, &mut column[..p], &mut phi);
        let logdet_x = (0..p).fold(Lanes::ZERO, |sum, j| sum + factor[j + j * p].map(f64::ln) * 2.0);

        // 2. Sums that need beta, and from them derivatives.
        let mut sums = Sums::new(k, p, self.free.len());
        for class in 0..classes.len() {
            let y = View::new(&batch.products, n, k).block(class);
            let own = OneClass { g: classes.products_of(class), y, count: classes.counts[class] };
            let (b, ba) = (&b[class * kk..(class + 1) * kk], &ba[class * kk..(class + 1) * kk]);
            self.add_class(&mut sums, &own, (b, ba), &beta, &phi);
        }
        let mut t = sigma.clone();
        cholesky(&mut t, k);
        let (gradient, mut hessian, pulls, fixed) = self.derivatives(&sums, &phi, s2, r2);
        cholesky(&mut hessian, self.free.len());
        Point {
            sigma,
            t,
            beta,
            inverse: phi,
            r2,
            logdet_u,
            logdet_x,
            arrived: [false; LANES],
            evaluations: [0; LANES],
            gradient,
            hessian,
            pulls,
            fixed,
        }
    }

    /// `[X y]'[X y]` less what A takes from it.
    fn border_within(&self, classes: &Classes, batch: &Batch) -> Vec<Lanes> {
        let (k, p, width) = (self.k, self.p, self.width());
        let n = k * width;
        let mut out = vec![Lanes::ZERO; width * width];
        for j in 0..p {
            for i in j..p {
                out[i + j * width] = Lanes::splat(self.within[i + j * p]);
            }
        }
        for (j, value) in batch.fixed.iter().enumerate() {
            out[p + j * width] = *value;
        }
        for class in 0..classes.len() {
            let y = View::new(&batch.products, n, k).block(class);
            for (a, b) in positions(k, k) {
                let weight = View::square(&self.a, k).block(class).at(a, b);
                for j in 0..width {
                    out[p + j * width] -= y.at(a * width + j, b) * weight;
                }
            }
        }
        out
    }

    /// sum of H[a, b] Z'[X y][a, .]'Z'[X y][b, .].
    fn add_border(&self, h: &[Lanes], g: View, y: View<Lanes>, border: &mut [Lanes]) {
        let (k, p, width) = (self.k, self.p, self.width());
        for b in 0..k {
            for a in 0..k {
                let weight = h[a + b * k];
                for j in 0..p {
                    let column = &g.col(b * width + j)[a * width..(a + 1) * width];
                    for i in j..p {
                        border[i + j * width] += weight * column[i];
                    }
                }
                for j in 0..width {
                    border[p + j * width] += weight * y.at(a * width + j, b);
                }
            }
        }
    }

    /// Add what one class has to each sum; `b` and `ba` are its B and B A.
    fn add_class(
        &self,
        sums: &mut Sums,
        class: &OneClass,
        (b, ba): (&[Lanes], &[Lanes]),
        beta: &[Lanes],
        phi: &[Lanes],
    ) {
        let k = self.k;
        let rv = self.residual_products(class, beta);
        let rv = View::new(&rv, k * self.width(), k);
        let ss = turned(ba, &self.residual_squares(rv, beta), k);
        let past = if self.reml { turned(ba, &self.fixed_squares(class.g, phi), k) } else { Vec::new() };
        for m in 0..k * k {
            sums.b[m] += b[m] * class.count;
            sums.ss[m] += ss[m];
        }
        sums.past.iter_mut().zip(&past).for_each(|(sum, past)| *sum += *past);
        self.add_traces(sums, class.count, b, &ss, &past);
        self.add_fixed(sums, class.g, ba, rv);
    }

    /// sum of (r v)[c] r[d, i] with v = (-beta, 1), number i of effect d along column c.
    fn residual_products(&self, class: &OneClass, beta: &[Lanes]) -> Vec<Lanes> {
        let (k, p, width) = (self.k, self.p, self.width());
        let OneClass { g, y, .. } = *class;
        let mut out = vec![Lanes::ZERO; k * k * width];
        for (c, own) in out.chunks_exact_mut(k * width).enumerate() {
            own.copy_from_slice(y.col(c));
            for (j, beta) in beta.iter().enumerate() {
                let column = g.col(c * width + j);
                for d in 0..k {
                    for i in 0..p {
                        own[d * width + i] -= *beta * column[d * width + i];
                    }
                    own[d * width + p] -= *beta * y.at(c * width + j, d);
                }
            }
        }
        out
    }

    /// sum of (r v)[c] (r v)[d], k x k.
    fn residual_squares(&self, rv: View<Lanes>, beta: &[Lanes]) -> Vec<Lanes> {
        let (p, width) = (self.p, self.width());
        let square = |(c, d): (usize, usize)| {
            let row = &rv.col(c)[d * width..(d + 1) * width];
            row.iter().zip(beta).fold(row[p], |sum, (r, beta)| sum - *r * *beta)
        };
        positions(self.k, self.k).map(square).collect()
    }

    /// sum of r[c, .] Phi r[d, .]' past the response, k x k.
    fn fixed_squares(&self, g: View, phi: &[Lanes]) -> Vec<Lanes> {
        let (p, width) = (self.p, self.width());
        let square = |(c, d): (usize, usize)| {
            let mut sum = Lanes::ZERO;
            for j in 0..p {
                for i in 0..p {
                    sum += phi[i + j * p] * g.at(c * width + i, d * width + j);
                }
            }
            sum
        };
        positions(self.k, self.k).map(square).collect()
    }

    /// Traces and pulls over pairs of free elements.
    fn add_traces(&self, sums: &mut Sums, count: f64, b: &[Lanes], ss: &[Lanes], past: &[Lanes]) {
        let k = self.k;
        for r in 0..self.free.len() {
            for s in 0..=r {
                let (first, second) = (self.free[r], self.free[s]);
                let at = r + s * self.free.len();
                sums.pulled[at] += quadratic(ss, b, k, first, second);
                sums.trace[at] += quadratic(b, b, k, first, second) * count;
                if self.reml {
                    sums.trace[at] -= quadratic(b, past, k, first, second) + quadratic(b, past, k, second, first);
                }
            }
        }
    }

    /// sum of T_x[a, .]'T_x[b, .] and of T_x[a, .] s[b].
    fn add_fixed(&self, sums: &mut Sums, g: View, ba: &[Lanes], rv: View<Lanes>) {
        let (k, p, width) = (self.k, self.p, self.width());
        let (mut xx, mut txs) = (ViewMut::square(&mut sums.xx, p), ViewMut::new(&mut sums.txs, p, k * k));
        for b in 0..k {
            for a in 0..k {
                let (mut xx, txs) = (xx.block(a + b * k), txs.col(a + b * k));
                for l in 0..k {
                    for m in 0..k {
                        let weight = ba[a + m * k] * ba[b + l * k];
                        for (j, txs) in txs.iter_mut().enumerate() {
                            for i in 0..p {
                                *xx.at(i, j) += weight * g.at(m * width + i, l * width + j);
                            }
                            *txs += weight * rv.at(m * width + j, l);
                        }
                    }
                }
            }
        }
    }

    /// Gradient, Hessian (lower triangle), sums of s'E s, and of T_x'E T_x, over the free elements.
    #[allow(clippy::type_complexity)]
    fn derivatives(
        &self,
        sums: &Sums,
        phi: &[Lanes],
        s2: Lanes,
        r2: Lanes,
    ) -> (Vec<Lanes>, Vec<Lanes>, Vec<Lanes>, Vec<Lanes>) {
        let (k, p, m) = (self.k, self.p, self.free.len());
        let reciprocal = Lanes::splat(1.0) / s2;
        let both = |(i, j): (usize, usize), of: &dyn Fn(usize) -> Lanes| {
            if i == j { of(i + i * k) } else { of(i + j * k) + of(j + i * k) }
        };
        let d = |c: usize| sums.b[c] - sums.ss[c] * reciprocal - sums.past[c];
        let gradient: Vec<Lanes> = self.free.iter().map(|&e| both(e, &d)).collect();
        let pulls: Vec<Lanes> = self.free.iter().map(|&e| both(e, &|c| sums.ss[c])).collect();
        let (mut fixed, mut turned, mut f, mut half) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut product = vec![Lanes::ZERO; p * p];
        let (xx, txs) = (View::new(&sums.xx, p * p, k * k), View::new(&sums.txs, p, k * k));
        for &e in &self.free {
            let q: Vec<Lanes> = (0..p * p).map(|i| both(e, &|c| xx.at(i, c))).collect();
            multiply(phi, &q, p, &mut product);
            turned.extend_from_slice(&product);
            fixed.extend(q);
            let own: Vec<Lanes> = (0..p).map(|i| both(e, &|c| txs.at(i, c))).collect();
            half.extend((0..p).map(|i| (0..p).fold(Lanes::ZERO, |sum, j| sum + phi[i + j * p] * own[j])));
            f.extend(own);
        }
        let (turned, f, half) = (View::square(&turned, p), View::new(&f, p, m), View::new(&half, p, m));
        let mut hessian = vec![Lanes::ZERO; m * m];
        for s in 0..m {
            for r in s..m {
                let mut pulled = sums.pulled[r + s * m];
                for (f, half) in f.col(r).iter().zip(half.col(s)) {
                    pulled -= *f * *half;
                }
                let mut trace = sums.trace[r + s * m];
                if self.reml {
                    for (i, j) in positions(p, p) {
                        trace += turned.block(r).at(i, j) * turned.block(s).at(j, i);
                    }
                }
                hessian[r + s * m] = (pulled * 2.0 - pulls[r] * pulls[s] / r2) * reciprocal - trace;
            }
        }
        (gradient, hessian, pulls, fixed)
    }

    /// Satterthwaite's degrees of freedom of one combination of the (standardised) coefficients.
    ///
    /// 2 v^2 / (g'C g) with v = sigma^2 c'Phi c, g its gradient in (Sigma, sigma) and C their covariance; the part of sigma
    /// is eliminated, whose element of the Hessian is 4 m / sigma^2.
    pub(crate) fn satterthwaite(&self, at: &Point, c: &[f64]) -> Lanes {
        let (p, m) = (self.p, self.free.len());
        let z: Vec<Lanes> =
            (0..p).map(|i| (0..p).fold(Lanes::ZERO, |sum, j| sum + at.inverse[i + j * p] * c[j])).collect();
        let v = z.iter().zip(c).fold(Lanes::ZERO, |sum, (z, c)| sum + *z * *c);
        // In units of sigma^2, which cancel.
        let s2 = at.r2 * (1.0 / self.degrees);
        let mut g: Vec<Lanes> = (0..m)
            .map(|r| {
                let q = View::square(&at.fixed, p).block(r);
                let pulled = positions(p, p).fold(Lanes::ZERO, |sum, (i, j)| sum + z[i] * q.at(i, j) * z[j]);
                pulled - v * at.pulls[r] / s2 * (1.0 / self.degrees)
            })
            .collect();
        solve_lower(&at.hessian, m, &mut g);
        let spread = g.iter().fold(v * v * (1.0 / self.degrees), |sum, g| sum + *g * *g);
        v * v / spread
    }
}

/// What the data say of one class: its products, those with the responses (number i of effect a in row a (p + 1) + i,
/// effect b of y in column b), and its levels.
struct OneClass<'a> {
    g: View<'a>,
    y: View<'a, Lanes>,
    count: f64,
}

/// Sums over all levels.
struct Sums {
    b: Vec<Lanes>,
    ss: Vec<Lanes>,
    past: Vec<Lanes>,
    /// sum of tr(E s s' F B) and of the traces, over pairs of free elements (lower triangle).
    pulled: Vec<Lanes>,
    trace: Vec<Lanes>,
    xx: Vec<Lanes>,
    txs: Vec<Lanes>,
}

impl Sums {
    fn new(k: usize, p: usize, free: usize) -> Self {
        let zero = |n: usize| vec![Lanes::ZERO; n];
        let (kk, pairs) = (k * k, free * free);
        Self {
            b: zero(kk),
            ss: zero(kk),
            past: zero(kk),
            pulled: zero(pairs),
            trace: zero(pairs),
            xx: zero(kk * p * p),
            txs: zero(kk * p),
        }
    }
}

/// M A M'.
fn turned(m: &[Lanes], a: &[Lanes], k: usize) -> Vec<Lanes> {
    let (mut half, mut out) = (vec![Lanes::ZERO; k * k], vec![Lanes::ZERO; k * k]);
    multiply(m, a, k, &mut half);
    for j in 0..k {
        for i in 0..k {
            for c in 0..k {
                out[i + j * k] += half[i + c * k] * m[j + c * k];
            }
        }
    }
    out
}

/// tr(X E Y F), E and F the symmetric unit matrices of two elements.
#[inline]
fn quadratic(x: &[Lanes], y: &[Lanes], k: usize, e: (usize, usize), f: (usize, usize)) -> Lanes {
    let term = |(a, b): (usize, usize), (c, d): (usize, usize)| x[d + a * k] * y[b + c * k];
    let turn = |(i, j): (usize, usize)| (j, i);
    let mut sum = term(e, f);
    if e.0 != e.1 {
        sum += term(turn(e), f);
    }
    if f.0 != f.1 {
        sum += term(e, turn(f));
    }
    if e.0 != e.1 && f.0 != f.1 {
        sum += term(turn(e), turn(f));
    }
    sum
}

fn extremes((least, most): (f64, f64), value: f64) -> (f64, f64) {
    (f64::min(least, value), f64::max(most, value))
}
