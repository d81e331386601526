//! `junit.xml`, in the form that Jenkins, GitLab and GitHub's test reporters read.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::case::{Case, Ending};

/// A document of these cases, each in its suite. Nothing in it is of the present time: the same cases give the same bytes.
pub fn document(name: &str, cases: &[Case]) -> Result<Vec<u8>, String> {
    let mut suites: Vec<(&str, TestSuite)> = Vec::new();
    for case in cases {
        let place = suites.iter().position(|(known, _)| *known == case.suite).unwrap_or_else(|| {
            suites.push((case.suite, TestSuite::new(format!("{name}.{}", case.suite))));
            suites.len() - 1
        });
        suites[place].1.add_test_case(one(name, case));
    }
    let mut report = Report::new(format!("pushbench {name}"));
    report.add_test_suites(suites.into_iter().map(|(_, suite)| suite));
    let mut bytes = Vec::new();
    report.serialize(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn one(name: &str, case: &Case) -> TestCase {
    let mut status = match case.ending {
        Ending::Passed | Ending::Noted | Ending::Warned => TestCaseStatus::success(),
        Ending::Skipped => TestCaseStatus::skipped(),
        Ending::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Ending::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    let passed = matches!(case.ending, Ending::Passed | Ending::Noted | Ending::Warned);
    if !passed {
        status.set_message(&case.message).set_type(case.kind);
    }
    // Reporters of tests know no warning: it stands in what the case said.
    let mut made = TestCase::new(format!("{}: {}", case.whom, case.name), status);
    made.set_classname(format!("{name}.{}", case.suite));
    if passed && !case.message.is_empty() {
        made.set_system_out(&case.message);
    }
    made
}
