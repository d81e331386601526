//! Charts: one file for each, one theme, one frame. SVG by plotters, PNG from that SVG.
//!
//! [`draw`] makes all pictures of a load point from a summary. They are pure: the same recording gives the same bytes.

pub mod axis;
mod beside;
mod break_even;
pub mod canvas;
pub mod compare;
pub mod finding;
mod frame;
mod freshness_cost;
pub mod front;
pub mod labels;
mod latency_over_time;
mod layers;
pub mod marks;
mod over_time;
mod per_update;
mod picture;
pub(super) mod raster;
mod resources;
mod scaling;
mod spectrum;
mod swept;
pub mod text;
pub mod theme;
pub mod trend;
mod view;
mod volume;
mod waste;

#[cfg(test)]
mod tests;

pub use frame::Room;
pub use picture::{Drawn, LeftOut, NAMES, NEED_A_SWEEP, Picture, all, bare, draw, shown};
pub use raster::{RasterError, png, pngs};
pub use theme::Theme;
