//! Other people's programs: what each is for, and how it gets onto the machine. None is needed to measure.

/// What a program is for.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// Its name in the search path.
    pub program: &'static str,
    /// What makes it say its version.
    pub version: &'static [&'static str],
    /// What it is for here.
    pub purpose: &'static str,
    /// How it is installed.
    pub install: &'static str,
}

/// All programs that something here makes use of.
pub const PROGRAMS: &[Use] = &[
    Use { program: "python3", version: &["--version"], purpose: "tests: independent clients", install: "sudo apt install python3 python3-venv" },
    Use {
        program: "slixmpp",
        version: &["-c", "import slixmpp; print(slixmpp.__version__)"],
        purpose: "tests: independent XMPP client",
        install: "python3 -m venv .venv && .venv/bin/pip install slixmpp",
    },
    Use { program: "curl", version: &["--version"], purpose: "tests: independent HTTP client", install: "sudo apt install curl" },
    Use { program: "chromium", version: &["--version"], purpose: "tests: a browser as client", install: "sudo apt install chromium" },
    Use { program: "wrk", version: &["-v"], purpose: "tests, benches: load on HTTP", install: "sudo apt install wrk" },
    Use { program: "tsung", version: &["-v"], purpose: "tests: load on XMPP", install: "sudo apt install tsung" },
    Use { program: "ip", version: &["-V"], purpose: "namespaces, the witness of bytes", install: "sudo apt install iproute2" },
    Use { program: "tc", version: &["-V"], purpose: "networks with delay", install: "sudo apt install iproute2" },
    Use { program: "prosody", version: &["--version"], purpose: "another XMPP server; not driven yet", install: "sudo apt install prosody" },
    Use { program: "ejabberdctl", version: &["version"], purpose: "another XMPP server; not driven yet", install: "sudo apt install ejabberd" },
    Use { program: "nginx", version: &["-v"], purpose: "another HTTP server; not driven yet", install: "sudo apt install nginx-light" },
    Use { program: "mosquitto", version: &["-h"], purpose: "an MQTT broker; not driven yet", install: "sudo apt install mosquitto" },
];
