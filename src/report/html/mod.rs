//! `report.html`: one file that holds all of a run and asks nobody for anything.
//!
//! [`page::Page`] is what a template sees; `docs/templates.md` documents it, and a test holds the two together. `template` renders ours, or
//! a user's own. The page is whole without its script: tables, pictures and words of every load point stand in it. The script adds what
//! needs one: a choice of load point and contenders, charts to zoom into, definitions beside each number.
//!
//! Every string of a scenario, a server or a machine is escaped where it is put in: by the template in HTML, by `svg` in pictures (they come
//! escaped and stay so), and what the script reads is deflated and in base64, where nothing can close a tag. Besides, the page's policy
//! names the two scripts by their hashes: no other one runs.

mod assets;
mod facts;
mod figure;
mod pack;
pub mod page;
mod pictures;
mod point;
mod series;
mod svg;
mod tables;
mod template;
mod tiles;
mod timeline;

pub use template::{TemplateError, own, page};
