//! Durations, byte counts and numbers as people write them: reading and showing.
//!
//! Every duration and size in a scenario, on the command line and in a report passes through
//! here, so that `22m42s` means the same wherever it stands. Reading is strict: what is not
//! understood is an error that says what is allowed, never a guess.

use std::time::Duration;

/// What a duration may look like; shown by every error about one.
pub const DURATION_FORMS: &str = "a number and a unit, such as \"250ms\", \"5s\", \"22m42s\", \"24h\" or \"2d\"";
/// What a size may look like; shown by every error about one.
pub const SIZE_FORMS: &str = "a number of bytes, or a number and a unit, such as 512, \"512 B\", \"1 KiB\", \"2.5 MB\"";

/// Reads a duration such as `250ms`, `5s`, `22m42s`, `1h30m`, `2d`. Units: `ns`, `us` (`µs`), `ms`, `s`, `m`, `h`, `d`.
///
/// # Errors
/// Says what is wrong with the text: no unit, unknown unit, not a number, too long.
pub fn read_duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("an empty duration".to_owned());
    }
    let mut total = 0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let number: f64 = number.parse().map_err(|_| format!("{text:?} is not a duration"))?;
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            "" => return Err(format!("{text:?} has no unit")),
            other => return Err(format!("{other:?} is not a unit of time")),
        };
        total += number * seconds;
        rest = tail.trim_start();
    }
    // A century: whatever is longer is a slip, and would overflow nanoseconds in an i64 later.
    if total > 100.0 * 366.0 * 86_400.0 {
        return Err(format!("{text:?} is longer than a century"));
    }
    Ok(Duration::from_nanos((total * 1e9).round() as u64))
}

/// Reads a size in bytes: `512`, `512 B`, `1 KiB`, `2.5 MB`. Binary units are powers of 1,024, decimal ones of 1,000.
///
/// # Errors
/// Says what is wrong with the text.
pub fn read_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.replace('_', "").parse().map_err(|_| format!("{text:?} is not a size"))?;
    let factor = match unit.trim() {
        "" | "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        other => return Err(format!("{other:?} is not a unit of size")),
    };
    let bytes = number * factor;
    if bytes.fract() != 0.0 || bytes > 9e15 {
        return Err(format!("{text:?} is not a whole number of bytes"));
    }
    Ok(bytes as u64)
}

/// A duration as text that [`read_duration`] reads back: whole seconds from an hour on, where they are exact enough, nanoseconds below.
pub fn exact_duration(duration: Duration) -> String {
    if duration >= Duration::from_secs(3_600) { format!("{}s", duration.as_secs_f64().round()) } else { format!("{}ns", duration.as_nanos()) }
}

/// Shows a duration in the largest units that fit, at most two: `250ms`, `22m42s`, `24h`.
pub fn show_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let seconds = duration.as_secs();
    if nanos == 0 {
        return "0s".to_owned();
    }
    if seconds >= 60 {
        let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
        let whole = duration.as_secs_f64().round() as u64;
        // Exactly 24 hours read better as hours; days begin where two of them do.
        let first = usize::from(whole < 2 * 86_400);
        let mut rest = whole;
        let mut parts = Vec::new();
        for (size, unit) in &units[first..] {
            let count = rest / size;
            rest %= size;
            if count > 0 {
                parts.push(format!("{count}{unit}"));
            } else if !parts.is_empty() {
                break;
            }
            if parts.len() == 2 {
                break;
            }
        }
        return parts.concat();
    }
    let (value, unit) = if nanos < 1_000 {
        (nanos as f64, "ns")
    } else if nanos < 1_000_000 {
        (nanos as f64 / 1e3, "µs")
    } else if nanos < 1_000_000_000 {
        (nanos as f64 / 1e6, "ms")
    } else {
        (nanos as f64 / 1e9, "s")
    };
    format!("{}{unit}", significant(value, 3))
}

