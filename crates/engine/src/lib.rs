//! Numerical core of mixedmodels: pure numbers, no Python type.
//!
//! Rows become Gram blocks ([`gram`]); a linear mixed model ([`lmm`]) eliminates the random effects level by level
//! ([`factor`]) to get its criterion, exact gradient and curvature, which a trust-region Newton method
//! ([`optimize`]) follows to a certified optimum. Letters are those of Bates et al. (2015): theta, beta, u, b,
//! Lambda, sigma; T is the k x k template of Lambda, C = Lambda'Z'Z Lambda + I.

pub mod covariance;
pub mod dense;
pub mod error;
pub mod factor;
pub mod family;
pub mod glmm;
pub mod gram;
pub mod lmm;
pub mod optimize;
pub mod rows;
pub mod threads;
