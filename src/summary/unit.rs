//! Units of metrics, and which way is better.

use crate::units::{show_bytes, show_number, show_seconds, significant};

/// Unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Seconds as they were measured.
    Seconds,
    /// Seconds of scenario time: what would have passed without compression.
    ScenarioSeconds,
    /// Bytes.
    Bytes,
    /// Seconds of one core.
    CpuSeconds,
    /// Seconds of one core a second: 1 is a core that does nothing else.
    Cores,
    /// A share, 0 to 1.
    Ratio,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// Neither: it describes the load or depends on taste.
    Neither,
}

impl Unit {
    /// As CSV and documentation have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Seconds => "seconds",
            Self::ScenarioSeconds => "scenario seconds",
            Self::Bytes => "bytes",
            Self::CpuSeconds => "CPU-seconds",
            Self::Cores => "CPU-seconds/second",
            Self::Ratio => "ratio",
        }
    }

    /// A value for people: `6.7 ms`, `1.5 KiB`, `93.2 %`.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Count => show_number(value),
            Self::Seconds | Self::ScenarioSeconds => show_seconds(value),
            Self::Bytes => show_bytes(value),
            // 59.7 CPU-ms: told apart from a time at a glance.
            Self::CpuSeconds if value.abs() < 0.9995e-3 && value != 0.0 => format!("{} CPU-µs", significant(value * 1e6, 3)),
            Self::CpuSeconds if value.abs() < 0.9995 && value != 0.0 => format!("{} CPU-ms", significant(value * 1e3, 3)),
            Self::CpuSeconds => format!("{} CPU-s", show_number(value)),
            Self::Cores => format!("{}/s", Self::CpuSeconds.show(value)),
            Self::Ratio => format!("{} %", significant(value * 100.0, 3)),
        }
    }
}

impl Better {
    /// As documentation has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
            Self::Neither => "–",
        }
    }
}
