//! How a trial fails.

/// Why a trial could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// A process could not be started.
    #[error("cannot start {binary} as a side: {error}{}", remedy(.error))]
    Launch {
        /// The binary.
        binary: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// A side died.
    #[error("the {side} died {when}{how}{words}{}", hint(.how))]
    Died {
        /// Which one.
        side: String,
        /// In which phase.
        when: &'static str,
        /// Its exit status, where known.
        how: String,
        /// What it wrote to stderr last.
        words: String,
    },
    /// A side gave up.
    #[error("the {side} failed {when}: {why}")]
    Failed {
        /// Which one.
        side: String,
        /// In which phase.
        when: &'static str,
        /// Its reason.
        why: String,
    },
    /// A side did not answer in time.
    #[error("the {side} did not answer {when} within {seconds} s: it hangs or is overloaded; lower the load, or stop what else runs here")]
    Silent {
        /// Which one.
        side: String,
        /// In which phase.
        when: &'static str,
        /// How long was waited, seconds.
        seconds: u64,
    },
    /// A side worked out another plan than the harness.
    #[error("the {side} worked out another trace than the harness: {theirs} instead of {ours}")]
    Trace {
        /// Which one.
        side: String,
        /// Its hash.
        theirs: String,
        /// The harness's.
        ours: String,
    },
    /// A side broke the protocol.
    #[error("the {side} spoke out of turn {when}: {what}")]
    OutOfTurn {
        /// Which one.
        side: String,
        /// In which phase.
        when: &'static str,
        /// What it said.
        what: String,
    },
}

/// What somebody who did not end a side himself wants to know.
fn hint(how: &str) -> &'static str {
    if how.contains("SIGKILL") { "; where nobody killed it, the kernel did because memory ran out: `dmesg` tells, and a smaller load needs less" } else { "" }
}

/// What mends it where the system has run out of something.
fn remedy(error: &std::io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => "; raise `ulimit -n` (of the machine: sysctl fs.file-max)",
        Some(libc::EAGAIN) => "; end other processes, or raise `ulimit -u` or the control group's pids.max",
        Some(libc::ENOMEM) => "; memory has run out: end other processes, or lower the load",
        _ => "",
    }
}
