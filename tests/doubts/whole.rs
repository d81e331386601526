//! The run as a whole: what was measured at all, of which updates, in whose time.

use std::rc::Rc;

use pushbench::measure::clock::RealClock;
use pushbench::summary::Grade;

use crate::load::{alone, contender, grade, setting, together};

/// Interrupted in its only trial, in its second of two, and not at all.
#[test]
fn an_interrupted_run() {
    let _alone = alone();
    let run = |interrupted| setting().with("span", "\"1500ms\"").and(&contender("faulty-memory", "", "")).run_by(Rc::new(RealClock), 2, interrupted);
    let (first, second, never) = (run(Some(1)), run(Some(2)), run(None));
    assert_eq!(grade(&first, "nothing-measured"), Some(Grade::Untrusted));
    assert_eq!((grade(&second, "nothing-measured"), grade(&second, "incomplete")), (None, Some(Grade::Note)));
    assert_eq!((grade(&never, "nothing-measured"), grade(&never, "incomplete")), (None, None));
}

#[test]
fn traces_that_differ() {
    let _alone = alone();
    let run = |seed: &str| setting().with("span", "\"500ms\"").with("seed", seed).and(&contender("faulty-memory", "", "")).run();
    let first = run("7");
    assert_eq!(grade(&together(first.clone(), run("8")), "trace"), Some(Grade::Untrusted));
    assert_eq!(grade(&together(first, run("7")), "trace"), None);
}

#[test]
fn compressed_time() {
    let _alone = alone();
    for (compression, expected) in [("2", Some(Grade::Note)), ("1", None)] {
        let setting = setting().with("compression", compression).with("timeout", "\"2s\"").and(&contender("faulty-memory", "", ""));
        assert_eq!(grade(&setting.run(), "compression"), expected, "{compression}");
    }
}
