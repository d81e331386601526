//! The exact updates of a scenario, from its seed: the same for every contender.

/// One change of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// When it is due: scenario nanoseconds from the start of the window; negative in the warm-up.
    pub due: i64,
    /// Which topic.
    pub topic: u32,
    /// Its version of the topic: 1, 2, 3 …, counted through warm-up and window.
    pub version: u32,
}

/// All updates of warm-up and window, by due time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// By due time, then topic.
    pub updates: Vec<Update>,
    /// SHA-256 of all of them, in hexadecimal.
    pub sha256: String,
}
