//! What may be added to the criterion. Penalties do not know of each other, so that any of them go together.
//!
//! | file | holds |
//! |---|---|
//! | `soft` | the soft penalty of separated data |
//! | `prior` | priors of single parameters and of correlations |

mod prior;
mod soft;

use super::likelihood::Likelihood;
use super::point::{At, State};
use crate::effects::parameters::Direction;

pub(crate) use prior::Priors;
pub use prior::{Density, Prior};
pub(crate) use soft::{Soft, inside};

/// A function of the parameters that is added to the criterion, on the scale of the deviance.
pub(crate) trait Penalty: Send + Sync {
    /// Add the value to the criterion and to `added`, its derivatives to gradient and D, and along directions its curvature
    /// to the Hessian. None where it is infinite.
    fn apply(&self, likelihood: Likelihood, at: At, directions: Option<&[Direction]>, state: &mut State) -> Option<()>;
}