/// Shows seconds for people: `6.7 ms`, `1.5 s`, `22.7 min`, `3.2 h`; infinity as `∞`.
pub fn show_seconds(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "∞".to_owned();
    }
    // What rounds to 1,000 of a unit is shown as 1 of the next: never "1000 ms".
    let (value, unit) = match seconds.abs() {
        0.0 => (0.0, "s"),
        s if s < 0.9995e-3 => (seconds * 1e6, "µs"),
        s if s < 0.9995 => (seconds * 1e3, "ms"),
        s if s < 120.0 => (seconds, "s"),
        s if s < 2.0 * 3_600.0 => (seconds / 60.0, "min"),
        s if s < 2.0 * 86_400.0 => (seconds / 3_600.0, "h"),
        _ => (seconds / 86_400.0, "d"),
    };
    format!("{} {unit}", significant(value, 3))
}

/// Shows bytes for people in binary units: `512 B`, `1.50 KiB`, `12.3 MiB`.
pub fn show_bytes(bytes: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes;
    let mut unit = 0;
    while value.abs() >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{} {}", significant(value, 3), units[unit])
}

/// Shows a number with thousands separated by commas where it is large, else with three significant digits.
pub fn show_number(value: f64) -> String {
    if !value.is_finite() {
        return if value > 0.0 { "∞".to_owned() } else { "n/a".to_owned() };
    }
    if value.abs() >= 1_000.0 { show_count(value.round() as i64) } else { significant(value, 3) }
}

/// Shows a factor: three significant digits, since no ratio is known better; of one so near 1 that it would be shown as that, up to four decimals
/// that tell it from 1 (`1.004`).
pub fn show_factor(factor: f64) -> String {
    if !factor.is_finite() || factor == 0.0 {
        return show_number(factor);
    }
    let step = 10_f64.powi(factor.abs().log10().floor() as i32 - 2);
    let rounded = (factor / step).round() * step;
    if rounded.abs() >= 1_000.0 {
        return show_count(rounded.round() as i64);
    }
    let three = significant(rounded, 3);
    if three == "1" {
        let nearer = [1e3, 1e4].map(|parts| (factor * parts).round() / parts).into_iter().find(|nearer| *nearer != 1.0);
        return nearer.map_or(three, |nearer| significant(nearer, 5));
    }
    three
}

/// A text as a sentence begins.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Shows a whole number with commas between thousands: `2,900,000`.
pub fn show_count(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0 { format!("-{out}") } else { out }
}

