//! Proves that no way of writing a path hides it.

use std::collections::BTreeSet;

use crate::house::{End, House, Place};
use crate::rules::{self, NOWHERE};
use crate::{paths, quoted};

/// A small house: `units` breaks the rules by `code`, in a module of its own below.
fn house(code: &str) -> House {
    House::of_text(&format!(
        "
        pub mod contender {{ pub use crate::measure::clock::Instant; pub trait Contender {{}} pub use crate::measure as measuring; }}
        pub mod measure {{ pub mod clock {{ pub struct Instant; pub fn now() {{}} }} pub struct Stamp; pub enum Role {{ Server }} }}
        pub mod contenders {{ mod a {{ {a} }} mod b {{ pub struct B; pub mod inner {{ pub fn f() {{}} }} }} }}
        pub mod protocols {{ pub mod http {{ pub fn get() {{}} }} pub mod xmpp {{ {xmpp} }} }}
        pub mod units {{ pub struct Bytes; mod below {{ {units} }} }}
        ",
        a = if code.contains("IN_A") { code } else { "" },
        xmpp = if code.contains("IN_XMPP") { code } else { "" },
        units = if code.contains("IN_") { "" } else { code },
    ))
}

fn breaches(code: &str) -> Vec<String> {
    rules::breaches(&house(code), &mut BTreeSet::new())
}

#[test]
fn a_breach_is_seen_however_it_is_written() {
    for code in [
        "use crate::measure::Stamp;",
        "use crate::measure;",
        "use crate::{measure};",
        "use crate::{measure::{clock::{self, Instant}, Stamp}};",
        "use crate::measure::*;",
        "use crate::*; fn f(_: measure::Stamp) {}",
        "use crate::measure as m;",
        "use crate::{self as house}; fn f() { house::measure::clock::now() }",
        "use crate as house; fn f() -> house::measure::Stamp { todo() }",
        "extern crate self as house; fn f() -> house::measure::Stamp { todo() }",
        "use super::super::measure::Stamp;",
        "use self::super::super::measure::Stamp;",
        "use super::super as up; fn f(_: up::measure::Stamp) {}",
        "fn f() { crate::measure::clock::now() }",
        "fn f() { super::super::measure::clock::now() }",
        "fn f() { use crate::measure::clock::now; now() }",
        "fn f() { use crate as house; house::measure::clock::now() }",
        "fn f(_: Vec<Option<crate::measure::Stamp>>) {}",
        "fn f<T: Into<crate::measure::Stamp>>(_: T) {}",
        "fn f(_: impl Fn(crate::measure::Stamp)) {}",
        "fn f(x: X) { match x { crate::measure::Role::Server => {} } }",
        "impl From<crate::measure::Stamp> for X {}",
        "fn f() { <crate::measure::Stamp as Default>::default(); }",
        "fn f() { <u8 as crate::contender::Contender>::f(); }",
        "const ALL: &[&dyn crate::contender::Contender] = &[];",
        "static S: crate::measure::Stamp = crate::measure::Stamp;",
        "type S = crate::measure::Stamp;",
        "pub use crate::measure::Stamp;",
        "fn f() { println!(\"{:?}\", crate::measure::clock::now()) }",
        "fn f() { vec![vec![(crate::measure::Stamp, 1)]]; }",
        "macro_rules! m { () => { $crate::measure::clock::now() } }",
        "macro_rules! m { () => { use crate::{units::Bytes, measure::{Stamp, clock}}; } }",
        "crate::measure::make!(1);",
        "#[crate::measure::attribute] fn f() {}",
        "#[derive(crate::measure::Derive)] struct S;",
        "#[serde(with = \"crate::measure::clock\")] struct S;",
        "struct S { #[serde(default = \"super::super::measure::clock::now\")] field: u8 }",
        "mod deeper { mod deepest { use super::super::super::super::measure::Stamp; } }",
        "mod deeper { use super::*; fn f(_: hidden::Stamp) {} } use crate::measure as hidden;",
        "mod names { pub use crate::measure::Stamp as Other; }",
        "fn f() { let g = || async { crate::measure::clock::now() }; }",
    ] {
        assert!(!breaches(code).is_empty(), "nobody sees what is wrong with {code}");
    }
}

