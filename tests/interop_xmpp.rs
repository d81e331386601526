//! Our XMPP server against a real client that others wrote: slixmpp (Python), in the clear and over STARTTLS.
//!
//! Needs a Python with slixmpp: `PUSHBENCH_PYTHON`, else `.venv/bin/python` in the repository. Without one the test says
//! that it was skipped; where the variable CI is set it fails instead.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

#[path = "xmpp/serving.rs"]
mod serving;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use pushbench::contender::Limits;
use serving::{on_one_thread, serve};

fn python() -> Option<PathBuf> {
    let given = std::env::var_os("PUSHBENCH_PYTHON").map(PathBuf::from);
    let python = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python"));
    let has_slixmpp = std::process::Command::new(&python).args(["-c", "import slixmpp"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !has_slixmpp {
        println!("SKIPPED: {} has no slixmpp; make one with `python3 -m venv .venv && .venv/bin/pip install slixmpp`", python.display());
        assert!(std::env::var_os("CI").is_none(), "slixmpp is missing, and CI skips nothing");
    }
    has_slixmpp.then_some(python)
}

fn against_slixmpp(starttls: &str, mode: &str) {
    let Some(python) = python() else { return };
    on_one_thread(async {
        let server = serve(&[("starttls", starttls)], Limits::default()).await;
        let port = server.address.socket.rsplit(':').next().unwrap().to_owned();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/slixmpp_pubsub.py");
        let output = tokio::process::Command::new(python).arg(script).args([&port, mode]).kill_on_drop(true).output().await.unwrap();
        let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && said.ends_with("done\n"), "{said}\n{complained}");
        server.end().await;
    });
}

#[test]
fn slixmpp_in_the_clear() {
    against_slixmpp("off", "plaintext");
}

#[test]
fn slixmpp_over_starttls() {
    against_slixmpp("offered", "starttls");
}
