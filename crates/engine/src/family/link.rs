//! Links between a mean and its linear predictor, with derivatives to third order: `power.rs` has those that are powers of
//! the mean, or its logarithm, `proportion.rs` those of proportions.

mod function;
mod power;
pub(crate) mod proportion;

pub use self::function::Link;
pub(crate) use self::power::Powers;
pub use self::power::{Identity, Inverse, InverseSquare, Log, Sqrt};
use self::proportion::{Cauchit, CompLogLog, LogLog, Logit, Probit};

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
