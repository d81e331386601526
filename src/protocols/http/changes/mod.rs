//! What contenders share in which one resource tells of the changes of all topics: a feed, a bitmap.
//!
//! On the server: `hours` is the time of the scenario, `crowd` the topics of everybody else, which such a resource also carries, and
//! `document` a resource made once for all who ask. On the client `follower` fetches what a poll of the resource has named. `gzip` packs and unpacks.

pub mod crowd;
pub mod document;
pub mod follower;
pub mod gzip;
pub mod hours;
