//! Memory of this process and of the machine's sockets, as the kernel tells it.

use serde::{Deserialize, Serialize};

/// Memory at an instant, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Resident memory of the process (RSS).
    pub resident: u64,
    /// The same with pages that others share divided among them (PSS); absent where the kernel does not tell.
    pub proportional: Option<u64>,
    /// What the kernel holds for TCP sockets, of the whole machine whatever the namespace, not of this process alone; absent where it does not tell.
    pub sockets: Option<u64>,
}

/// Memory of a side at the instants that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryRecord {
    /// Before the set-up: trace and books are made, nothing is connected.
    pub before: Memory,
    /// At the start of the window.
    pub window_start: Memory,
    /// At its end.
    pub window_end: Memory,
}

/// Memory now. Walks the page tables of the process: some tenths of a millisecond, so that it is read at the edges of the window and not more often.
pub fn now() -> Memory {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let resident = kibibytes(&rollup, "Rss:").unwrap_or_else(|| super::process::memory().0);
    let sockets = std::fs::read_to_string("/proc/net/sockstat").ok().and_then(|text| socket_pages(&text));
    Memory { resident, proportional: kibibytes(&rollup, "Pss:"), sockets: sockets.map(|pages| pages * page_size()) }
}

/// A line of `/proc/self/smaps_rollup` (proc_pid_smaps(5)), in bytes.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Pages of the `TCP:` line of `/proc/net/sockstat`: `mem` is the kernel's one count for all namespaces (net/ipv4/proc.c).
fn socket_pages(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:"))?;
    let mut words = line.split_whitespace().skip_while(|word| *word != "mem");
    words.nth(1)?.parse().ok()
}

/// Bytes of a page: the entry `AT_PAGESZ` (6) of the auxiliary vector, pairs of machine words (proc_pid_auxv(5)).
fn page_size() -> u64 {
    const WORD: usize = size_of::<usize>();
    const PAGE_SIZE: usize = 6;
    let vector = std::fs::read("/proc/self/auxv").unwrap_or_default();
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, usize::from_ne_bytes);
    let mut pairs = vector.chunks_exact(2 * WORD).map(|pair| (word(&pair[..WORD]), word(&pair[WORD..])));
    pairs.find(|(key, _)| *key == PAGE_SIZE).map_or(4_096, |(_, size)| size as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_texts_are_read() {
        let rollup = "5581-7ffd ---p 00000000 00:00 0    [rollup]\nRss:               12345 kB\nPss:                9876 kB\nPss_Dirty:          5000 kB\n";
        assert_eq!((kibibytes(rollup, "Rss:"), kibibytes(rollup, "Pss:"), kibibytes(rollup, "Swap:")), (Some(12_345 * 1024), Some(9_876 * 1024), None));
        let sockstat = "sockets: used 212\nTCP: inuse 12 orphan 0 tw 3 alloc 15 mem 42\nUDP: inuse 1 mem 7\n";
        assert_eq!((socket_pages(sockstat), socket_pages("UDP: inuse 1 mem 7\n")), (Some(42), None));
    }

    #[test]
    fn what_is_allocated_and_touched_is_seen() {
        let before = now();
        // From 32 MiB on the allocator always asks the system for it; less may be memory that it still had. Other tests come and go meanwhile.
        let ballast = std::hint::black_box(vec![1_u8; 256 << 20]);
        let after = now();
        assert!(after.resident >= before.resident + (192 << 20), "{before:?} {after:?}");
        assert!(page_size().is_power_of_two() && page_size() >= 4_096);
        assert!(before.sockets.is_some() && before.proportional.is_some_and(|proportional| proportional <= before.resident + (1 << 20)), "{before:?}");
        drop(ballast);
    }
}
