//! HTTP and XMPP as we speak them; shared by contenders.
//!
//! A protocol's two ends live side by side here. What makes a contender a contender (its settings, its name,
//! when it asks) is in its own folder under `contenders`.

pub mod http;
