//! What `scripts/` says of a run is what happened: the fuzzer's targets and the binary of soak and evidence are stand-ins here.
//!
//! Where Python is missing, its test says `SKIPPED`; with the environment variable `CI` set it fails instead.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Writes a program for the shell.
fn program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn python() -> bool {
    let there = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(there || std::env::var_os("CI").is_none(), "python3 is missing");
    if !there {
        let _ = writeln!(std::io::stderr(), "SKIPPED: python3 is missing");
    }
    there
}

/// A house with one target, `one`, which is a stand-in.
struct House {
    folder: TempDir,
}

impl House {
    fn new(target: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["scripts", "src/fuzzing", "docs", "fuzz"] {
            fs::create_dir_all(at(path)).unwrap();
        }
        fs::copy(repository("scripts/fuzz.sh"), at("scripts/fuzz.sh")).unwrap();
        fs::write(at("src/fuzzing/mod.rs"), "    Target { name: \"one\", reads: \"ones\", run: one },\n").unwrap();
        fs::write(at("docs/reliability.md"), "<!-- table fuzzing: made by scripts/fuzz.sh -->\n<!-- end fuzzing -->\n").unwrap();
        fs::write(at("fuzz/Cargo.toml"), "name = \"pushbench-fuzz\"\nname = \"one\"\n").unwrap();
        // Cutting the corpus down is not what is looked at.
        program(&at("fuzz/target/debug/one"), &format!("case \"$*\" in *set_cover_merge*) exit 0 ;; esac\n{target}"));
        for tool in ["cargo", "c++"] {
            program(&at(&format!("bin/{tool}")), "exit 0");
        }
        Self { folder }
    }

    /// Runs the script; its exit code.
    #[expect(clippy::print_stdout, reason = "a failure is to show what the script said")]
    fn run(&self) -> Option<i32> {
        let path = format!("{}:{}", self.folder.path().join("bin").display(), std::env::var("PATH").unwrap());
        let script = self.folder.path().join("scripts/fuzz.sh");
        let Output { status, stdout, stderr } = Command::new("bash").arg(script).args(["1", "one"]).env("PATH", path).output().unwrap();
        println!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        status.code()
    }

    /// What was written down: seconds, executions and findings of each run.
    fn results(&self) -> Vec<[u64; 3]> {
        let text = fs::read_to_string(self.folder.path().join("fuzz/results.csv")).unwrap();
        let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
        rows.map(|row| [4, 5, 9].map(|column| row[column].parse().unwrap())).collect()
    }

    fn files(&self, folder: &str) -> usize {
        fs::read_dir(self.folder.path().join(folder)).map_or(0, |entries| entries.filter(|entry| entry.as_ref().unwrap().path().is_file()).count())
    }
}

/// Leaves an input where it was told to.
const FINDS: &str = "for argument; do case \"$argument\" in -artifact_prefix=*) echo x >\"${argument#*=}crash-1\" ;; esac; done";

#[test]
fn the_fuzzer_says_what_a_clean_run_did() {
    if !python() {
        return;
    }
    let house = House::new("sleep 1.1; echo '#7 DONE cov: 5 ft: 9 corp: 1'; echo 'stat::number_of_executed_units: 7'");
    assert_eq!(house.run(), Some(0));
    let [[seconds, executions, findings]] = house.results()[..] else { panic!("{:?}", house.results()) };
    assert!((1..30).contains(&seconds) && (executions, findings) == (7, 0), "{:?}", house.results());
}

#[test]
fn the_fuzzer_is_not_green_over_a_target_that_could_not_run() {
    if !python() {
        return;
    }
    for (target, status) in [("exit 127", 127), ("kill -SEGV $$", 139)] {
        let house = House::new(target);
        assert_eq!(house.run(), Some(1), "{status}");
        assert_eq!(house.results().iter().map(|row| row[2]).collect::<Vec<_>>(), [1], "{status}");
        let page = fs::read_to_string(house.folder.path().join("docs/reliability.md")).unwrap();
        assert!(page.contains("| `one` | ones |") && page.contains("| 1 |\n"), "{page}");
    }
}

