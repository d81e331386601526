//! Reading what the kernel tells in files of text.

use std::fs;

/// A file as text; `None` where it cannot be read.
pub fn text(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// The whole number that follows a name at the beginning of a line, as in `/proc/meminfo`, `/proc/vmstat` and `cpu.stat`.
pub fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        assert_eq!(field("MemTotal: 5 kB\nMemAvailable:   77 kB\n", "MemAvailable:"), Some(77));
        assert_eq!(field("MemAvailable: much\n", "MemAvailable:"), None);
        assert_eq!(text("/no/such/file"), None);
    }
}
