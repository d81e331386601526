//! Every input that was kept goes through its entrance again; and whoever adds an entrance adds all that belongs to it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{TARGETS, Target};

/// Something in `fuzz/`.
fn place(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(path)
}

/// The inputs in a folder, in the order of their names; none where there is no folder.
fn inputs(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(target: &Target) -> usize {
    let files: Vec<PathBuf> = ["corpus", "regressions"].iter().flat_map(|kind| inputs(&place(&format!("{kind}/{}", target.name)))).collect();
    for file in &files {
        let bytes = fs::read(file).unwrap();
        let held = std::panic::catch_unwind(|| (target.run)(&bytes));
        assert!(held.is_ok(), "{} breaks {}", file.display(), target.name);
    }
    files.len()
}

#[test]
fn every_input_that_was_kept_is_taken() {
    // Side by side: they have nothing in common.
    std::thread::scope(|scope| {
        let running: Vec<_> = TARGETS.iter().map(|target| (target.name, scope.spawn(|| replay(target)))).collect();
        for (name, running) in running {
            let taken = running.join().unwrap_or_else(|_| panic!("{name} does not hold"));
            assert!(taken > 0, "fuzz/corpus/{name} is empty");
        }
    });
}

#[test]
fn each_entrance_has_a_binary_and_a_corpus_and_nothing_else_has() {
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len());
    let manifest = fs::read_to_string(place("Cargo.toml")).unwrap();
    let binaries: BTreeSet<String> = manifest.split("[[bin]]").skip(1).map(|binary| binary.split('"').nth(1).unwrap_or_default().to_owned()).collect();
    assert_eq!(binaries, names, "the binaries of fuzz/Cargo.toml (left) and the entrances (right)");
    let listed = |kind: &str| -> BTreeSet<String> {
        inputs(&place(kind)).iter().filter_map(|path| path.file_stem()).map(|name| name.to_string_lossy().into_owned()).collect()
    };
    assert_eq!(listed("fuzz_targets"), names, "the files in fuzz/fuzz_targets (left) and the entrances (right)");
    assert_eq!(listed("corpus"), names, "the folders in fuzz/corpus (left) and the entrances (right)");
    let results = fs::read_to_string(place("results.csv")).unwrap();
    let run: BTreeSet<String> = results.lines().skip(1).filter_map(|line| line.split(',').next()).map(str::to_owned).collect();
    assert_eq!(run, names, "the targets that fuzz/results.csv has been told of by scripts/fuzz.sh (left) and the entrances (right)");
    assert!(listed("regressions").is_subset(&names), "a folder in fuzz/regressions belongs to no entrance");
    for name in &names {
        let text = fs::read_to_string(place(&format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(text.contains(&format!("pushbench_fuzz::target!({name});")), "fuzz/fuzz_targets/{name}.rs runs another entrance");
    }
}

/// `scripts/fuzz.sh` builds what is locked: a dependency of ours that `fuzz/` has not heard of would stop it.
#[test]
fn what_the_fuzzer_builds_is_locked() {
    let manifest: toml_edit::DocumentMut = fs::read_to_string(place("../Cargo.toml")).unwrap().parse().unwrap();
    let lock = fs::read_to_string(place("Cargo.lock")).unwrap();
    let ours: Vec<&str> = manifest["dependencies"].as_table().unwrap().iter().map(|(name, _)| name).collect();
    let unknown: Vec<&&str> = ours.iter().filter(|name| !lock.contains(&format!("name = \"{name}\"\n"))).collect();
    assert!(ours.len() > 30 && unknown.is_empty(), "run `cargo fetch` in fuzz/, which has not heard of {unknown:?}");
}

/// A corpus that nobody would clone or wait for serves nobody.
#[test]
fn the_corpus_stays_small() {
    let (mut files, mut bytes) = (0, 0);
    for file in TARGETS.iter().flat_map(|target| inputs(&place(&format!("corpus/{}", target.name)))) {
        files += 1;
        bytes += fs::metadata(file).unwrap().len();
    }
    assert!(files <= 2_000 && bytes <= 2_000_000, "{files} files of {bytes} bytes in all in fuzz/corpus");
}

/// Found by `recording_values`: two counts that each fit ended in an overflow once reports added them up.
#[test]
fn counts_that_no_sum_can_hold_are_refused_as_they_are_read() {
    let mut recording = crate::summary::fixture::made_up().build();
    for trial in &mut recording.trials {
        trial.deliveries.delivered = u64::MAX / 2;
    }
    let text = serde_json::to_string(&recording).unwrap();
    let refusal = crate::measure::recording::Recording::parse(&text, "recording.json").unwrap_err().to_string();
    assert!(refusal.contains("recording.json") && refusal.contains("counts are larger than any run can have"), "{refusal}");
}
