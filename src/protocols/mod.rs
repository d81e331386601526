//! HTTP and XMPP as we speak them; shared by contenders.

pub mod xmpp;
