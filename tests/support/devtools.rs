//! A headless Chromium that is told what to do, over the pipe of the DevTools protocol: pages are opened, clicked, typed into and looked at.
//!
//! <https://chromedevtools.github.io/devtools-protocol/>: JSON objects with a zero byte after each, commands on descriptor 3, answers and events on 4.

#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nix::sys::stat::Mode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::served::run;

/// Nothing here takes so long; only a hang does.
const HANG: Duration = Duration::from_secs(60);

/// A browser with one page.
pub struct Browser {
    child: Child,
    commands: File,
    messages: Receiver<Value>,
    last: u64,
    session: String,
    /// What the page did meanwhile, in order.
    pub events: Vec<Value>,
    _folder: TempDir,
}

impl Browser {
    /// Starts one; `None`, and a word about it, where there is no Chromium.
    pub fn start() -> Option<Self> {
        run("chromium", &["--version"])?;
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = |name: &str| {
            let path = folder.path().join(name);
            nix::unistd::mkfifo(&path, Mode::S_IRWXU).expect("a pipe");
            // Open at both ends: nobody waits for anybody.
            let file = OpenOptions::new().read(true).write(true).open(&path).expect("a pipe");
            (path, file)
        };
        let ((to, commands), (from, answers)) = (pipe("to"), pipe("from"));
        let flags = ["--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server"];
        let quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars"];
        let child = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<\"$TO\" 4>\"$FROM\"", "chromium"])
            .args(flags)
            .args(quiet)
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .env("TO", to)
            .env("FROM", from)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let (send, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(answers).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { break };
                if send.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self { child, commands, messages, last: 0, session: String::new(), events: Vec::new(), _folder: folder };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let session = browser.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }))["sessionId"].clone();
        browser.session = session.as_str().expect("a session").to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Sends a command and waits for its answer.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": parameters });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).expect("the browser listens");
        loop {
            let message = self.messages.recv_timeout(HANG).unwrap_or_else(|_| panic!("no answer to {method}"));
            if message["id"] == json!(self.last) {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let result = self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true }));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// A text.
    pub fn text(&mut self, expression: &str) -> String {
        self.value(expression).as_str().unwrap_or_else(|| panic!("{expression} is no text")).to_owned()
    }

    /// A number.
    pub fn number(&mut self, expression: &str) -> f64 {
        self.value(expression).as_f64().unwrap_or_else(|| panic!("{expression} is no number"))
    }

    /// Waits until an expression holds.
    pub fn until(&mut self, expression: &str) {
        let begin = Instant::now();
        while self.value(&format!("Boolean({expression})")) != json!(true) {
            assert!(begin.elapsed() < HANG, "never came: {expression}");
            // The next frame is the next time at which anything can have changed.
            let frame = "new Promise(done => { requestAnimationFrame(done); setTimeout(done, 50); })";
            self.call("Runtime.evaluate", json!({ "expression": frame, "awaitPromise": true }));
        }
    }

    /// Shows so many pixels, at one pixel each.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Opens a file, as somebody does who double-clicks it.
    pub fn open(&mut self, file: &Path) {
        self.visit(&format!("file://{}", file.display()));
    }

    /// Goes to an address, and waits until all that the page shows is there.
    pub fn visit(&mut self, address: &str) {
        self.events.clear();
        self.call("Page.navigate", json!({ "url": address }));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let message = self.messages.recv_timeout(HANG).expect("the page loads");
            self.events.push(message);
        }
    }

    /// The middle of an element, scrolled into view, in pixels.
    pub fn middle(&mut self, selector: &str) -> (f64, f64) {
        let quoted = json!(selector).to_string();
        self.value(&format!("document.querySelector({quoted}).scrollIntoView({{ block: 'center', behavior: 'instant' }})"));
        let place = self.value(&format!("(box => [box.x + box.width / 2, box.y + box.height / 2])(document.querySelector({quoted}).getBoundingClientRect())"));
        (place[0].as_f64().expect("a number"), place[1].as_f64().expect("a number"))
    }

    fn mouse(&mut self, kind: &str, (x, y): (f64, f64), buttons: u32, clicks: u32) {
        let button = if buttons > 0 || kind == "mouseReleased" { "left" } else { "none" };
        self.call("Input.dispatchMouseEvent", json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": clicks }));
    }

    /// Moves the pointer.
    pub fn point(&mut self, place: (f64, f64)) {
        self.mouse("mouseMoved", place, 0, 0);
    }

    /// Clicks so many times.
    pub fn click(&mut self, place: (f64, f64), times: u32) {
        self.point(place);
        for click in 1..=times {
            self.mouse("mousePressed", place, 1, click);
            self.mouse("mouseReleased", place, 0, click);
        }
    }

    /// Drags from one place to another.
    pub fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.point(from);
        self.mouse("mousePressed", from, 1, 1);
        for step in 1..=4 {
            let part = f64::from(step) / 4.0;
            self.mouse("mouseMoved", (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part), 1, 0);
        }
        self.mouse("mouseReleased", to, 0, 1);
    }

    /// Presses a key: `ArrowRight`, `Tab`, `+`.
    pub fn press(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Escape" => 27,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let text = if key.chars().count() == 1 { json!(key) } else { Value::Null };
        let mut down = json!({ "type": "keyDown", "key": key, "windowsVirtualKeyCode": code });
        if !text.is_null() {
            down["text"] = text;
        }
        self.call("Input.dispatchKeyEvent", down);
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code }));
    }

    /// A picture of the whole page, as PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        let size = self.value("[document.documentElement.clientWidth, document.documentElement.scrollHeight]");
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 });
        let taken = self.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true, "clip": clip }));
        STANDARD.decode(taken["data"].as_str().expect("a picture")).expect("base64")
    }

    /// The page on paper, as PDF.
    pub fn paper(&mut self) -> Vec<u8> {
        let printed = self.call("Page.printToPDF", json!({ "printBackground": true, "paperWidth": 8.27, "paperHeight": 11.69 }));
        STANDARD.decode(printed["data"].as_str().expect("a document")).expect("base64")
    }

    /// What the page complained of: errors, warnings, exceptions, broken policies.
    pub fn complaints(&self) -> Vec<String> {
        let complaint = |event: &Value| {
            let parameters = &event["params"];
            match event["method"].as_str()? {
                "Runtime.exceptionThrown" => Some(parameters["exceptionDetails"].to_string()),
                "Runtime.consoleAPICalled" if ["error", "warning", "assert"].iter().any(|kind| parameters["type"] == **kind) => {
                    Some(parameters["args"].to_string())
                }
                "Log.entryAdded" if ["error", "warning"].iter().any(|level| parameters["entry"]["level"] == **level) => Some(parameters["entry"].to_string()),
                _ => None,
            }
        };
        self.events.iter().filter_map(complaint).collect()
    }

    /// What the page asked for, besides what it carries itself.
    pub fn requests(&self) -> Vec<String> {
        let asked = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        let addresses = asked.filter_map(|event| event["params"]["request"]["url"].as_str());
        addresses.filter(|address| !address.starts_with("data:")).map(str::to_owned).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
