//! Loops over rows without branches, for families that are asked for most (`Row::LANES`): the compiler makes vector
//! instructions of them, once of those that every machine has and once of AVX2 with FMA, chosen when running.
//!
//! The two differ by rounding. In each a row's g, W and W' are the same wherever it lies in a batch; the sum of l is
//! taken in an order that depends on the row's place only.

use super::Response;
use super::row::Row;

/// Sums that run side by side.
const LANES: usize = 8;

/// Rows that go through one loop before the next one begins; what they leave for it stays in the cache.
const PIECE: usize = 64;

/// Weights where there are none.
static ONES: [f64; PIECE] = [1.0; PIECE];

type Lanes = [f64; LANES];

/// How a b + c is computed.
trait Arithmetic {
    fn multiply_add(a: f64, b: f64, c: f64) -> f64;
}

/// Rounded twice: `mul_add` would be a call of the mathematical library.
struct Plain;

impl Arithmetic for Plain {
    #[inline(always)]
    fn multiply_add(a: f64, b: f64, c: f64) -> f64 {
        a * b + c
    }
}

/// Rounded once, in one instruction.
#[cfg(target_arch = "x86_64")]
struct Fused;

#[cfg(target_arch = "x86_64")]
impl Arithmetic for Fused {
    #[inline(always)]
    fn multiply_add(a: f64, b: f64, c: f64) -> f64 {
        a.mul_add(b, c)
    }
}

/// Work that is compiled for each kind of arithmetic.
trait Job {
    fn run<A: Arithmetic>(self) -> f64;
}

/// Does the work with the best arithmetic of this machine.
#[inline]
fn dispatch(job: impl Job) -> f64 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: this machine has both features, as just asked.
        return unsafe { fused(job) };
    }
    job.run::<Plain>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fused(job: impl Job) -> f64 {
    job.run::<Fused>()
}

/// A family's rows, and M of what is known of each.
struct Rows<'a, R: Row, P, const M: usize> {
    family: &'a R,
    at: &'a R::Setting,
    rows: Response<'a>,
    eta: &'a [f64],
    /// Whether the sum of l is asked for.
    sum: bool,
    /// Of l, g, W and W' those that `out` takes.
    pick: P,
    out: [&'a mut [f64]; M],
}

impl<R: Row, P: Fn([f64; 4]) -> [f64; M], const M: usize> Job for Rows<'_, R, P, M> {
    #[inline(always)]
    fn run<A: Arithmetic>(mut self) -> f64 {
        let n = self.rows.y.len();
        let mut total = [0.0; LANES];
        for from in (0..n).step_by(PIECE) {
            self.piece::<A>(from, n.min(from + PIECE), &mut total);
        }
        let [a, b, c, d, e, f, g, h] = total;
        ((a + e) + (b + f)) + ((c + g) + (d + h))
    }
}

