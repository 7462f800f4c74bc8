//! From logarithms of importance weights, pair by pair, to the logarithm of their mean with its standard error.

/// What the weights of all components say together.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// Sum over components of log E w: by the mean of the weights, or by cumulants where that mean is degenerate.
    pub log_mean: f64,
    pub std_error: f64,
    /// Components that needed cumulants, and the size of the first term that is left out of them.
    pub by_cumulants: usize,
    pub remainder: f64,
    /// Effective number of draws of the component where it is smallest.
    pub ess: f64,
    pub draws: usize,
    /// log w of that component, one for each pair; empty if it was not kept.
    pub worst: Vec<f64>,
}

/// Pairs of numbers that are kept, over all components.
const MOST_KEPT: usize = 1 << 22;
/// Share of the draws below which the effective number says that the mean of the weights is that of a few.
const DEGENERATE: f64 = 0.1;
/// Effects whose log w is a sum of so many terms that its cumulants settle it.
const MANY: usize = 50;

/// One pair in one component.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Logs {
    /// log w at z and at -z.
    pub w: [f64; 2],
    /// log w if the integrand were normal: the mean of such weights is known to be one.
    pub normal: f64,
}

/// Sums of one component: of w and w^2 over the largest w so far, and of r - 1 of the weights r of a normal integrand.
#[derive(Clone)]
struct Sums {
    top: f64,
    w: f64,
    w2: f64,
    r: f64,
    r2: f64,
    wr: f64,
    /// Where its weights are kept.
    place: Option<usize>,
    /// Effects that are drawn at once.
    size: usize,
}

pub(crate) struct Account {
    sums: Vec<Sums>,
    pairs: usize,
    /// log w at z and -z of the largest components.
    kept: Vec<Vec<[f64; 2]>>,
}

struct Found {
    log_mean: f64,
    variance: f64,
}

impl Account {
    /// For components of the given sizes.
    pub(crate) fn new(sizes: &[usize], pairs: usize) -> Self {
        let mut sums = vec![Sums::NONE; sizes.len()];
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|&c| std::cmp::Reverse(sizes[c]));
        order.truncate((MOST_KEPT / pairs.max(1)).max(1));
        for (place, &c) in order.iter().enumerate() {
            sums[c].place = Some(place);
        }
        sums.iter_mut().zip(sizes).for_each(|(sums, &size)| sums.size = size);
        Self { sums, pairs, kept: vec![Vec::with_capacity(pairs); order.len()] }
    }

    /// One pair, component by component.
    pub(crate) fn add(&mut self, logs: &[Logs]) {
        for (sums, log) in self.sums.iter_mut().zip(logs) {
            let mean = pair_mean(&log.w);
            if mean > sums.top {
                let scale = (sums.top - mean).exp();
                sums.w *= scale;
                sums.w2 *= scale * scale;
                sums.wr *= scale;
                sums.top = mean;
            }
            let r = log.normal.exp_m1();
            sums.r += r;
            sums.r2 += r * r;
            if mean > f64::NEG_INFINITY {
                let w = (mean - sums.top).exp();
                sums.w += w;
                sums.w2 += w * w;
                sums.wr += w * r;
            }
            if let Some(place) = sums.place {
                self.kept[place].push(log.w);
            }
        }
    }

    pub(crate) fn finish(&self) -> Estimate {
        let (mut log_mean, mut variance, mut remainder) = (0.0, 0.0, 0.0);
        let (mut by_cumulants, mut least, mut worst) = (0, f64::INFINITY, None);
        for sums in &self.sums {
            let share = sums.share(self.pairs);
            if share < least {
                (least, worst) = (share, sums.place);
            }
            let kept = sums.place.map(|place| &self.kept[place]);
            let found = match kept {
                Some(kept)
                    if share < DEGENERATE && sums.size >= MANY && kept.iter().flatten().all(|l| l.is_finite()) =>
                {
                    let (found, rest) = cumulants(kept);
                    by_cumulants += 1;
                    remainder += rest;
                    found
                }
                _ => sums.mean(self.pairs),
            };
            log_mean += found.log_mean;
            variance += found.variance;
        }
        let draws = 2 * self.pairs;
        Estimate {
            log_mean,
            std_error: variance.sqrt(),
            by_cumulants,
            remainder,
            ess: least.min(1.0) * draws as f64,
            draws,
            worst: worst.map_or_else(Vec::new, |place| self.kept[place].iter().map(pair_mean).collect()),
        }
    }
}

impl Sums {
    const NONE: Self = Self { top: f64::NEG_INFINITY, w: 0.0, w2: 0.0, r: 0.0, r2: 0.0, wr: 0.0, place: None, size: 0 };

