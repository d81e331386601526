//! `pushbench report` as its users meet it: exit codes, files, what stands on standard output.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use pushbench::measure::recording::Recording;
use pushbench::report::charts;
use pushbench::summary::fixture::made_up;

fn pushbench(recording: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("pushbench").unwrap();
    let output = command.arg("report").arg(recording).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn saved(recording: &Recording) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    recording.save(folder.path()).unwrap();
    folder
}

#[test]
fn everything_is_made_next_to_the_recording() {
    let folder = saved(&made_up().scale(0.05).build());
    let (code, out, err) = pushbench(folder.path(), &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("SYNTHETIC") && out.contains("Push is better") && out.contains("Written to "), "{out}");
    assert!(!out.contains('\u{1b}'), "no escape codes into a pipe");
    for file in ["summary.csv", "percentiles.csv", "timeline.csv", "summary.md", "summary.json", "report.html", "junit.xml"] {
        assert!(fs::metadata(folder.path().join(file)).unwrap().len() > 100, "{file}");
    }
    // Nothing is swept.
    for name in charts::NAMES.into_iter().filter(|name| !charts::NEED_A_SWEEP.contains(name)) {
        for ending in ["light.svg", "dark.svg", "light.png", "dark.png"] {
            assert!(folder.path().join(format!("charts/{name}-{ending}")).exists(), "{name}-{ending}");
        }
    }
    // The page shows the charts that lie beside it.
    let page = || fs::read_to_string(folder.path().join("summary.md")).unwrap();
    assert!(page().contains("<img src=\"charts/volume-light.svg\"") && page().contains("srcset=\"charts/latency-dark.svg\""), "{}", page());
    let whole = page();
    assert_eq!(pushbench(folder.path(), &["--format", "md"]).0, 0);
    assert!(page() == whole, "made again alone, it still does");
    // From the file, into another folder, the same bytes.
    let other = tempfile::tempdir().unwrap();
    let out = other.path().join("new/folder");
    let (code, ..) = pushbench(&folder.path().join("recording.json"), &["--out", out.to_str().unwrap(), "--format", "csv,md"]);
    assert_eq!(code, 0);
    assert_eq!(fs::read(out.join("summary.csv")).unwrap(), fs::read(folder.path().join("summary.csv")).unwrap());
    assert!(!out.join("summary.json").exists());
    assert!(!fs::read_to_string(out.join("summary.md")).unwrap().contains("charts/"), "there are none in that folder");
}

#[test]
fn several_recordings_are_set_side_by_side() {
    let mut after = made_up().scale(0.05).repeats(3).build();
    after.machine.cpu_model = "Imaginary 4000".to_owned();
    for trial in after.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
        trial.subscriber_traffic.window.requests *= 2;
    }
    let (before, after) = (saved(&made_up().scale(0.05).repeats(3).build()), saved(&after));
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    let second = after.path().to_str().unwrap();
    let (code, text, err) = pushbench(before.path(), &[second, "--name", "before", "--name", "after", "--out", folder]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(text.starts_with("before and after\n") && text.contains("after against before, ") && text.contains("Imaginary 4000"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 120 || line.starts_with("Written to")) && !text.contains('\u{1b}'), "{text}");
    let csv = fs::read_to_string(out.path().join("comparison.csv")).unwrap();
    assert!(csv.contains("poll-5s,,requests.total,count,before,after,") && csv.contains("mixed:machine"), "{csv}");
    let page = fs::read_to_string(out.path().join("comparison.md")).unwrap();
    assert!(page.starts_with("# before and after") && page.contains("charts/compare-latency-light.svg"), "{page}");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(out.path().join("comparison.json")).unwrap()).unwrap();
    assert_eq!(json["conditions"][0]["what"], "machine");
    for name in pushbench::report::charts::compare::NAMES {
        for ending in ["light.svg", "dark.svg", "light.png", "dark.png"] {
            assert!(out.path().join(format!("charts/{name}-{ending}")).exists(), "{name}-{ending}");
        }
    }
    assert_eq!(fs::read_dir(before.path()).unwrap().count(), 1, "nothing is written beside a recording");
}

#[test]
fn runs_without_anything_in_common_are_told_what_each_has() {
    let few = saved(&made_up().scale(0.05).build());
    let mut many = made_up().scale(0.05).many_contenders().build();
    many.contenders.iter_mut().for_each(|contender| contender.name.push_str("-other"));
    many.trials.iter_mut().for_each(|trial| trial.contender.push_str("-other"));
    let many = saved(&many);
    let (code, _, err) = pushbench(few.path(), &[many.path().to_str().unwrap(), "--name", "few", "--name", "many"]);
    assert!(code == 2 && err.contains("nothing to set side by side") && err.contains("few has poll-5s, ") && err.contains("many has "), "{err}");
    assert!(err.contains("-other, ") && err.contains(" more\n") && err.contains("help: "), "{err}");
}