/// Rounds to so many significant digits; whole numbers lose their decimals, no exponent is used.
pub fn significant(value: f64, digits: u32) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    let magnitude = value.abs().log10().floor() as i32;
    let decimals = (digits as i32 - 1 - magnitude).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn durations_are_read_and_shown() {
        for (text, nanos) in [
            ("22m42s", 1_362_000_000_000_u64),
            ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000),
            ("24h", 86_400_000_000_000),
            ("3µs", 3_000),
            ("2d", 172_800_000_000_000),
            ("0s", 0),
        ] {
            let duration = read_duration(text).unwrap();
            assert_eq!(duration.as_nanos() as u64, nanos, "{text}");
            assert_eq!(read_duration(&show_duration(duration)).unwrap(), duration, "{text} is shown so that it reads back");
        }
        for bad in ["", "5", "s", "5 parsecs", "1h-3m", "1..2s", "-5s", "1e3s", "200000d"] {
            assert!(read_duration(bad).is_err(), "{bad:?} must not be read");
        }
    }

    #[test]
    fn sizes_are_read_and_shown() {
        assert_eq!(read_size("1 KiB"), Ok(1024));
        assert_eq!(read_size("2.5 MB"), Ok(2_500_000));
        assert_eq!(read_size("512"), Ok(512));
        for bad in ["", "KiB", "1.5 B", "1 kb", "-1"] {
            assert!(read_size(bad).is_err(), "{bad:?} must not be read");
        }
        assert_eq!(show_bytes(1536.0), "1.5 KiB");
        assert_eq!(show_bytes(12.0), "12 B");
    }

    #[test]
    fn numbers_are_shown_for_people() {
        assert_eq!(show_count(2_900_000), "2,900,000");
        assert_eq!(show_count(-1_234), "-1,234");
        assert_eq!(show_number(431.48), "431");
        assert_eq!(show_number(0.012_34), "0.0123");
        assert_eq!(show_seconds(0.0067), "6.7 ms");
        assert_eq!(show_seconds(1362.0), "22.7 min");
        assert_eq!((show_seconds(0.9996), show_seconds(0.9994)), ("1 s".to_owned(), "999 ms".to_owned()));
        assert_eq!(show_seconds(f64::INFINITY), "∞");
        assert_eq!(significant(100.0, 3), "100");
    }

    #[test]
    fn factors_have_three_digits() {
        for (factor, text) in [
            (1_797_360.0, "1,800,000"),
            (95_237.0, "95,200"),
            (2_345.6, "2,350"),
            (999.7, "1,000"),
            (640.3, "640"),
            (2.0, "2"),
            (1.45678, "1.46"),
            (1.03, "1.03"),
            (1.004_1, "1.004"),
            (0.999_6, "0.9996"),
            (0.999_96, "1"),
            (1.000_000_004, "1"),
            (0.95, "0.95"),
            (0.123_456, "0.123"),
            (1.0, "1"),
            (0.0, "0"),
            (f64::INFINITY, "∞"),
        ] {
            assert_eq!(show_factor(factor), text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn a_duration_shown_is_read_back_to_its_rounding(nanos in 0_u64..3_000_000_000_000_000_000, shift in 0_u32..60) {
            // Two units of which the smaller is cut: an hour of two days, a minute of an hour.
            let duration = Duration::from_nanos(nanos >> shift);
            let back = read_duration(&show_duration(duration)).unwrap();
            prop_assert!(back.abs_diff(duration) <= duration.mul_f64(0.021), "{} for {duration:?}", show_duration(duration));
        }

        #[test]
        fn whole_sizes_are_read_back(bytes in 0_u64..1024, unit in prop::sample::select(vec![("B", 1), ("KiB", 1_u64 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)])) {
            prop_assert_eq!(read_size(&format!("{bytes} {}", unit.0)), Ok(bytes * unit.1));
            // Three digits are shown: the fourth may be rounded away.
            let shown = show_bytes((bytes * unit.1) as f64);
            prop_assert!(read_size(&shown).is_ok_and(|back| back.abs_diff(bytes * unit.1) <= bytes * unit.1 / 200), "{shown}");
        }

        #[test]
        fn factors_are_near_the_number_and_no_more_precise_than_that(power in -9_f64..15.0) {
            let factor = 10_f64.powf(power);
            let shown = show_factor(factor);
            let back: f64 = shown.replace(',', "").parse().unwrap();
            prop_assert!((back - factor).abs() <= factor * 0.005_1, "{factor}: {shown}");
            let digits = shown.replace([',', '.'], "");
            prop_assert!(digits.trim_matches('0').len() <= 3 || (factor - 1.0).abs() < 0.01, "{factor}: {shown}");
        }

        #[test]
        fn three_digits_are_near_the_number(value in -1e15_f64..1e15, shift in 0..25) {
            let value = value / 10_f64.powi(shift);
            let back: f64 = significant(value, 3).parse().unwrap();
            prop_assert!((back - value).abs() <= value.abs() * 0.005_1, "{value}: {back}");
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in "(?s:.{0,40})", likely in "[0-9._ nsuµmhdkMGiB]{0,40}") {
            for text in [text, likely] {
                let _ = (read_duration(&text), read_size(&text));
            }
        }

        #[test]
        fn no_number_makes_a_show_function_panic(bits in any::<u64>(), whole in any::<i64>()) {
            let number = f64::from_bits(bits);
            let _ = (show_seconds(number), show_bytes(number), show_number(number), significant(number, 3), show_count(whole));
        }
    }
}