impl<R: Row, P: Fn([f64; 4]) -> [f64; M], const M: usize> Rows<'_, R, P, M> {
    /// Rows `from..to`, in loops one after the other: a processor that sees short chains of steps works on many of them
    /// at once. Results go to buffers first, of which it is certain that nobody else reads them.
    #[inline(always)]
    fn piece<A: Arithmetic>(&mut self, from: usize, to: usize, total: &mut Lanes) {
        let (family, at, len) = (self.family, self.at, to - from);
        let (y, eta) = (&self.rows.y[from..to], &self.eta[from..to]);
        let weight = self.rows.weights.map_or(&ONES[..len], |weights| &weights[from..to]);
        // Whole turns, the last one filled up.
        let turns = len.next_multiple_of(LANES).min(PIECE);
        let mut e = [0.0; PIECE];
        for (e, &eta) in e.iter_mut().zip(eta) {
            *e = family.exponent(at, eta);
        }
        for e in &mut e[..turns] {
            *e = exp::<A>(*e);
        }
        let mut log = [0.0; PIECE];
        if self.sum && R::LOG1P {
            for (log, &e) in log[..turns].iter_mut().zip(&e) {
                *log = log1p::<A>(e);
            }
        }
        let (mut l, mut picked) = ([0.0; PIECE], [[0.0; PIECE]; M]);
        for i in 0..len {
            let row = family.lane(at, y[i], weight[i], eta[i], e[i], log[i]);
            l[i] = row[0];
            for (lanes, value) in picked.iter_mut().zip((self.pick)(row)) {
                lanes[i] = value;
            }
        }
        for (out, lanes) in self.out.iter_mut().zip(&picked) {
            out[from..to].copy_from_slice(&lanes[..len]);
        }
        if self.sum {
            if y.iter().zip(weight).fold(false, |any, (&y, &weight)| any | family.aside(y, weight)) {
                for i in (0..len).filter(|&i| family.aside(y[i], weight[i])) {
                    l[i] = family.row(at, y[i], weight[i], eta[i])[0];
                }
            }
            for l in l[..turns].chunks_exact(LANES) {
                for (total, l) in total.iter_mut().zip(l) {
                    *total += l;
                }
            }
        }
    }
}

/// Sum of l.
pub(crate) fn value<R: Row>(family: &R, at: &R::Setting, rows: Response, eta: &[f64]) -> f64 {
    dispatch(Rows { family, at, rows, eta, sum: true, pick: |_| [], out: [] })
}

/// Sum of l, with g and W in `out`, as long as the rows.
pub(crate) fn second<R: Row>(family: &R, at: &R::Setting, rows: Response, eta: &[f64], out: [&mut [f64]; 2]) -> f64 {
    dispatch(Rows { family, at, rows, eta, sum: true, pick: |[_, g, w, _]: [f64; 4]| [g, w], out })
}

/// W', as long as the rows.
pub(crate) fn third<R: Row>(family: &R, at: &R::Setting, rows: Response, eta: &[f64], out: &mut [f64]) {
    dispatch(Rows { family, at, rows, eta, sum: false, pick: |[.., slope]: [f64; 4]| [slope], out: [out] });
}

/// 1.5 * 2^52: a small number added to it is rounded to a whole one, which is then in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// log 2 in two parts, the first with so few digits that its multiples by exponents are exact.
const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// 1 / k!, from k = 2 on.
const FACTORIALS: [f64; 12] = {
    let mut all = [0.5; 12];
    let mut k = 1;
    while k < all.len() {
        all[k] = all[k - 1] / (k + 2) as f64;
        k += 1;
    }
    all
};

/// exp(x), to a unit in the last place.
#[inline(always)]
fn exp<A: Arithmetic>(x: f64) -> f64 {
    // Beyond these it is 0 and infinity; comparisons that leave NaN as it is.
    let x = if x < -746.0 { -746.0 } else { x };
    let x = if x > 710.0 { 710.0 } else { x };
    // x = k log 2 + r.
    let k = A::multiply_add(x, std::f64::consts::LOG2_E, ROUND) - ROUND;
    let r = A::multiply_add(k, -LN_2[1], A::multiply_add(k, -LN_2[0], x));
    let p = 1.0 + A::multiply_add(r * r, series::<A, 12>(&FACTORIALS, r), r);
    // 2^k as two factors, so that either is a normal number; their exponents are shifted out of the low bits.
    let half = A::multiply_add(k, 0.5, ROUND) - ROUND;
    let power = |k: f64| f64::from_bits((k + (ROUND + 1023.0)).to_bits() << 52);
    p * power(half) * power(k - half)
}

/// 2 / (2 k + 1), from k = 1 on.
const ODD: [f64; 16] = {
    let mut all = [0.0; 16];
    let mut k = 0;
    while k < all.len() {
        all[k] = 2.0 / (2 * k + 3) as f64;
        k += 1;
    }
    all
};

