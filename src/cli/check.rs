//! `pushbench check`.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use clap::Args;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use super::REGISTRY;
use super::exit::{Exit, Trouble};
use super::selection::Selection;
use crate::doctor::{self, Concern, Finding, Verdict};
use crate::measure::facts::Facts;
use crate::measure::recording::TrialKind;
use crate::plan::{Estimate, Limits, Plan, PlannedTrial, estimate};
use crate::scenario::{Registry, Scenario, Topology};
use crate::units::{show_bytes, show_count, show_duration, show_number};

/// From so many on, queues and limits of the kernel matter.
const MANY_CONNECTIONS: u64 = 500;

/// Validates a scenario and tells what a run of it would do and need
///
/// Nothing is started and nothing is sent. Updates and deliveries are counted from the very trace that a run would use;
/// requests and messages are what each contender expects of itself.
///
/// For example: pushbench check scenarios/friendfeed-day.toml
#[derive(Debug, Args)]
pub struct CheckArguments {
    #[command(flatten)]
    selection: Selection,
}

/// Validates a scenario and tells what a run of it would do and need
///
/// # Errors
/// The scenario has a mistake (2), or this machine cannot hold it (3).
pub fn check(arguments: &CheckArguments) -> Result<Exit, Trouble> {
    let facts = Facts::read();
    let report = report(&arguments.selection, REGISTRY, Limits::of(&facts), &doctor::findings(&facts))?;
    // A reader that has gone away wants no more; that is no error.
    let _ = io::stdout().write_all(report.text.as_bytes());
    match report.shortages {
        Some(shortages) => Err(Trouble::cannot_run(shortages)),
        None => Ok(Exit::Fine),
    }
}

/// What to print, and what this machine does not have.
struct Report {
    text: String,
    shortages: Option<String>,
}

fn report(selection: &Selection, registry: Registry, limits: Limits, findings: &[Finding]) -> Result<Report, Trouble> {
    let (scenario, plan) = selection.read(registry)?;
    let estimates = estimate(&scenario, &plan, registry).map_err(Trouble::usage)?;
    // Repeats need what the first one needs: once is enough to say.
    let firsts: Vec<(&PlannedTrial, &Estimate)> =
        plan.trials.iter().zip(&estimates).filter(|(trial, _)| trial.repeat == 1 && trial.kind == TrialKind::Measured).collect();
    let shortages: Vec<String> = firsts.iter().flat_map(|(trial, estimate)| limits.shortages(trial, estimate)).map(|shortage| shortage.to_string()).collect();
    let mut text = head(&scenario);
    let repeats = plan.trials.last().map_or(0, |trial| trial.repeat);
    let _ = writeln!(text, "\n{}\n", tables(&scenario, &firsts, repeats));
    let _ = writeln!(text, "{}", foot(&plan, &estimates));
    text.push_str(&amiss(findings, &estimates));
    if shortages.is_empty() {
        let _ = writeln!(text, "This machine can hold this scenario.");
    }
    let shortages = (!shortages.is_empty()).then(|| format!("this machine cannot hold the scenario\n{}", shortages.join("\n")));
    Ok(Report { text, shortages })
}

/// Title and conditions.
fn head(scenario: &Scenario) -> String {
    let workload = &scenario.workload;
    let mut text = format!("{}\n", scenario.title);
    if let Some(source) = &scenario.source {
        let _ = writeln!(text, "Source: {source}");
    }
    let each = match workload.topology {
        Topology::Mesh { topics_per_subscriber } => format!(", {} topics each", show_count(i64::from(topics_per_subscriber))),
        Topology::FanIn | Topology::FanOut => String::new(),
    };
    let span = show_duration(workload.span);
    let time = if workload.compression > 1.0 {
        format!("{span} in {} (compression {})", show_duration(workload.compress(workload.span)), show_number(workload.compression))
    } else {
        format!("{span} in real time")
    };
    let some = |count: u32, thing: &str| format!("{} {thing}{}", show_count(i64::from(count)), if count == 1 { "" } else { "s" });
    let (topics, subscribers) = (some(workload.topics, "topic"), some(scenario.subscribers.count, "subscriber"));
    let payload = show_bytes(workload.payload as f64);
    let topology = workload.topology.name();
    let _ = writeln!(text, "{topology} · {topics} · {subscribers}{each} · payload {payload} · {time} · seed {}", workload.seed);
    text
}

