//! Writes a made-up recording, to look at reports without running anything: `cargo run --example made_up -- DIR [many|sweep|loses]`.

use std::path::Path;

use pushbench::summary::fixture::made_up;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "reports/made-up".to_owned());
    let plain = made_up().budget("xmpp-pubsub", "latency.p99", 0.25).budget("poll-5s", "latency.p99", 0.25);
    let made = match arguments.next().as_deref() {
        Some("many") => made_up().many_contenders(),
        Some("sweep") => made_up().sweep(&[0.5, 1.0, 2.0, 4.0]).compression(144.0),
        Some("loses") => plain.push_loses(),
        _ => plain,
    };
    std::fs::create_dir_all(&folder)?;
    made.build().save(Path::new(&folder))
}
