//! Topic names and filters (MQTT 5 §4.7; 3.1.1 §4.7).

/// Longest name or filter, bytes.
const LONGEST: usize = 1_024;

/// Whether a publication may have this topic.
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= LONGEST && !name.contains(['+', '#', '\0'])
}

/// Whether it is a filter: `+` stands for a whole level, `#` for all that are left.
pub fn is_filter(filter: &str) -> bool {
    if filter.is_empty() || filter.len() > LONGEST || filter.contains('\0') {
        return false;
    }
    let levels: Vec<&str> = filter.split('/').collect();
    levels.iter().enumerate().all(|(place, level)| match *level {
        "+" => true,
        "#" => place + 1 == levels.len(),
        level => !level.contains(['+', '#']),
    })
}

/// Whether it matches more than one name.
pub fn is_wild(filter: &str) -> bool {
    filter.contains(['+', '#'])
}

/// Whether a name matches. What begins with `$` is matched by no filter that begins with a wildcard.
pub fn matches(filter: &str, name: &str) -> bool {
    if name.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let (mut filter, mut name) = (filter.split('/'), name.split('/'));
    loop {
        match (filter.next(), name.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(wanted), Some(level)) if wanted == level => {}
            // `a/#` matches `a` too.
            (Some(_), None) | (None, Some(_)) | (Some(_), Some(_)) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_match() {
        for (filter, name, expected) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("#", "any/thing", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/x", false),
            ("+/monitor", "$SYS/monitor", false),
            ("$SYS/#", "$SYS/x", true),
            ("a/b", "a/b", true),
            ("a/b", "a/B", false),
        ] {
            assert_eq!(matches(filter, name), expected, "{filter} {name}");
        }
        for good in ["#", "+", "+/tennis/#", "sport/+/player1", "/", "a b"] {
            assert!(is_filter(good), "{good}");
        }
        for bad in ["", "sport/tennis#", "sport/tennis/#/ranking", "sport+", "a\0"] {
            assert!(!is_filter(bad), "{bad}");
        }
        assert!(is_name("a/b c") && !is_name("a/+") && !is_name("") && !is_name(&"x".repeat(1_025)));
    }
}
