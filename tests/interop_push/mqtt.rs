//! paho-mqtt, mosquitto_pub and mosquitto_sub against our broker.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use crate::served::{Served, python, run, skipped};
use crate::{page, script};

#[test]
fn paho_gets_what_it_asks_for() {
    let Some(python) = python("paho.mqtt.client") else { return };
    let served = Served::start(&["mqtt"]);
    let rows = script(&python, "paho_client.py", served.port());
    let (code, counted) = served.end(Signal::SIGTERM);
    assert_eq!(code, Some(0), "{counted}");
    page::hold("interop.md", "paho", &["version", "what paho did", "what came"], &rows);
}

#[test]
fn the_programs_of_mosquitto_speak_to_it() {
    let served = Served::start(&["mqtt"]);
    let mut rows = Vec::new();
    for version in ["mqttv31", "mqttv311", "mqttv5"] {
        for quality in ["0", "1", "2"] {
            let topic = format!("house/{version}/{quality}");
            let common = ["-h", "127.0.0.1", "-p", served.port(), "-V", version];
            let publish = |retain: &[&str], quality: &str, words: &str| {
                run("mosquitto_pub", &[&common[..], retain, &["-t", &topic, "-q", quality, "-m", words]].concat())
            };
            // A publication of quality 2 is refused; a subscription gets 1.
            let publishes = if quality == "2" { "1" } else { quality };
            let Some(output) = publish(&["-r"], publishes, "kept") else { return };
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let form = ["-t", "house/#", "-q", quality, "-F", "%t %r %q %p", "-W", "20"];
            let child = Command::new("mosquitto_sub").args(common).args(form).stdout(Stdio::piped()).spawn();
            let Ok(mut child) = child else { return skipped("mosquitto_sub is missing") };
            let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
            let kept = format!("{topic} 1 {publishes} kept");
            assert!(lines.any(|line| line == kept), "{kept}");
            let output = publish(&[], publishes, "news").expect("it was there a moment ago");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let news = format!("{topic} 0 {publishes} news");
            assert!(lines.any(|line| line == news), "{news}");
            let _ = child.kill();
            let _ = child.wait();
            rows.push(vec![version.to_owned(), quality.to_owned(), format!("the retained value, then what is published, both with quality {publishes}")]);
        }
    }
    let two =
        run("mosquitto_pub", &["-h", "127.0.0.1", "-p", served.port(), "-V", "mqttv5", "-t", "a", "-q", "2", "-m", "x"]).expect("it was there a moment ago");
    let complaint = String::from_utf8_lossy(&two.stderr).into_owned();
    // It says so, and ends as if all were well.
    assert!(complaint.contains("QoS not supported"), "quality 2 is not offered: {complaint}");
    page::hold("interop.md", "mosquitto-clients", &["`-V`", "`-q` of mosquitto_sub", "what it gets of `house/#`"], &rows);
}
