//! No error without a case: what the code can say is read from its source, and compared with what was said.

use std::collections::BTreeSet;
use std::path::Path;

use crate::source::{self, Text};
use crate::{files, texts, themes};

/// Where the words of mistakes come from.
const SPEAKING: &[&str] = &[
    "scenario",
    "contender/settings.rs",
    "units.rs",
    "trace/file.rs",
    "measure/text_file.rs",
    "measure/distribution/saved.rs",
    "measure/recording/file.rs",
    "measure/recording/weight.rs",
    "history/entry.rs",
    "history/file.rs",
    "cli/history/mod.rs",
    "cli/selection.rs",
    "cli/side_by_side.rs",
    "mistake.rs",
    "report/slides/theme/read.rs",
];

/// Everything that the cases made the program say.
fn said() -> Vec<String> {
    texts::messages().into_iter().chain(themes::messages()).map(|(_, message)| message).chain(files::all().iter().map(|seen| seen.told.clone())).collect()
}

/// The parts of a text between its placeholders.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '{' if characters.peek() == Some(&'{') => _ = characters.next().map(|brace| parts.last_mut().unwrap().push(brace)),
            '}' if characters.peek() == Some(&'}') => _ = characters.next().map(|brace| parts.last_mut().unwrap().push(brace)),
            '{' => {
                characters.by_ref().find(|character| *character == '}');
                parts.push(String::new());
            }
            other => parts.last_mut().unwrap().push(other),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Whether a message can have been made of a text: all its parts in order.
fn made_of(message: &str, parts: &[String]) -> bool {
    let mut rest = message;
    parts.iter().all(|part| match rest.find(part.as_str()) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// Texts without a letter say nothing by which they could be known.
fn says_something(parts: &[String]) -> bool {
    parts.iter().any(|part| part.chars().filter(|character| character.is_alphabetic()).count() >= 3)
}

#[test]
fn no_error_is_without_a_case() {
    let said = said();
    let reached = |text: &str| {
        let parts = parts(text);
        says_something(&parts) && said.iter().any(|message| made_of(message, &parts))
    };
    let variants: Vec<(String, bool)> = source::variants().into_iter().filter_map(|variant| Some((variant.name, reached(&variant.text?)))).collect();
    assert!(variants.len() > 50, "the source must be found: {}", variants.len());
    compare("variant", &variants, ELSEWHERE);

    let texts: Vec<Text> = source::texts(SPEAKING).into_iter().filter(|text| says_something(&parts(&text.text))).collect();
    assert!(texts.len() > 80, "the source must be found: {}", texts.len());
    let unreached: Vec<&Text> = texts.iter().filter(|text| !reached(&text.text) && !UNSAID.iter().any(|(unsaid, _)| *unsaid == text.text)).collect();
    assert!(unreached.is_empty(), "no case in tests/bad_input makes the program say these; add one to files.rs or texts.rs:\n{unreached:#?}");
    for (unsaid, by) in UNSAID {
        has_a_reason(unsaid, by);
        assert!(texts.iter().any(|text| text.text == *unsaid), "{unsaid:?} in UNSAID is not in the source any more");
        assert!(!reached(unsaid), "{unsaid:?} in UNSAID is said by a case: take it out");
    }
}

fn compare(what: &str, all: &[(String, bool)], elsewhere: &[(&str, &str)]) {
    let listed: BTreeSet<&str> = elsewhere.iter().map(|(name, _)| *name).collect();
    let unreached: Vec<&str> = all.iter().filter(|(name, reached)| !reached && !listed.contains(name.as_str())).map(|(name, _)| name.as_str()).collect();
    assert!(
        unreached.is_empty(),
        "no case in tests/bad_input reaches these {what}s; add one to files.rs, or name in ELSEWHERE the test that does:\n{}",
        unreached.join("\n")
    );
    for (name, by) in elsewhere {
        let there = all.iter().find(|(other, _)| other == name);
        let (_, reached) = there.unwrap_or_else(|| panic!("{name} in ELSEWHERE does not exist any more"));
        assert!(!reached, "{name} in ELSEWHERE is reached by a case: take it out");
        has_a_reason(name, by);
    }
}

/// `path::test` must be there; anything else says why no case can be.
fn has_a_reason(name: &str, by: &str) {
    if let Some((file, test)) = by.split_once(".rs::") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{file}.rs"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {}: {error}", path.display()));
        assert!(text.contains(&format!("fn {test}(")), "{name}: {file}.rs has no test {test}");
    } else {
        let reason = ["cannot be provoked: ", "not of input: "].iter().any(|start| by.starts_with(start));
        assert!(reason, "{name}: name a test, or say why it cannot be provoked");
    }
}

