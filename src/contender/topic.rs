//! Topics: things that change, known by number inside and by name on the wire.

use std::fmt;

/// A topic's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(pub u32);

impl Topic {
    /// The topic by which the harness finds out that a subscriber is ready: never in a trace, never measured.
    pub const PROBE: Self = Self(u32::MAX);

    /// Its name on the wire: `topic-000042`, or `probe`.
    pub fn name(self) -> String {
        self.to_string()
    }

    /// Reads a name; `None` where it is not one of ours.
    pub fn read(name: &str) -> Option<Self> {
        if name == "probe" {
            return Some(Self::PROBE);
        }
        let number = name.strip_prefix("topic-")?;
        (number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| number.parse().ok().map(Self)).flatten()
    }
}

/// The topic's name.
impl fmt::Display for Topic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::PROBE { out.write_str("probe") } else { write!(out, "topic-{:06}", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for topic in [Topic(0), Topic(45_753), Topic(12_345_678), Topic::PROBE] {
            assert_eq!(Topic::read(&topic.name()), Some(topic));
        }
        for bad in ["", "topic-", "topic-1", "topic-+00001", "Probe", "topic-99999999999"] {
            assert_eq!(Topic::read(bad), None);
        }
    }
}