/// Marks a forecast that is a bound: how much there will be depends on what happens.
fn at_most(is_bound: bool, figure: String) -> String {
    if is_bound { format!("≤ {figure}") } else { figure }
}

/// What each trial does, then what it needs: two tables, so that either fits a terminal.
fn tables(scenario: &Scenario, firsts: &[(&PlannedTrial, &Estimate)], repeats: u32) -> String {
    let count = |value: u64| show_count(value as i64);
    let does = grid(scenario, firsts, ["trials", "each takes", "requests", "per second", "messages", "deliveries"], |estimate| {
        [
            show_count(i64::from(repeats)),
            rounded(estimate.duration()),
            at_most(estimate.forecast.at_most, count(estimate.forecast.requests)),
            show_number(estimate.forecast.requests as f64 / estimate.window.as_secs_f64()),
            at_most(estimate.forecast.at_most, count(estimate.forecast.messages)),
            count(estimate.totals.deliveries),
        ]
    });
    let needs = grid(scenario, firsts, ["set-up messages", "descriptors: server", "each subscriber process", "memory"], |estimate| {
        [
            count(estimate.forecast.setup_messages),
            count(estimate.server_descriptors),
            count(estimate.subscriber_descriptors),
            show_bytes(estimate.memory as f64),
        ]
    });
    format!("{}\n\n{}", does.trim_fmt(), needs.trim_fmt())
}

