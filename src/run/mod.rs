//! Runs trials: the only room, with the contenders, that touches the network and the clock.
//!
//! A trial has sides (server, publishers, subscribers), each a process of this same binary, or a task where the
//! contender lives in memory. `trial` is its life from launch to stop; `sides/` is what each side does;
//! `message` and `link` are what they say to each other; `network` is where
//! they meet; `scheduler` is when anybody asks; `recorder` is what came of it.

pub mod campaign;
mod due;
pub mod launch;
pub mod link;
pub mod message;
pub mod network;
pub mod placement;
pub mod record;
pub mod recorder;
pub mod scheduler;
pub mod sides;
pub mod timetable;
pub mod trial;
mod trial_error;
mod trial_record;
