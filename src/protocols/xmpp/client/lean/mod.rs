//! The lean client: a session of our own, so that the load generator costs little beside the server that it measures.
//!
//! Stanzas are cut out of one read buffer that all connections of a process share (`splitter`), read in place without a
//! tree (`stanza`), and written as ready bytes (`client::requests`). An idle connection keeps its socket and the namespaces of
//! its stream. The login is not worth such care: it goes through the server's own reader, which builds trees.

pub mod link;
#[cfg(any(test, feature = "fuzzing"))]
pub mod model;
pub mod opening;
pub mod reader;
pub mod splitter;
pub mod stanza;

#[cfg(test)]
mod tests;
