//! Linear mixed models through the engine's public doors, held against a slow dense twin and against themselves.
//!
//! One binary for all of them, so that they are linked once.

mod chunks;
#[path = "../common/close.rs"]
mod close;
#[path = "../common/data.rs"]
mod data;
mod derivatives;
mod known_sigma;
mod many;
#[path = "../common/matrix.rs"]
mod matrix;
mod optima;
mod paths;
mod profiles;
mod refusals;
mod second_order;
mod solutions;
mod starts;
mod threads;
mod twin;

use close::assert_close;
