//! Our XMPP server against a real client that others wrote: slixmpp (Python), in the clear and over STARTTLS.
//!
//! Needs a Python with slixmpp: `PUSHBENCH_PYTHON`, else `.venv/bin/python` in the repository. Without one the test says
//! that it was skipped; where the variable CI is set it fails instead.

#[path = "support/served.rs"]
mod served;
#[path = "xmpp/serving.rs"]
mod serving;

use std::path::Path;

use pushbench::contender::Limits;
use served::python;
use serving::{on_one_thread, serve};

fn against_slixmpp(starttls: &str, mode: &str) {
    let Some(python) = python("slixmpp") else { return };
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
