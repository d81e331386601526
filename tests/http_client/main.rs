//! The polling clients against our server, and against servers that misbehave.

mod extension;
mod hostile;
mod lives;
mod rhythm;
#[path = "../support/mod.rs"]
mod support;

use pushbench::contender::topic::Topic;

const A: Topic = Topic(0);
const B: Topic = Topic(1);
/// Both clients keep every promise.
const CLIENTS: [&str; 2] = ["library", "lean"];
