//! The disk, the folder and the program's own file.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use pushbench::measure::recording::State;

use crate::Case;
use crate::command::{Place, tiny, until};
use crate::scene::{PUSH, Phase, QUICK, Scene, Seen, readable};
use crate::served::skipped;

pub fn cases() -> Vec<Case> {
    vec![
        Case::maybe("the disk is full", "saving the second trial", full_while_saving),
        Case::maybe("the disk is full", "reports", full_while_reports),
        Case::maybe("the report folder is read-only", "from the beginning", read_only_at_first),
        Case::maybe("the report folder becomes read-only", "window of the second trial", read_only_later),
        Case::new("the report folder is deleted", "window of the second trial", deleted),
        Case::new("`--out` is a file", "from the beginning", || refused_folder(|path| fs::write(path, "").unwrap(), "File exists")),
        Case::new("`--out` is a loop of symbolic links", "from the beginning", || refused_folder(|path| symlink(path, path).unwrap(), "File exists")),
        Case::new("files may not grow (`ulimit -f`)", "saving the first trial", limited),
        Case::new("this program's file is deleted", "first trial", || own_file(|file| fs::remove_file(file).unwrap())),
        Case::new("this program's file is replaced", "first trial", || {
            own_file(|file| {
                fs::remove_file(file).unwrap();
                fs::write(file, "another version").unwrap();
            })
        }),
    ]
}

/// A mount namespace with a small file system of its own where the report goes.
struct Disk {
    holder: Child,
    report: PathBuf,
}

impl Disk {
    /// `None`, and a word about it, where this process may not.
    fn new(place: &Place, options: &str) -> Option<Self> {
        fs::create_dir(place.report()).unwrap();
        let line = format!("mount -t tmpfs -o size=1m,{options} tmpfs '{}' && echo mounted && exec sleep 600", place.report().display());
        let mut holder = match Command::new("unshare").args(["-m", "sh", "-c", &line]).stdout(Stdio::piped()).spawn() {
            Ok(holder) => holder,
            Err(error) => {
                skipped(&format!("unshare: {error}"));
                return None;
            }
        };
        let mut said = [0; 7];
        let mounted = holder.stdout.take().unwrap().read_exact(&mut said).is_ok();
        let report = PathBuf::from(format!("/proc/{}/root{}", holder.id(), place.report().display()));
        let disk = Self { holder, report };
        if !mounted {
            skipped("a mount namespace needs root");
            return None;
        }
        Some(disk)
    }

    fn enter(&self) -> [String; 4] {
        ["nsenter".to_owned(), "-m".to_owned(), "-t".to_owned(), self.holder.id().to_string()]
    }

    fn start(&self, place: Place, scenario: &str) -> Scene {
        fs::write(place.scenario(), scenario).unwrap();
        let words = self.enter();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Scene::start_with(place, &words, &[])
    }

