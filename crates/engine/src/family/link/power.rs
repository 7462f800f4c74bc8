//! Links that are powers of the mean, or its logarithm.

use super::function::Link;

/// Links for which any power of the mean, and its logarithm, is a simple function of eta: log-likelihoods that are sums
/// of such powers then have derivatives without the cancellation of a chain of mu's.
pub(crate) trait Powers: Link {
    /// eta is this power of mu; 0 stands for the logarithm.
    const POWER: f64;

    /// mu^q and its derivatives in eta.
    fn power(&self, q: f64, eta: f64) -> [f64; 4];
}

/// eta = log mu.
#[derive(Debug, Clone, Copy)]
pub struct Log;

impl Link for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn predictor(&self, mu: f64) -> f64 {
        mu.ln()
    }

    fn mean(&self, eta: f64) -> f64 {
        eta.exp()
    }

    fn derivatives(&self, eta: f64) -> [f64; 4] {
        [eta.exp(); 4]
    }

    #[inline(always)]
    fn log_mean(&self, eta: f64) -> [f64; 4] {
        [eta, 1.0, 0.0, 0.0]
    }
}

impl Powers for Log {
    const POWER: f64 = 0.0;

    #[inline(always)]
    fn power(&self, q: f64, eta: f64) -> [f64; 4] {
        let value = (q * eta).exp();
        [value, q * value, q * q * value, q * q * q * value]
    }
}

/// eta^e for the exponents that links of powers ask for; exact for the usual ones, NaN where mu is no real number.
#[inline(always)]
fn raise(eta: f64, e: f64) -> f64 {
    let whole = e.floor();
    if whole == e {
        eta.powi(e as i32)
    } else {
        eta.powi(whole as i32) * if e - whole == 0.5 { eta.sqrt() } else { eta.powf(e - whole) }
    }
}

/// eta^e and its derivatives.
#[inline(always)]
fn raised(eta: f64, e: f64) -> [f64; 4] {
    let term = |factor: f64, e: f64| if factor == 0.0 { 0.0 } else { factor * raise(eta, e) };
    [raise(eta, e), term(e, e - 1.0), term(e * (e - 1.0), e - 2.0), term(e * (e - 1.0) * (e - 2.0), e - 3.0)]
}

macro_rules! power_link {
    ($(#[$doc:meta])* $link:ident, $name:literal, $power:expr, $positive:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $link;

        impl Link for $link {
            fn name(&self) -> &'static str {
                $name
            }

            fn predictor(&self, mu: f64) -> f64 {
                raise(mu, $power)
            }

            fn mean(&self, eta: f64) -> f64 {
                let outside = ($positive && eta <= 0.0) || ($power < 0.0 && eta == 0.0);
                if outside { f64::NAN } else { raise(eta, 1.0 / $power) }
            }

            fn derivatives(&self, eta: f64) -> [f64; 4] {
                let [_, first, second, third] = raised(eta, 1.0 / $power);
                [self.mean(eta), first, second, third]
            }

            #[inline(always)]
            fn log_mean(&self, eta: f64) -> [f64; 4] {
                let (r, scale) = (1.0 / eta, 1.0 / $power);
                // Not a number unless the mean is positive.
                [scale * eta.ln(), scale * r, -scale * r * r, 2.0 * scale * r * r * r]
            }

            fn unitless(&self) -> bool {
                false
            }
        }

        impl Powers for $link {
            const POWER: f64 = $power;

            #[inline(always)]
            fn power(&self, q: f64, eta: f64) -> [f64; 4] {
                raised(eta, q / $power)
            }
        }
    };
}

power_link!(
    /// eta = mu.
    Identity,
    "identity",
    1.0,
    false
);
power_link!(
    /// eta = 1 / mu.
    Inverse,
    "inverse",
    -1.0,
    false
);
power_link!(
    /// eta = sqrt(mu), for eta > 0.
    Sqrt,
    "sqrt",
    0.5,
    true
);
power_link!(
    /// eta = 1 / mu^2, for eta > 0.
    InverseSquare,
    "1/mu^2",
    -2.0,
    true
);