/// The comparison must be able to fail.
#[test]
#[should_panic(expected = "no case in tests/bad_input reaches these variants")]
fn a_variant_without_a_case_is_found() {
    compare("variant", &[("Error::Known".to_owned(), true), ("Error::New".to_owned(), false)], &[]);
}

#[test]
fn parts_are_what_stands_between_placeholders() {
    assert_eq!(parts("a {b:?} c {{d}} {e}"), ["a ", " c {d} "]);
    assert!(made_of("x a 1 c {d} 2", &parts("a {b:?} c {{d}} {e}")) && !made_of("c {d} a", &parts("a {b} c")));
}

/// Variants that are not of bad input, or cannot be had from a file: the test that reaches them, or why none can.
const ELSEWHERE: &[(&str, &str)] = &[
    ("Unpackable::Broken", "src/protocols/http/changes/gzip.rs::a_bomb_is_refused_at_the_limit"),
    ("Unpackable::TooLarge", "src/protocols/http/changes/gzip.rs::a_bomb_is_refused_at_the_limit"),
    ("Broken::Parser", "src/protocols/xmpp/client/lean/tests.rs::what_is_forbidden_or_broken_is_named"),
    ("Broken::Restricted", "src/protocols/xmpp/client/lean/tests.rs::what_is_forbidden_or_broken_is_named"),
    ("Broken::TooDeep", "tests/xmpp/clients.rs::a_lean_client_keeps_to_its_limits"),
    ("Broken::LargeTag", "src/protocols/xmpp/client/lean/tests.rs::no_stream_fills_the_memory"),
    ("Broken::TooLarge", "src/protocols/xmpp/client/lean/tests.rs::no_stream_fills_the_memory"),
    ("Broken::Unexpected", "src/protocols/xmpp/client/lean/tests.rs::what_is_forbidden_or_broken_is_named"),
    ("Broken::Xml", "src/protocols/xmpp/client/lean/tests.rs::what_is_forbidden_or_broken_is_named"),
    ("CallError::Broken", "tests/http_client/hostile.rs::what_a_bad_server_does_is_counted_and_polling_goes_on"),
    ("CallError::Closed", "tests/http_client/hostile.rs::stopping_takes_no_longer_than_a_second_and_loses_no_count"),
    ("CallError::Malformed", "tests/http_client/hostile.rs::what_is_wrong_with_a_first_response_is_a_fault_that_names_it"),
    ("CallError::Refused", "tests/http_client/lives.rs::a_server_that_is_gone_is_a_fault_within_a_second"),
    ("CallError::Timeout", "tests/http_client/hostile.rs::connecting_has_a_deadline_too"),
    ("CampaignError::Save", "tests/sudden_death/files.rs::full_while_saving"),
    ("CampaignError::Trial", "tests/processes.rs::a_killed_server_ends_the_run_and_earlier_trials_stay"),
    ("Fault::Connection", "tests/http_client/lives.rs::a_server_that_is_gone_is_a_fault_within_a_second"),
    ("Fault::Protocol", "tests/xmpp/clients.rs::the_end_of_a_stream_says_why"),
    ("Fault::Refused", "tests/http_client/lives.rs::a_topic_that_does_not_exist_is_a_fault"),
    ("Fault::Timeout", "tests/http_client/hostile.rs::connecting_has_a_deadline_too"),
    ("BadStream::Endless", "src/contenders/sse/event.rs::what_cannot_be_a_stream_is_told"),
    ("BadStream::NotBase64", "src/contenders/sse/event.rs::what_cannot_be_a_stream_is_told"),
    ("Malformed::Line", "src/contenders/rest_longpoll/frame.rs::what_is_no_update_is_told_with_its_place"),
    ("Malformed::End", "src/contenders/rest_longpoll/frame.rs::what_is_no_update_is_told_with_its_place"),
    ("Malformed::BodyTooLarge", "src/protocols/http/response/tests.rs::what_is_wrong_is_named"),
    ("Malformed::Chunk", "src/protocols/http/response/tests.rs::what_is_wrong_is_named"),
    ("Malformed::Coding", "src/protocols/http/response/tests.rs::what_is_wrong_is_named"),
    ("Malformed::CutShort", "src/protocols/http/response/tests.rs::what_is_wrong_is_named"),
    ("Malformed::Head", "src/protocols/http/response/tests.rs::what_is_wrong_is_named"),
    ("Malformed::HeadTooLarge", "src/protocols/http/response/tests.rs::what_is_wrong_is_named"),
    ("Malformed::Length", "src/protocols/http/response/tests.rs::what_is_wrong_is_named"),
    ("Malformed::Status", "src/protocols/http/response/tests.rs::what_is_wrong_is_named"),
    ("Malformed::TooManyFields", "src/protocols/http/response/tests.rs::what_is_wrong_is_named"),
    ("Malformed::TwoLengths", "src/protocols/http/response/tests.rs::what_is_wrong_is_named"),
    ("HandicapError", "src/measure/handicap.rs::what_is_asked_for_is_read_and_shown_again"),
    ("NamespaceError::Refused", "cannot be provoked: tests that make namespaces run as root, who may enter any"),
    ("PlanError::Settings", "cannot be provoked: the reader of scenarios has put the same question and was answered"),
    ("RasterError::Png", "cannot be provoked: every picture that fits memory can be written"),
    ("RasterError::Width", "src/report/charts/raster.rs::what_cannot_be_drawn_is_an_error"),
    ("ReportError::Make", "cannot be provoked: every format holds every summary that there is"),
    ("ReportError::Write", "tests/report_command.rs::a_folder_that_cannot_be_written_is_named"),
    ("SettingsError", "src/contender/settings.rs::defaults_are_filled_in_and_slips_named"),
    ("SideError::Assignment", "not of input: harness and sides are the same program, and the harness has read the same scenario"),
    ("SideError::Bind", "tests/witnesses/wire.rs::an_address_that_is_taken_is_named"),
    ("SideError::Orphaned", "tests/sudden_death/main.rs::whatever_dies_what_was_measured_stays"),
    ("SideError::OutOfTurn", "not of input: harness and sides are the same program"),
    ("SideError::System", "not of input: the system refuses what it has given to every side before"),
    ("TemplateError", "src/report/html/template.rs::errors_name_file_line_and_remedy"),
    ("TooLong", "cannot be provoked: it is handed up within the reader, and told as TraceError::Line"),
    ("TrialError::Died", "tests/processes.rs::the_last_words_of_a_side_are_told"),
    ("TrialError::Failed", "not of input: a side says why it failed; a server or client of ours that breaks its protocol"),
    ("TrialError::Launch", "not of input: the program that is started is the one that runs"),
    ("TrialError::OutOfTurn", "not of input: harness and sides are the same program"),
    ("TrialError::Silent", "tests/sudden_death/sides.rs::stop"),
    ("TrialError::Trace", "not of input: a file of updates that changes while it is run"),
];

/// Texts of which no message is made by a case, and why.
const UNSAID: &[(&str, &str)] = &[
    ("Written to {}: {}\n", "cannot be provoked: it is no error, and said on standard output"),
    ("any text", "cannot be provoked: a setting that takes any text refuses none"),
    ("{mechanism:?} is not known", "cannot be provoked: the word has just been found among those that are"),
    ("{value:?} is not a value for {path:?}", "cannot be provoked: the values of a load point are written by the reader of the sweep"),
    ("it cannot be read", "cannot be provoked: without quotes a line can have the wrong number of columns, or not be UTF-8"),
    ("too many updates", "src/trace/file.rs::too_many_updates_are_refused"),
];
