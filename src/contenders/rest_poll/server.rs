//! The server half: the embedded HTTP server, as it is.

use super::settings::Settings;
use crate::contender::{Fault, ServerSeat};
use crate::protocols::http::server::{self, Options};

pub(super) async fn serve(settings: &Settings, seat: ServerSeat) -> Result<(), Fault> {
    server::serve(seat, Options { cross_origin: settings.cross_origin }).await
}