    /// (sum w)^2 / (pairs sum w^2).
    fn share(&self, pairs: usize) -> f64 {
        if self.w2 > 0.0 { self.w * self.w / (pairs as f64 * self.w2) } else { 0.0 }
    }

    /// By the delta method; to second order the logarithm of a mean lies half its variance too low. What the draws'
    /// own spread adds is taken away by regression on r.
    fn mean(&self, pairs: usize) -> Found {
        let count = pairs as f64;
        let (w, r) = (self.w / count, self.r / count);
        let (ww, rr, wr) = (self.w2 / count - w * w, self.r2 / count - r * r, self.wr / count - w * r);
        let slope = if rr > 0.0 { wr / rr } else { 0.0 };
        let adjusted = w - slope * r;
        let (mean, spread) = if adjusted > 0.5 * w { (adjusted, ww - slope * wr) } else { (w, ww) };
        let variance = (spread / (mean * mean)).max(0.0) / (count - 2.0).max(1.0);
        Found { log_mean: self.top + mean.ln() + 0.5 * variance, variance }
    }
}

/// log((w(z) + w(-z)) / 2).
fn pair_mean(log: &[f64; 2]) -> f64 {
    let (low, high) = if log[0] < log[1] { (log[0], log[1]) } else { (log[1], log[0]) };
    if high == f64::NEG_INFINITY { high } else { high + (0.5 + 0.5 * (low - high).exp()).ln() }
}

/// k1 + k2 / 2 + k3 / 6 of log w = e + o, e even and o odd in z, with its variance by the delta method; and |k4| / 24.
fn cumulants(logs: &[[f64; 2]]) -> (Found, f64) {
    let count = logs.len() as f64;
    let parts: Vec<(f64, f64)> = logs.iter().map(|l| (0.5 * (l[0] + l[1]), 0.5 * (l[0] - l[1]))).collect();
    let mean = |of: &dyn Fn(f64, f64) -> f64| parts.iter().map(|&(e, o)| of(e, o)).sum::<f64>() / count;
    let k1 = mean(&|e, _| e);
    let k2 = mean(&|e, o| (e - k1).powi(2) + o * o);
    let third = |e: f64, o: f64| (e - k1).powi(3) + 3.0 * (e - k1) * o * o;
    let k3 = mean(&third);
    let fourth = mean(&|e, o| (e - k1).powi(4) + 6.0 * ((e - k1) * o).powi(2) + o.powi(4));
    let k4 = fourth - 3.0 * k2 * k2;
    // Influence of one pair; moments about the mean move with it.
    let influence = |e: f64, o: f64| (e - k1) * (1.0 - 0.5 * k2) + 0.5 * ((e - k1).powi(2) + o * o) + third(e, o) / 6.0;
    let centre = mean(&influence);
    let variance = mean(&|e, o| (influence(e, o) - centre).powi(2)) / (count - 1.0);
    (Found { log_mean: k1 + 0.5 * k2 + k3 / 6.0, variance }, (k4 / 24.0).abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of log w with a given even part and odd part.
    fn account(logs: impl Iterator<Item = [f64; 2]>, pairs: usize) -> Estimate {
        let mut account = Account::new(&[100], pairs);
        logs.for_each(|w| account.add(&[Logs { w, normal: 0.0 }]));
        account.finish()
    }

    #[test]
    fn equal_weights_have_no_error() {
        let found = account((0..10).map(|_| [0.25, 0.25]), 10);
        assert!((found.log_mean - 0.25).abs() < 1e-14 && found.std_error < 1e-7 && found.by_cumulants == 0);
        assert!((found.ess - 20.0).abs() < 1e-9);
    }

    #[test]
    fn large_weights_do_not_overflow() {
        let found = account([[800.0, 800.0], [801.0, 801.0]].into_iter().cycle().take(8), 8);
        assert!((found.log_mean - (801.0 + (0.5 + 0.5 * (-1.0f64).exp()).ln())).abs() < 0.05);
    }

    #[test]
    fn a_normal_log_weight_of_large_variance_is_summed_by_cumulants() {
        // log w ~ N(0, 16) at the quantiles: E w = exp(8), far out of reach of any mean of so few.
        let pairs = 4000;
        let quantile = |m: usize| {
            // Logistic quantiles scaled to variance one stand in for normal ones: k4 then says so.
            let p = (m as f64 + 0.5) / pairs as f64;
            (p / (1.0 - p)).ln() * 3.0f64.sqrt() / std::f64::consts::PI
        };
        let found = account((0..pairs).map(|m| [4.0 * quantile(m), -4.0 * quantile(m)]), pairs);
        assert_eq!(found.by_cumulants, 1);
        assert!((found.log_mean - 8.0).abs() < 0.1 && found.remainder > 1.0);
    }
}
