//! Generalised mixed models through the engine's public doors, held against a slow dense twin and against themselves.

#[path = "../common/close.rs"]
mod close;
#[allow(dead_code)] // shared: each binary uses its part
#[path = "../common/data.rs"]
mod data;
mod derivatives;
mod designs;
mod families;
mod held;
mod joint;
#[allow(dead_code)]
#[path = "../common/matrix.rs"]
mod matrix;
mod optima;
mod paths;
mod priors;
mod quadrature;
mod refusals;
mod restricted;
mod threads;
mod twin;

use close::assert_close;