#[test]
fn what_is_allowed_is_no_breach() {
    for code in [
        "use super::Bytes;",
        "use crate::units::Bytes;",
        "use crate::units::{self, Bytes}; pub(crate) fn f(_: units::Bytes) {}",
        "pub(in crate::units) fn f() {}",
        "use std::collections::BTreeMap; fn f() { let measure = 1; measure.abs(); println!(\"{measure}\"); }",
        // A crate of that name, not the room.
        "use measure::Stamp;",
        "/// See [`crate::measure`].\nfn f() {}",
        "#[cfg(test)] mod tests { use crate::measure::Stamp; }",
        "#[cfg(test)] fn f() -> crate::measure::Stamp { todo() }",
        "use tokio; use tokio::*; use serde::*; fn f() { tokio::spawn(1); spawn(2) }",
        "pub use self::inner::S; mod inner { pub use super::S; }",
        "IN_A::f!(); use crate::contender::Contender; use crate::measure::Stamp; fn f() { crate::protocols::http::get() }",
    ] {
        assert_eq!(breaches(code), [""; 0], "{code}");
    }
}

#[test]
fn neighbours_stay_apart() {
    for code in [
        "const IN_A: u8 = 0; use crate::contenders::b::B;",
        "const IN_A: u8 = 0; use super::b::B;",
        "const IN_A: u8 = 0; use super::b::{self, inner::f};",
        "const IN_A: u8 = 0; mod below { fn f() { super::super::b::inner::f() } }",
        "const IN_A: u8 = 0; use crate::units::Bytes;",
        "const IN_XMPP: u8 = 0; fn f() { super::http::get() }",
        "const IN_XMPP: u8 = 0; use crate::protocols::{http::get};",
    ] {
        assert!(!breaches(code).is_empty(), "nobody sees what is wrong with {code}");
    }
}

#[test]
fn a_breach_is_told_with_file_line_and_rule() {
    let house = House::of_text("pub mod measure { pub struct Stamp; }\npub mod units {\n    use crate::{\n        measure::Stamp,\n    };\n}");
    assert_eq!(
        rules::breaches(&house, &mut BTreeSet::new()),
        ["lib.rs:4: units uses measure (crate::measure::Stamp); units may use nothing: words and numbers"]
    );
}

#[test]
fn a_room_without_a_rule_is_a_breach() {
    let house = House::of_text("pub mod measure { pub struct Stamp; } pub mod attic { use crate::measure::Stamp; }");
    assert!(rules::breaches(&house, &mut BTreeSet::new())[0].contains("attic uses measure (crate::measure::Stamp); the room has no rule"));
}

#[test]
fn a_path_through_a_re_export_counts_for_both_rooms() {
    let house = house("");
    for path in ["crate::contender::Instant", "crate::contender::measuring::clock::now"] {
        let path: Vec<String> = path.split("::").map(str::to_owned).collect();
        let rooms: BTreeSet<String> = house
            .follow(&Place::new(), &path)
            .iter()
            .filter_map(|end| match end {
                End::Inside(place) => Some(rules::room(place)),
                End::Outside(_) => None,
            })
            .collect();
        assert_eq!(rooms, ["contender", "measure"].map(str::to_owned).into());
    }
}

#[test]
fn bans_see_through_imports_too() {
    let banned = |code: &str| {
        let house = House::of_text(&format!("pub mod run {{ mod below {{ {code} }} }}"));
        let place: Place = vec!["run".to_owned(), "below".to_owned()];
        let written = paths::written(&house.modules[&place]);
        let ends = written.iter().flat_map(|written| house.follow(&place, &written.path));
        ends.into_iter().any(|end| matches!(end, End::Outside(path) if NOWHERE.iter().any(|ban| ban.covers("run", &path.join("::")))))
    };
    for code in [
        "fn f() { std::process::exit(1) }",
        "fn f() { ::std::process::exit(1) }",
        "use std::process; fn f() { process::exit(1) }",
        "use std::process::exit as leave;",
        "use std::process::{self as p}; fn f() { p::exit(1) }",
        "use std::time::*; fn f() { Instant::now(); }",
        "use std::time::{Duration, Instant};",
        "fn f() { assert!(std::time::SystemTime::now() > x) }",
        "use tokio::time; fn f() { time::interval(x); }",
    ] {
        assert!(banned(code), "nobody sees what is wrong with {code}");
    }
    for code in ["use std::time::Duration;", "use crate::measure::clock::Instant;", "use std::process::ExitCode;", "fn f() { tokio::time::interval_at(x) }"] {
        assert!(!banned(code), "{code}");
    }
}

#[test]
fn names_in_backquotes() {
    assert_eq!(quoted(" `a`, `b/*` and c "), ["a", "b/*"].into());
    assert_eq!(quoted("nothing"), [].into());
}
