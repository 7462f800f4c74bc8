//! Links between a mean and its linear predictor, with derivatives to third order: `power.rs` has those that are powers of
//! the mean, or its logarithm, `proportion.rs` those of proportions.

mod function;
mod power;
pub(crate) mod proportion;

pub use self::function::Link;
pub(crate) use self::power::Powers;
pub use self::power::{Identity, Inverse, InverseSquare, Log, Sqrt};
use self::proportion::{Cauchit, CompLogLog, LogLog, Logit, Probit};

/// The nearest mean that has a predictor, of a response that may be any number.
pub(crate) fn nearest_mean(link: &dyn Link, y: f64) -> f64 {
    match link.name() {
        "log" | "sqrt" | "1/mu^2" => y.max(0.1),
        "inverse" if y.abs() < 0.1 => 0.1_f64.copysign(y),
        "logit" | "probit" | "cauchit" | "cloglog" | "loglog" => y.clamp(0.05, 0.95),
        _ => y,
    }
}

/// The link of this name.
pub fn by_name(name: &str) -> Option<Box<dyn Link>> {
    Some(match name {
        "identity" => Box::new(Identity),
        "log" => Box::new(Log),
        "inverse" => Box::new(Inverse),
        "sqrt" => Box::new(Sqrt),
        "1/mu^2" => Box::new(InverseSquare),
        "logit" => Box::new(Logit),
        "probit" => Box::new(Probit),
        "cauchit" => Box::new(Cauchit),
        "cloglog" => Box::new(CompLogLog),
        "loglog" => Box::new(LogLog),
        _ => return None,
    })
}
