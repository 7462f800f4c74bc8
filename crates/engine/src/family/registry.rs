//! Every family, by name. A line here, and `mod` in `mod.rs`, is all that a new file needs: what the family is asked for by,
//! and its module.

use super::Family;
use crate::error::EngineError;

type Maker = fn(link: &str, fixed: &[f64]) -> Option<Box<dyn Family>>;

macro_rules! families {
    ($($name:literal => $module:ident,)*) => {
        const FAMILIES: &[(&str, &super::About, Maker)] =
            &[$(($name, &super::$module::ABOUT, super::$module::make)),*];
    };
}

families! {
    "gaussian" => gaussian,
    "binomial" => binomial,
    "poisson" => poisson,
    "Gamma" => gamma,
    "inverse.gaussian" => inverse_gaussian,
    "nbinom2" => negative_binomial,
}

/// Names of all families.
pub fn names() -> Vec<&'static str> {
    FAMILIES.iter().map(|(name, ..)| *name).collect()
}

/// The family of this name (a registry name or the one R prints) with a link (None: its default) and the shape
/// parameters that are fixed.
pub fn by_name(name: &str, link: Option<&str>, fixed: &[f64]) -> Result<Box<dyn Family>, EngineError> {
    let Some((name, about, make)) = FAMILIES.iter().find(|(known, about, _)| *known == name || about.name == name)
    else {
        return Err(EngineError::shape(format!("no family is called \"{name}\"; there are {}", names().join(", "))));
    };
    if fixed.len() > about.shapes.len() || fixed.iter().any(|value| !(value.is_finite() && *value > 0.0)) {
        return Err(EngineError::shape(format!(
            "the fixed shapes {fixed:?} are not what {name} has: at most {} positive number(s)",
            about.shapes.len()
        )));
    }
    let link = link.unwrap_or(about.links[0]);
    make(link, fixed)
        .ok_or_else(|| EngineError::shape(format!("{name} has no link \"{link}\"; it has {}", about.links.join(", "))))
}