#[test]
fn the_fuzzer_sees_a_finding_each_time() {
    if !python() {
        return;
    }
    let house = House::new(&format!("{FINDS}; sleep 1.1; echo '#7 NEW cov: 5 ft: 9 corp: 1'; exit 77"));
    for _ in 0..2 {
        assert_eq!(house.run(), Some(1));
    }
    let results = house.results();
    assert_eq!(results.iter().map(|row| (row[1], row[2])).collect::<Vec<_>>(), [(7, 1), (7, 1)]);
    assert!(results.iter().all(|row| row[0] >= 1), "it took its time: {results:?}");
    assert_eq!((house.files("fuzz/artifacts/one"), house.files("fuzz/artifacts/earlier/one")), (1, 1));
}

#[test]
fn a_fuzzer_that_was_interrupted_writes_nothing_down() {
    if !python() {
        return;
    }
    for status in [72, 130] {
        let house = House::new(&format!("exit {status}"));
        assert_eq!((house.run(), house.results()), (Some(130), Vec::new()), "{status}");
    }
}

/// Runs Python with the soak at hand; what it printed.
fn soak(code: &str, folder: &Path) -> String {
    with_script("soak", code, folder)
}

/// Runs Python with a script at hand, and a folder.
fn with_script(script: &str, code: &str, folder: &Path) -> String {
    let whole = format!(
        "import pathlib, sys\nsys.dont_write_bytecode = True\nsys.path.insert(0, sys.argv[1])\nimport {script}\nfolder = pathlib.Path(sys.argv[2])\n{code}"
    );
    let output = Command::new("python3").args(["-c", &whole]).arg(repository("scripts")).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_soak_of_another_binary_is_another_run() {
    if !python() {
        return;
    }
    let folder = TempDir::new().unwrap();
    for (name, more) in [("first", ""), ("second", "# built anew")] {
        program(&folder.path().join(name), &format!("echo {name} >>{}/calls {more}", folder.path().display()));
    }
    let code = "for name, load in [('first', 60), ('first', 60), ('second', 60), ('second', 120), ('first', 60)]:\n    soak.run(folder / name, 'xmpp-pubsub', load, 10, folder)";
    soak(code, folder.path());
    let calls = fs::read_to_string(folder.path().join("calls")).unwrap();
    assert_eq!(calls.lines().collect::<Vec<_>>(), ["first", "second", "second"], "each binary with each load once");
    // The same file, built anew.
    program(&folder.path().join("first"), &format!("echo anew >>{}/calls", folder.path().display()));
    soak(code, folder.path());
    assert!(fs::read_to_string(folder.path().join("calls")).unwrap().ends_with("second\nanew\n"));
}

#[test]
fn what_a_soak_does_not_trust_stands_below_its_table() {
    if !python() {
        return;
    }
    let foot = soak("print(soak.foot(10, {'cpu_model': 'X', 'cores': 2}, {'one': ['lag', 'steal'], 'other': []}))", &std::env::temp_dir());
    assert!(foot.starts_with("10 minutes each. Loads are "), "{foot}");
    assert!(foot.contains("\nNot to be trusted, by the [doubts](doubts.md) of each run: `one`: `lag`, `steal`; `other`: nothing.\n"), "{foot}");
}

/// A binary that calls every run trusted and every comparison the same; what it was asked stands in `calls`.
const TRUSTED: &str = r#"echo "$1 $PUSHBENCH_HANDICAP" >>"$(dirname "$0")/calls"
for out; do :; done
mkdir -p "$out/base/001"
recorded() { echo '{"started": "2026-11-24T06:30:00Z", "tool_version": "0.1.0", "machine": {"cpu_model": "X", "cores": 2, "kernel": "6"}}' >"$out/$1"; }
case "$1" in
  run) recorded recording.json ;;
  *) recorded base/001/recording.json; echo '{"figures": [{"contender": "push", "metric": "reach", "verdict": "equivalent", "change": 0}]}' >"$out/compare.json" ;;
esac"#;

