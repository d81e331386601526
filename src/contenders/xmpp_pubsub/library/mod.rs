//! The library's client: tokio-xmpp at the level of its `xmlstream`, with its full stanza types, as an application would use it.
//!
//! Not its `Client`: the halves of that share a mutex that its receiver tries without leaving a waker, so that a client
//! that sends while it receives can go deaf for good; and it hides lost connections and wrong passwords behind endless
//! retries, where a benchmark needs a fault that names them.

pub(crate) mod guard;
pub mod link;
pub mod stanzas;