/// log(1 + x) for x from 0 to 1, to a unit in the last place.
#[inline(always)]
fn log1p<A: Arithmetic>(x: f64) -> f64 {
    // 2 artanh(s) with s = x / (2 + x), whose first term is x - s x: so that errors of s count for less.
    let s = x / (2.0 + x);
    let s2 = s * s;
    let half = 0.5 * x * x;
    x - (half - s * A::multiply_add(s2, series::<A, 16>(&ODD, s2), half))
}

/// Sum of c_k x^k, even and odd powers each for themselves: half as many steps that wait for one another.
#[inline(always)]
fn series<A: Arithmetic, const N: usize>(c: &[f64; N], x: f64) -> f64 {
    let x2 = x * x;
    let (mut even, mut odd) = (c[N - 2], c[N - 1]);
    for k in (0..N / 2 - 1).rev() {
        even = A::multiply_add(even, x2, c[2 * k]);
        odd = A::multiply_add(odd, x2, c[2 * k + 1]);
    }
    A::multiply_add(odd, x, even)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// exp and log1p of all values, in place.
    struct Each<'a>(&'a mut [f64], &'a mut [f64]);

    impl Job for Each<'_> {
        fn run<A: Arithmetic>(self) -> f64 {
            self.0.iter_mut().for_each(|x| *x = exp::<A>(*x));
            self.1.iter_mut().for_each(|x| *x = log1p::<A>(*x));
            0.0
        }
    }

    /// Arguments of exp, and of log1p.
    fn arguments() -> (Vec<f64>, Vec<f64>) {
        let grid = (-300_000..300_000).map(|i| f64::from(i) * 0.002_371);
        let fine = (-50_000..50_000).map(|i| f64::from(i) * 1.73e-5);
        let shares = (0..=400_000).map(|i| f64::from(i) / 400_000.0);
        let tiny = (0..3_200).map(|i| (-0.233 * f64::from(i)).exp());
        (grid.chain(fine).collect(), shares.chain(tiny).collect())
    }

    /// Distance of two positive numbers in units of the last place.
    fn steps(a: f64, b: f64) -> u64 {
        a.to_bits().abs_diff(b.to_bits())
    }

    fn check(run: impl Fn(Each)) -> (Vec<f64>, Vec<f64>) {
        let (x, share) = arguments();
        let (mut e, mut log) = (x.clone(), share.clone());
        run(Each(&mut e, &mut log));
        for (x, e) in x.iter().zip(&e) {
            assert!(steps(*e, x.exp()) <= 1, "exp({x}) = {e}, not {}", x.exp());
        }
        for (x, log) in share.iter().zip(&log) {
            assert!(steps(*log, x.ln_1p()) <= 1, "log1p({x}) = {log}, not {}", x.ln_1p());
        }
        (e, log)
    }

    #[test]
    fn both_arithmetics_agree_with_the_library_and_each_other() {
        let plain = check(|job| {
            job.run::<Plain>();
        });
        // Where there is no other the two are the same.
        let best = check(|job| {
            dispatch(job);
        });
        for (a, b) in plain.0.iter().chain(&plain.1).zip(best.0.iter().chain(&best.1)) {
            assert!(a == b || (a - b).abs() <= (1e-15 * b).max(1e-323), "{a} against {b}");
        }
    }

    #[test]
    fn exponentials_of_anything() {
        let x = [f64::INFINITY, 1e300, 709.9, f64::NEG_INFINITY, -1e300, -746.0, 0.0, -0.0, 709.7, -745.0, f64::NAN];
        for plain in [true, false] {
            let mut e = x;
            let job = Each(&mut e, &mut []);
            if plain {
                job.run::<Plain>()
            } else {
                dispatch(job)
            };
            for (x, e) in x.iter().zip(e) {
                let same = if x.is_nan() { e.is_nan() } else { steps(e, x.exp()) <= 1 };
                assert!(same, "exp({x}) = {e}");
            }
        }
    }
}
