//! Every family, by name. A line here is all that a new file needs: module, file, and what the family is asked for by.

use super::Family;
use crate::error::EngineError;

type Maker = fn(link: &str, fixed: &[f64]) -> Option<Box<dyn Family>>;

macro_rules! families {
    ($($name:literal => $module:ident in $file:literal,)*) => {
        $(#[path = $file] pub(crate) mod $module;)*

        const FAMILIES: &[(&str, &super::About, Maker)] = &[$(($name, &$module::ABOUT, $module::make)),*];
    };
}

families! {
    "gaussian" => gaussian in "gaussian.rs",
    "binomial" => binomial in "binomial.rs",
    "poisson" => poisson in "poisson.rs",
    "Gamma" => gamma in "gamma.rs",
    "inverse.gaussian" => inverse_gaussian in "inverse_gaussian.rs",
    "nbinom2" => negative_binomial in "negative_binomial.rs",
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
        return Err(EngineError::Shape(format!("no family is called \"{name}\"; there are {}", names().join(", "))));
    };
    if fixed.len() > about.shapes.len() || fixed.iter().any(|value| !(value.is_finite() && *value > 0.0)) {
        return Err(EngineError::Shape(format!(
            "the fixed shapes {fixed:?} are not what {name} has: at most {} positive number(s)",
            about.shapes.len()
        )));
    }
    let link = link.unwrap_or(about.links[0]);
    make(link, fixed)
        .ok_or_else(|| EngineError::Shape(format!("{name} has no link \"{link}\"; it has {}", about.links.join(", "))))
}
