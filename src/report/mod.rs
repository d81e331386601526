//! A summary as bytes: one file for each output, each a pure function.

pub mod charts;