/// A row for each contender at each load point.
fn grid<const N: usize>(scenario: &Scenario, firsts: &[(&PlannedTrial, &Estimate)], columns: [&str; N], cells: impl Fn(&Estimate) -> [String; N]) -> Table {
    const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    let swept = !scenario.sweep.is_empty();
    let names: &[&str] = if swept { &["contender", "load point"] } else { &["contender"] };
    let mut table = Table::new();
    table.load_style(STYLE).set_header(names.iter().chain(&columns));
    for (trial, estimate) in firsts {
        let load_point = swept.then(|| trial.load_point.to_string());
        table.add_row([trial.name.clone()].into_iter().chain(load_point).chain(cells(estimate)));
    }
    for column in table.column_iter_mut().skip(names.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn foot(plan: &Plan, estimates: &[Estimate]) -> String {
    let total: Duration = estimates.iter().map(Estimate::duration).sum();
    let measured = plan.measured().count();
    let baselines = plan.trials.len() - measured;
    let baselines = if baselines > 0 {
        let extra = plan.trials.iter().zip(estimates).filter(|(trial, _)| trial.kind != TrialKind::Measured).map(|(_, estimate)| estimate.duration());
        format!(", and {baselines} null and idle ones ({})", rounded(extra.sum()))
    } else {
        String::new()
    };
    let order = if measured > 1 { ", in the order of the table, then reversed, and so on" } else { "" };
    format!(
        "{measured} trials{order}{baselines}: about {} in all. Set-up time is a guess; all times are measured time.\n\
         Requests, messages and deliveries are those of the window; requests and messages are the contenders' own forecasts.",
        rounded(total),
    )
}

/// What on this machine is not as this scenario wants it; empty where all is.
fn amiss(findings: &[Finding], estimates: &[Estimate]) -> String {
    let many = estimates.iter().any(|estimate| estimate.connections >= MANY_CONNECTIONS);
    let anew = estimates.iter().any(|estimate| estimate.connections_per_second > 0.0);
    let matters = |finding: &&Finding| match finding.concern {
        _ if finding.verdict < Verdict::Note => false,
        Concern::Every => true,
        Concern::Connections => many || finding.verdict == Verdict::Bad,
        Concern::Reconnecting => anew,
        Concern::Special => false,
    };
    let mut text = String::new();
    for finding in findings.iter().filter(matters) {
        let grade = if finding.verdict == Verdict::Bad { "bad" } else { "note" };
        let _ = writeln!(text, "  {grade}: {}: {}. {}", finding.what, finding.value, finding.why);
    }
    if text.is_empty() { text } else { format!("\nOn this machine (`pushbench doctor` tries more, and says what mends it):\n{text}\n") }
}

/// To a tenth of a second below a minute, to a second above: these are estimates.
fn rounded(duration: Duration) -> String {
    let grain = if duration < Duration::from_secs(60) { 10.0 } else { 1.0 };
    show_duration(Duration::from_secs_f64((duration.as_secs_f64() * grain).round() / grain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::testing::{BASE, REGISTRY};

    const ROOMY: Limits = Limits { descriptors: 1 << 20, ports: 28_232, port_rest: 2.0, memory: 1 << 40 };
    const PULL: &str = "[[contender]]\nuse = \"fake-pull\"\nname = \"pull\"\ninterval = \"5m\"\n";

    fn report_of(text: &str, limits: Limits, change: impl FnOnce(&mut Selection)) -> Result<Report, Trouble> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.toml");
        std::fs::write(&path, text).unwrap();
        let mut selection = Selection { scenario: path, seed: None, only: None, repeats: None };
        change(&mut selection);
        report(&selection, REGISTRY, limits, &[])
    }

    #[test]
    fn the_table_says_what_a_run_would_do() {
        let report = report_of(&format!("source = \"a talk\"\n{BASE}{PULL}"), ROOMY, |_| {}).unwrap();
        assert!(report.shortages.is_none());
        insta::assert_snapshot!(report.text);
    }

    #[test]
    fn a_sweep_has_a_column_of_its_own() {
        let text = format!("{BASE}{PULL}[sweep]\n\"contender.pull.interval\" = [\"1m\", \"10m\"]");
        let report = report_of(&text, ROOMY, |selection| selection.repeats = Some(1)).unwrap();
        assert!(report.text.contains("contender.pull.interval=10m"), "{}", report.text);
        assert!(report.text.contains("3 trials"), "{}", report.text);
    }

    #[test]
    fn seed_and_selection_are_heeded() {
        let report = report_of(&format!("{BASE}{PULL}"), ROOMY, |selection| {
            selection.seed = Some(77);
            selection.only = Some(vec!["pull".to_owned()]);
        });
        let text = report.unwrap().text;
        assert!(text.contains("seed 77") && !text.contains("fake-push") && text.contains("2 trials"), "{text}");
        let unknown = report_of(BASE, ROOMY, |selection| selection.only = Some(vec!["pull".to_owned()])).err().unwrap();
        assert_eq!(unknown.exit, Exit::Usage);
    }

    /// What is amiss is shown where it matters: half-open connections only to those who open many.
    #[test]
    fn findings_that_matter_are_shown() {
        use crate::measure::facts::Settings;
        let settings = Settings { cores_allowed: vec![0], handshake_queue: Some(100), port_reuse: Some(0), ..Settings::default() };
        let mut facts = Facts { settings, ..Facts::default() };
        facts.machine.congestion_control = "bbr".to_owned();
        let findings = doctor::findings(&facts);
        let estimates = |lines: &str| {
            let scenario = crate::scenario::testing::scenario_with(lines).unwrap();
            estimate(&scenario, &Plan::new(&scenario, None, None).unwrap(), REGISTRY).unwrap()
        };
        let few = amiss(&findings, &estimates(""));
        assert!(few.contains("\n  bad: Cores for pushbench: 1. Server and load take turns"), "{few}");
        assert!(!few.contains("Half-open") && !few.contains("tcp_tw_reuse") && !few.contains("Congestion"), "{few}");
        let many = amiss(&findings, &estimates("[subscribers]\nconnections = 600"));
        assert!(many.contains("  note: Half-open connections: 100.") && !many.contains("tcp_tw_reuse"), "{many}");
        let anew = amiss(&findings, &estimates("[[contender]]\nuse = \"fake-pull\"\nname = \"pull\"\ninterval = \"5m\"\nconnection = \"per-poll\"\n"));
        assert!(anew.contains("  note: Reuse of ports (tcp_tw_reuse): off."), "{anew}");
        assert_eq!(amiss(&[], &estimates("")), "");
    }

    #[test]
    fn a_mistake_is_wrong_usage_and_a_shortage_cannot_run() {
        let mistake = report_of(&BASE.replace("fan-in", "ring"), ROOMY, |_| {}).err().unwrap();
        assert_eq!(mistake.exit, Exit::Usage);
        let missing = report_of(&BASE.replace("updates_per_active_topic = 2", "arrivals = { csv = \"none.csv\" }"), ROOMY, |_| {}).err().unwrap();
        assert_eq!(missing.exit, Exit::Usage);
        let short = report_of(BASE, Limits { descriptors: 5, ..ROOMY }, |_| {}).unwrap().shortages.unwrap();
        assert!(short.starts_with("this machine cannot hold the scenario\nfake-push needs 9 descriptors"), "{short}");
    }
}