#[test]
fn terminal_alone_writes_nothing() {
    let folder = saved(&made_up().scale(0.05).build());
    let (code, out, _) = pushbench(folder.path(), &["--format", "terminal"]);
    assert_eq!(code, 0);
    assert!(out.contains("Messages per update") && !out.contains("Written"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_template_of_ones_own_is_rendered_beside_the_recording() {
    let folder = saved(&made_up().scale(0.05).build());
    let own = tempfile::tempdir().unwrap();
    let template = own.path().join("my.html");
    let path = template.to_str().unwrap();
    fs::write(&template, "<ul>{% for contender in contenders %}<li>{{ contender.name }}</li>{% endfor %}</ul>").unwrap();
    let (code, out, err) = pushbench(folder.path(), &["--template", path]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("my.html"), "{out}");
    assert!(fs::read_to_string(folder.path().join("my.html")).unwrap().starts_with("<ul><li>poll-5s</li>"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is made");
    // Again, over what it made before, and with a format beside it.
    assert_eq!(pushbench(folder.path(), &["--template", path, "--format", "json"]).0, 0);
    assert!(folder.path().join("summary.json").exists());

    fs::write(&template, "fine\n{{ nothing.of.the.kind }}").unwrap();
    let (code, _, err) = pushbench(folder.path(), &["--template", path]);
    assert_eq!(code, 2);
    assert!(err.contains("my.html, line 2: undefined") && err.contains("docs/templates.md"), "{err}");
    let (code, _, err) = pushbench(folder.path(), &["--template", "no/such.html"]);
    assert!(code == 2 && err.contains("cannot read the template no/such.html"), "{err}");
}

#[test]
fn a_template_overwrites_neither_itself_nor_the_recording_nor_what_else_is_made() {
    let folder = saved(&made_up().scale(0.05).build());
    let recording = folder.path().join("recording.json");
    let before = fs::read(&recording).unwrap();
    let own = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let out = other.path().to_str().unwrap();
    let template = |name: &str| {
        let path = own.path().join(name);
        fs::write(&path, "{{ title }}").unwrap();
        path.to_str().unwrap().to_owned()
    };
    let refused = |arguments: &[&str], what: &str| {
        let (code, out, err) = pushbench(folder.path(), arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(what) && err.contains("rename the template") && err.contains("--out"), "{arguments:?}: {err}");
        assert_eq!(fs::read(&recording).unwrap(), before, "{arguments:?}: the recording is whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{arguments:?}: nothing was made");
    };

    let mine = template("my.html");
    refused(&["--template", &mine, "--out", own.path().to_str().unwrap()], "my.html is the template itself");
    assert_eq!(fs::read_to_string(&mine).unwrap(), "{{ title }}", "it is whole");

    let called_so = template("recording.json");
    refused(&["--template", &called_so], "recording.json is the recording itself");
    refused(&["--template", &called_so, "--out", out], "recording.json is where a recording is kept");
    for (format, name) in [("csv", "crossover.csv"), ("md", "summary.md"), ("json", "summary.json"), ("html", "report.html"), ("svg", "charts")] {
        refused(&["--template", &template(name), "--format", format], &format!("{name} is made by a format that is asked for"));
    }
    // Where nobody asks for the format, the name is free.
    assert_eq!(pushbench(folder.path(), &["--template", &template("report.html"), "--out", out]).0, 0);
    assert!(fs::read_to_string(other.path().join("report.html")).unwrap().starts_with("SYNTHETIC"));

    // By another name, and by a link.
    fs::rename(&recording, folder.path().join("mine.json")).unwrap();
    let (renamed, linked) = (folder.path().join("mine.json"), other.path().join("linked.json"));
    fs::hard_link(&renamed, &linked).unwrap();
    for (name, out) in [("mine.json", folder.path()), ("linked.json", other.path())] {
        let (code, _, err) = pushbench(&renamed, &["--template", &template(name), "--out", out.to_str().unwrap()]);
        assert!(code == 2 && err.contains(&format!("{name} is the recording itself")), "{err}");
        assert_eq!(fs::read(&renamed).unwrap(), before);
    }
}

#[test]
fn budgets_and_doubts_decide_the_exit_code() {
    let broken = made_up().scale(0.05).budget("poll-5s", "latency.p99", 0.25).build();
    assert_eq!(pushbench(saved(&broken).path(), &["--format", "terminal"]).0, 1);
    let mut untrusted = broken;
    untrusted.trials[0].deliveries.corrupt = 1;
    let (code, out, _) = pushbench(saved(&untrusted).path(), &["--format", "terminal"]);
    assert_eq!(code, 4, "untrusted comes before broken");
    assert!(out.contains("untrusted, poll-5s (corrupt)"), "{out}");
}

#[test]
fn wrong_recordings_are_named_with_their_fault() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = pushbench(&folder.path().join("absent"), &[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: cannot read ") && err.contains("absent"), "{err}");
    fs::write(folder.path().join("recording.json"), "{\"schema\": 99, \"tool_version\": \"7.0.0\"}").unwrap();
    let (code, _, err) = pushbench(folder.path(), &[]);
    assert_eq!(code, 2);
    assert!(err.contains("schema 99") && err.contains("7.0.0"), "{err}");
    assert_eq!(pushbench(folder.path(), &["--format", "gif"]).0, 2);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = saved(&made_up().scale(0.05).build());
    let file = folder.path().join("recording.json");
    let (code, _, err) = pushbench(&file, &["--out", file.to_str().unwrap()]);
    assert_eq!(code, 3);
    assert!(err.contains("cannot write") && err.contains("--out"), "{err}");
}
