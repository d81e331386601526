//! Which of other people's programs are installed, and in which version.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;

/// Seconds that a program may take to say its version.
const PATIENCE: &str = "5";

/// A program of somebody else's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// Where it is; `None` where it is not installed.
    pub path: Option<PathBuf>,
    /// What it says of itself; `None` where it says nothing that looks like a version.
    pub version: Option<String>,
}

impl Program {
    /// Looks for a program in the search path, and asks it for its version with these arguments.
    pub fn find(name: &'static str, arguments: &[&str]) -> Self {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        // Servers live where only root looks.
        let folders = std::env::split_paths(&folders).chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from));
        let path = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
        let version = path.as_ref().and_then(|path| asked(path, arguments));
        Self { name, path, version }
    }

    /// Looks for something that only another program can say the version of; without a version it is not there.
    pub fn within(name: &'static str, host: &Path, arguments: &[&str]) -> Self {
        let version = asked(host, arguments);
        Self { name, path: version.is_some().then(|| host.to_owned()), version }
    }
}

fn asked(path: &Path, arguments: &[&str]) -> Option<String> {
    let asked = Command::new("timeout").arg(PATIENCE).arg(path).args(arguments).stdin(Stdio::null()).output().ok()?;
    // Some say it on stderr, and some only beside a complaint.
    version_in(&String::from_utf8_lossy(&asked.stdout)).or_else(|| version_in(&String::from_utf8_lossy(&asked.stderr)))
}

/// The first word that has digits on both sides of a dot, without what is around it.
fn version_in(text: &str) -> Option<String> {
    let words = text.split(|char: char| char.is_whitespace() || "/(),:;[]\"'".contains(char));
    let version = words.map(|word| word.trim_start_matches(|char: char| !char.is_ascii_digit()).trim_end_matches('.')).find(|word| {
        let (before, after) = word.split_once('.').unwrap_or_default();
        before.ends_with(|char: char| char.is_ascii_digit()) && after.starts_with(|char: char| char.is_ascii_digit())
    });
    // The 2 of "iproute2-6.1.0" is part of its name.
    let bare = |version: &str| {
        let (before, _) = version.split_once('.')?;
        before.rfind('-').map(|dash| version[dash + 1..].to_owned())
    };
    version.map(|version| bare(version).unwrap_or_else(|| version.to_owned()).chars().take(24).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        for (text, version) in [
            ("curl 8.14.1 (x86_64-pc-linux-gnu) libcurl/8.14.1", Some("8.14.1")),
            ("nginx version: nginx/1.26.3", Some("1.26.3")),
            ("mosquitto version 2.0.21", Some("2.0.21")),
            ("wrk debian/4.1.0-4+b1 [epoll] Copyright", Some("4.1.0-4+b1")),
            ("Python 3.13.5", Some("3.13.5")),
            ("v2.1.", Some("2.1")),
            ("ip utility, iproute2-6.1.0, libbpf 1.1.2", Some("6.1.0")),
            ("Usage: something", None),
            ("", None),
        ] {
            assert_eq!(version_in(text).as_deref(), version, "{text}");
        }
    }

    #[test]
    fn programs_are_found_or_not() {
        let there = Program::find("ls", &["--version"]);
        assert!(there.path.is_some() && there.version.is_some(), "{there:?}");
        let within = |script| Program::within("module", Path::new("sh"), &["-c", script]);
        assert_eq!(within("echo 1.2.3").version.as_deref(), Some("1.2.3"));
        assert_eq!(within("echo no such module >&2; exit 1").path, None);
        assert_eq!(Program::find("no-such-program", &[]), Program { name: "no-such-program", ..Program::default() });
    }
}