    fn fill(&self) {
        let mut filler = File::create(self.report.join("filler")).unwrap();
        // To the last byte.
        for size in [4096, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// What is on the disk, which the test itself cannot see at its usual place.
fn left_on(disk: &Disk) -> String {
    assert!(!disk.report.join(".recording.json.draft").exists());
    let recording = readable(&disk.report);
    let state = match recording.state {
        State::Running => "not ended",
        State::Complete => "complete",
        ref other => panic!("{other:?}"),
    };
    assert!(recording.trials.iter().all(|trial| trial.complete));
    format!("recording, {state}: {} of {} trials", recording.trials.len(), recording.trials_planned)
}

fn full_while_saving() -> Option<Seen> {
    let place = Place::with("");
    let disk = Disk::new(&place, "rw")?;
    let mut scene = disk.start(place, &tiny(&format!("{QUICK}{PUSH}"), &[]));
    scene.reaches(2, Phase::Window);
    disk.fill();
    let over = scene.ends().expect(
        3,
        &[
            "error: cannot save the recording in ",
            "/report: No space left on device",
            "what was saved before is untouched. Make room there, or name another folder with --out",
        ],
    );
    assert!(over.out.contains("xmpp-pubsub"), "what was measured is still told: {}", over.out);
    Some(Seen { code: "3".to_owned(), left: left_on(&disk) + "; the comparison of all on stdout" })
}

fn full_while_reports() -> Option<Seen> {
    let place = Place::with("");
    let disk = Disk::new(&place, "rw")?;
    let mut scene = disk.start(place, &tiny(QUICK, &[]));
    scene.hears(1, "window");
    let first = disk.report.join("summary.csv");
    mkfifo(&first, Mode::S_IRWXU).unwrap();
    let recording = disk.report.join("recording.json");
    until("a complete recording", || recording.exists() && readable(&disk.report).state == State::Complete);
    disk.fill();
    // The pipe takes the first file; the next one goes to the disk.
    let mut text = String::new();
    File::open(&first).unwrap().read_to_string(&mut text).unwrap();
    let over = scene.ends().expect(3, &["No space left on device", "the recording is saved: `pushbench report ", "` makes them"]);
    assert!(over.out.contains("loopback"), "{}", over.out);
    Some(Seen { code: "3".to_owned(), left: left_on(&disk) + "; the comparison of all on stdout" })
}

fn read_only_at_first() -> Option<Seen> {
    let place = Place::with("");
    let disk = Disk::new(&place, "ro")?;
    let scene = disk.start(place, &tiny(QUICK, &[]));
    let over = scene.ends().expect(3, &["error: cannot write into the report folder ", "Read-only file system", "name another with --out"]);
    assert!(!over.err.contains("phase"), "nothing was started");
    Some(over.seen())
}

fn read_only_later() -> Option<Seen> {
    let place = Place::with("");
    let disk = Disk::new(&place, "rw")?;
    let report = place.report();
    let mut scene = disk.start(place, &tiny(&format!("{QUICK}{PUSH}"), &[]));
    scene.reaches(2, Phase::Window);
    let enter = disk.enter();
    let made = Command::new(&enter[0]).args(&enter[1..]).args(["mount", "-o", "remount,ro"]).arg(&report).status().unwrap();
    assert!(made.success());
    // The place must outlive what is mounted there.
    let _over = scene.ends().expect(3, &["error: cannot save the recording in ", "Read-only file system"]);
    Some(Seen { code: "3".to_owned(), left: left_on(&disk) + "; the comparison of all on stdout" })
}

fn deleted() -> Seen {
    let mut scene = Scene::start(&tiny(&format!("{QUICK}{PUSH}"), &[]));
    scene.reaches(2, Phase::Window);
    fs::remove_dir_all(scene.run.place.report()).unwrap();
    scene.ends().without_draft().finished()
}

fn refused_folder(make: fn(&Path), why: &str) -> Seen {
    let place = Place::with(&tiny(QUICK, &[]));
    make(&place.report());
    let over = Scene::start_with(place, &[], &[]).ends().expect(3, &["error: cannot make the report folder ", why, "name another with --out"]);
    assert!(!over.err.contains("phase"), "nothing was started");
    over.seen()
}

/// The kernel sends SIGXFSZ, which ends who does not expect it.
fn limited() -> Seen {
    let scene = Scene::start_with(Place::with(&tiny(QUICK, &[])), &["prlimit", "--fsize=2000"], &[]);
    let over = scene.ends().without_draft().expect(3, &["error: cannot save the recording in ", "File too large"]);
    let Seen { code, left } = over.seen();
    Seen { code, left: left + "; the comparison of all on stdout" }
}

fn own_file(change: fn(&Path)) -> Seen {
    let place = Place::with(&tiny(&format!("{QUICK}{PUSH}"), &[]));
    let file = place.path().join("pushbench");
    fs::copy(env!("CARGO_BIN_EXE_pushbench"), &file).unwrap();
    // The words of the command as the scene makes them, with another program.
    let mut scene = Scene::start_with(place, &["sh", "-c", "shift; exec \"$0\" \"$@\"", file.to_str().unwrap()], &[]);
    scene.hears(1, "window");
    change(&file);
    scene.ends().without_draft().finished()
}
