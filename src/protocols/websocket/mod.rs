//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692): handshake, frames, compression; no sockets.
//!
//! The server's side is our own: no library lets a frame be made once for all who get it, shows its pings, and writes without
//! a task for each client. The client's side has the handshake alone; its frames are a library's (yawc), so that each end
//! checks the other.

pub mod deflate;
pub mod frame;
pub mod handshake;
