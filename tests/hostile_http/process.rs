//! What a process costs, by the kernel's own count.

use std::fs;

/// What /proc counts CPU in, a second (`USER_HZ`, 100 on every Linux).
const TICKS: f64 = 100.0;

fn status(process: u32, key: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).expect("the process lives");
    let line = text.lines().find_map(|line| line.strip_prefix(key)).expect("the key");
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

/// Bytes of memory that it holds.
pub fn memory(process: u32) -> u64 {
    status(process, "VmRSS")
}

/// The most bytes that it has held since `forget_peak`.
pub fn peak(process: u32) -> u64 {
    status(process, "VmHWM")
}

/// The peak is from now on that of what follows.
pub fn forget_peak(process: u32) {
    fs::write(format!("/proc/{process}/clear_refs"), "5").expect("our own process");
}

/// CPU-seconds so far, user and system.
pub fn cpu(process: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).expect("the process lives");
    let fields: Vec<&str> = text[text.rfind(')').expect("a name") + 2..].split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().expect("a number") + fields[12].parse::<u64>().expect("a number");
    ticks as f64 / TICKS
}