#[test]
fn evidence_goes_on_where_it_was() {
    if !python() {
        return;
    }
    let folder = TempDir::new().unwrap();
    program(&folder.path().join("pushbench"), TRUSTED);
    let calls = || fs::read_to_string(folder.path().join("calls")).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let code = |runs: u32| {
        format!(
            "bench = evidence.Bench(folder / 'pushbench', folder / 'evidence')\nfor number in range(1, {runs}):\n    bench.run(evidence.name_of('trials', number))\n\
             bench.run('single-payload/001', bench.handicapped('payload=0.05'))\nbench.ab('same/001', bench.binary, bench.scenario, evidence.SAME_PAIRS)"
        )
    };
    with_script("evidence", &code(3), folder.path());
    assert_eq!(calls(), ["run ", "run ", "run payload=0.05", "ab "]);
    // One that was cut short is measured again, and one more is wanted.
    let cut = with_script("evidence", "print(next((folder / 'evidence').glob('*/trials/002/exit')))", folder.path());
    fs::remove_file(cut.trim()).unwrap();
    with_script("evidence", &code(4), folder.path());
    assert_eq!(calls()[4..], ["run ", "run "]);
    // Another build has measured nothing yet.
    program(&folder.path().join("pushbench"), &format!("{TRUSTED}\n# built anew"));
    with_script("evidence", &code(2), folder.path());
    assert_eq!(calls()[6..], ["run ", "run payload=0.05", "ab "]);
}

#[test]
fn evidence_draws_neighbours_and_reckons_bounds() {
    if !python() {
        return;
    }
    let folder = TempDir::new().unwrap();
    // scipy.stats.binomtest(found, of, alternative="less").proportion_ci(0.95, method="exact"), and "greater".
    let code = "print([round(evidence.at_most(*case), 6) for case in [(0, 20), (38, 1000), (5, 5)]], [round(evidence.at_least(*case), 6) for case in [(9, 10), (20, 20)]])\n\
                pairs = evidence.neighbours({1: 0, 2: 0, 3: 4, 4: 0, 5: 1, 6: 0, 7: 0})\nprint(pairs)\n\
                drawn = [evidence.draw(pairs, 2, number) for number in range(200)]\n\
                print(drawn == [evidence.draw(pairs, 2, number) for number in range(200)], all(sorted(base + new) == [1, 2, 5, 6] and abs(base[0] - new[0]) == 1 for base, new in drawn))\n\
                print(60 < sum(1 in base for base, _ in drawn) < 140)";
    let told = with_script("evidence", code, folder.path());
    assert_eq!(told, "[0.139108, 0.049513, 1.0] [0.605837, 0.860892]\n[(1, 2), (5, 6)]\nTrue True\nTrue\n");
}

#[test]
fn evidence_is_written_between_its_marks_and_says_what_has_not_passed() {
    if !python() {
        return;
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("page.md"), "before\n<!-- table evidence: made by scripts/evidence.py -->\nold\n<!-- end evidence -->\nbehind\n").unwrap();
    program(&folder.path().join("pushbench"), TRUSTED);
    let code = "bench = evidence.Bench(folder / 'pushbench', folder / 'evidence')\n\
                bench.once('slower/001', bench.binary, ['ab'], (0,))\nbench.once('same/001', bench.binary, ['ab'], (0,))\n\
                table = evidence.Table(bench)\nevidence.of_same(bench, table, 20)\nevidence.of_slower(bench, table, 10)\n\
                evidence.keep(table, folder / 'kept.json')\nagain = evidence.Table(bench, evidence.kept(bench, folder / 'kept.json'))\n\
                evidence.write(again, 'How.', folder / 'page.md')\nprint(again.failed(), evidence.conditions(again).count('pushbench 0.1.0 (`'))\n\
                bench.scenario.write_text('another')\nbench.busy.write_text('another')\nprint(evidence.kept(bench, folder / 'kept.json'))";
    let told = with_script("evidence", code, folder.path());
    assert_eq!(told, "['the slower server was found in 0 of 1 alone'] 1\n{}\n", "what was kept of another scenario does not count");
    let page = fs::read_to_string(folder.path().join("page.md")).unwrap();
    assert!(page.starts_with("before\n<!-- table evidence: made by scripts/evidence.py -->\n| what was compared |"), "{page}");
    assert!(
        page.ends_with("\n\nHow.\nNot measured yet: `trials`, `resample`, `single`.\n<!-- end evidence -->\nbehind\n")
            && page.contains("| 1 | 0 failed; 0 raised an alarm at first | failures: at most 95.0 % | 2026-11-24 |"),
        "{page}"
    );
}
