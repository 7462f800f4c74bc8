//! Numerical core of mixedmodels: pure numbers, no Python type.
//!
//! Rows become Gram blocks ([`gram`]); random effects are eliminated level by level ([`effects`], [`factor`]), which
//! gives a linear mixed model ([`lmm`]) its criterion, exact gradient and curvature. A generalised one ([`glmm`]) does
//! the same at weights that its family ([`family`]) says, around the mode of its random effects. A trust-region Newton
//! method ([`optimize`]) follows either to a certified optimum, and [`profile`] follows its constrained optima. Letters are those of Bates et al. (2015): theta, beta, u,
//! b, Lambda, sigma; T is the k x k template of Lambda, C = Lambda'Z'Z Lambda + I.

pub mod covariance;
pub mod dense;
pub mod distributions;
pub mod effects;
pub mod error;
pub mod factor;
pub mod family;
pub mod fault;
pub mod glmm;
pub mod gram;
pub mod lmm;
pub mod optimize;
pub mod profile;
pub mod rows;
pub mod stop;
pub mod threads;
