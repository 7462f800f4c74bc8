//! Every family, by name. A line here, and `mod` in `mod.rs`, is all that a new file needs: what the family is asked for by,
//! and its module.

use super::{Family, Parts, ShapeAbout};
use crate::error::EngineError;

type Maker = fn(link: &str, fixed: &[Option<f64>], parts: Parts) -> Option<Box<dyn Family>>;

/// A module has `make(link, fixed)` for the family alone. With [parts] it has `with_parts` too, for zero inflation, a
/// predictor of the dispersion and other weights; with [law] its `make` takes the parts.
macro_rules! families {
    ($($name:literal => $($module:ident)::+ $([$kind:ident])?,)*) => {
        const FAMILIES: &[(&str, &super::About, Maker)] =
            &[$(($name, &super::$($module)::+::ABOUT, families!(@maker ($($kind)?) $($module)::+))),*];
    };
    (@maker () $($module:ident)::+) => {
        |link, fixed, parts| if parts.none() { super::$($module)::+::make(link, &leading(fixed)?) } else { None }
    };
    (@maker (parts) $($module:ident)::+) => {
        |link, fixed, parts| {
            if parts.none() {
                super::$($module)::+::make(link, &leading(fixed)?)
            } else {
                super::$($module)::+::with_parts(link, fixed, parts)
            }
        }
    };
    (@maker (law) $($module:ident)::+) => { super::$($module)::+::make };
}

families! {
    "gaussian" => gaussian [parts],
    "binomial" => binomial [parts],
    "poisson" => poisson [parts],
    "Gamma" => gamma [parts],
    "inverse.gaussian" => inverse_gaussian [parts],
    "nbinom2" => negative_binomial [parts],
    "nbinom1" => nbinom1 [law],
    "nbinom12" => nbinom12 [law],
    "genpois" => genpois [law],
    "compois" => compois [law],
    "bell" => bell [law],
    "truncated_poisson" => truncated::of_poisson [law],
    "truncated_nbinom1" => truncated::of_nbinom1 [law],
    "truncated_nbinom2" => truncated::of_nbinom2 [law],
    "truncated_genpois" => truncated::of_genpois [law],
    "truncated_compois" => truncated::of_compois [law],
    "beta" => beta [law],
    "betabinomial" => betabinomial [law],
    "ordbeta" => ordered_beta [law],
    "lognormal" => lognormal [law],
    "tweedie" => tweedie [law],
    "t" => student [law],
    "skewnormal" => skew_normal [law],
}

/// Names of all families.
pub fn names() -> Vec<&'static str> {
    FAMILIES.iter().map(|(name, ..)| *name).collect()
}

/// The family of this name (a registry name or the one R prints) with a link (None: its default) and the shape
/// parameters that are fixed.
pub fn by_name(name: &str, link: Option<&str>, fixed: &[Option<f64>]) -> Result<Box<dyn Family>, EngineError> {
    with_parts(name, link, fixed, Parts::default())
}

/// The same with predictors of structural zeros or of the dispersion, or other weights.
pub fn with_parts(
    name: &str,
    link: Option<&str>,
    fixed: &[Option<f64>],
    parts: Parts,
) -> Result<Box<dyn Family>, EngineError> {
    let Some((name, about, make)) = FAMILIES.iter().find(|(known, about, _)| *known == name || about.name == name)
    else {
        return Err(EngineError::shape(format!("no family is called \"{name}\"; there are {}", names().join(", "))));
    };
    if fixed.len() > about.shapes.len() || !fixed.iter().zip(about.shapes).all(|(v, shape)| possible(*v, shape)) {
        let shapes: Vec<&str> = about.shapes.iter().map(|shape| shape.name).collect();
        return Err(EngineError::shape(format!(
            "the fixed shapes {fixed:?} are not what {name} has: {}",
            if shapes.is_empty() { "none".into() } else { shapes.join(", ") }
        )));
    }
    if parts.dispersion && about.shapes.is_empty() {
        return Err(EngineError::shape(format!("{name} has no dispersion that could have a predictor")));
    }
    let link = link.unwrap_or(about.links[0]);
    make(link, fixed, parts)
        .ok_or_else(|| EngineError::shape(format!("{name} has no link \"{link}\"; it has {}", about.links.join(", "))))
}

/// Whether a shape may be fixed at this value.
fn possible(value: Option<f64>, shape: &ShapeAbout) -> bool {
    value.is_none_or(|value| shape.map.psi(value).is_finite())
}

/// Fixed shapes from the first on, where none is free before one that is fixed.
fn leading(fixed: &[Option<f64>]) -> Option<Vec<f64>> {
    let values: Vec<f64> = fixed.iter().map_while(|v| *v).collect();
    fixed[values.len()..].iter().all(Option::is_none).then_some(values)
}
