//! `pushbench serve`: one embedded server alone, until SIGINT or SIGTERM.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::net::SocketAddr;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Trouble};
use super::serve_limits::{self, LimitArguments};
use crate::contender::pace::Pace;
use crate::contender::settings::{Kind, OPTIONAL, Setting, SettingsError, Values};
use crate::contender::{Contender, Limits, Protocol, ServerSeat, socket};
use crate::contenders;
use crate::measure::ledger::{Ledger, Leg};
use crate::measure::traffic::Traffic;
use crate::units::{show_bytes, show_count};

/// Settings that are on here and off in a trial, for contenders that have them.
const FOR_OTHERS: &[(&str, &str)] = &[("cross-origin", "on"), ("starttls", "offered")];

/// Serves one embedded server alone, for other clients
///
/// Prints the address it listens on, serves until SIGINT or SIGTERM, and says on standard error what its limits are and, at the end, what it counted.
///
/// For example: pushbench serve xmpp-pubsub --listen 127.0.0.1:5222
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Whose server; "pushbench list" shows them all
    contender: String,

    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// A setting of the contender, as in a scenario; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = read_pair)]
    settings: Vec<(String, String)>,

    /// Listen on an address that other machines can reach, although anyone may then read and write
    #[arg(long)]
    expose: bool,

    #[command(flatten)]
    limits: LimitArguments,
}

/// Serves one embedded server alone, for other clients
///
/// # Errors
/// Unknown contender, wrong setting, an address that is not loopback without `--expose` (exit 2); the address
/// cannot be listened on, or the server fails (exit 3).
pub fn serve(arguments: &ServeArguments) -> Result<Exit, Trouble> {
    let contender = find(&arguments.contender)?;
    let protocol = configure(contender, &arguments.settings)?;
    if !arguments.listen.ip().is_loopback() && !arguments.expose {
        return Err(Trouble::usage(format_args!(
            "{} can be reached from other machines, and this server lets anyone read and write; add --expose if that is what you want, or listen on 127.0.0.1:{}",
            arguments.listen,
            arguments.listen.port()
        )));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| cannot("start the runtime", &error))?;
    let ledger = Ledger::default();
    LocalSet::new().block_on(&runtime, listen(arguments, contender, &*protocol, ledger.clone()))?;
    tell(&ledger);
    Ok(Exit::Fine)
}

fn find(name: &str) -> Result<&'static dyn Contender, Trouble> {
    contenders::ALL.iter().find(|contender| contender.name() == name).copied().ok_or_else(|| {
        let known: Vec<&str> = contenders::ALL.iter().map(|contender| contender.name()).collect();
        Trouble::usage(format_args!("there is no contender {name:?}; there are: {}", known.join(", ")))
    })
}

fn configure(contender: &'static dyn Contender, given: &[(String, String)]) -> Result<std::rc::Rc<dyn Protocol>, Trouble> {
    let wrong = |error: SettingsError| Trouble::usage(format_args!("{}: {error}; allowed: {}", contender.name(), error.allowed));
    let mut settings = BTreeMap::new();
    for (key, value) in given {
        if settings.insert(key.clone(), value.clone()).is_some() {
            return Err(Trouble::usage(format_args!("--set {key}=… is given twice; keep one")));
        }
    }
    for setting in contender.settings() {
        let value = FOR_OTHERS.iter().find(|(name, _)| *name == setting.name).map(|(_, value)| *value);
        if let Some(value) = value.or_else(|| harmless(setting)) {
            settings.entry(setting.name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    let protocol = loop {
        let values = Values::new(contender.settings(), &settings).map_err(wrong)?;
        match contender.protocol(&values) {
            Ok(protocol) => break protocol,
            Err(error) => {
                // What is optional and needed after all, such as the interval of an open loop.
                let wanted = contender.settings().iter().find(|setting| setting.name == error.key && setting.default == OPTIONAL && !values.has(setting.name));
                let Some(wanted) = wanted else { return Err(wrong(error)) };
                settings.insert(wanted.name.to_owned(), of_no_matter(wanted.kind).to_owned());
            }
        }
    };
    if protocol.in_memory() {
        return Err(Trouble::usage(format_args!("{} lives in the harness's own memory: there is no server for others", contender.name())));
    }
    Ok(protocol)
}

/// A value for a required setting: what has no default matters to clients only, such as a poll interval.
fn harmless(setting: &Setting) -> Option<&'static str> {
    if setting.default.is_some() {
        return None;
    }
    Some(of_no_matter(setting.kind))
}

fn of_no_matter(kind: Kind) -> &'static str {
    match kind {
        Kind::Duration => "1s",
        Kind::Count | Kind::Whole | Kind::Number { .. } => "1",
        Kind::Choice(words) => words.first().copied().unwrap_or_default(),
        Kind::Text => "",
    }
}

async fn listen(arguments: &ServeArguments, contender: &'static dyn Contender, protocol: &dyn Protocol, ledger: Ledger) -> Result<(), Trouble> {
    // Before the line below invites anyone to stop us.
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    let listener = socket::listen(arguments.listen).map_err(|error| cannot_listen(arguments.listen, &error))?;
    let address = listener.local_addr().map_err(|error| cannot("find out the address", &error))?;
    let limits = open_up(arguments, address);
    let socket = address.to_string();
    let line = format!("listening on {socket} ({}: {})\n", contender.name(), contender.invitation(&socket));
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).map_err(|error| cannot("print the address", &error))?;
    drop(out);

    let stop = CancellationToken::new();
    let seat = ServerSeat { listener, stop: stop.clone(), ledger, limits, pace: Pace::REAL };
    let [interrupt, terminate] = &mut signals;
    let stopping = async {
        tokio::select! { () = arrives(interrupt) => {}, () = arrives(terminate) => {} }
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        outcome = protocol.serve(seat) => outcome.map_err(|fault| Trouble::cannot_run(format_args!("{}: {fault}", contender.name()))),
        () = stopping => Ok(()),
    }
}

/// The limits; says on standard error what is open to whom, and how far.
fn open_up(arguments: &ServeArguments, address: SocketAddr) -> Limits {
    let (limits, warning) = arguments.limits.limits();
    let exposed = (!address.ip().is_loopback()).then(|| format!("exposed: anyone who reaches {address} can read and write"));
    for line in [exposed, warning, Some(serve_limits::describe(&limits))].into_iter().flatten() {
        say(&format!("{line}\n"));
    }
    limits
}

/// Returns at the signal; never where it cannot be listened for (the system then ends the process the hard way).
async fn arrives(signal: &mut io::Result<Signal>) {
    match signal {
        Ok(signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

fn tell(ledger: &Ledger) {
    let mut lines = String::new();
    for (leg, name) in [(Leg::Subscriber, "subscribers"), (Leg::Publisher, "publishers")] {
        lines.push_str(&describe(name, &ledger.traffic(leg)));
    }
    let witnesses = ledger.traffic(Leg::Witness);
    if witnesses.connections > 0 {
        lines.push_str(&describe("witnesses", &witnesses));
    }
    lines.push_str(&format!("at most {} connections at once\n", show_count(ledger.most_connections_held() as i64)));
    say(&lines);
}

/// Standard error may be gone; the server does well all the same.
fn say(lines: &str) {
    let _ = io::stderr().write_all(lines.as_bytes());
}

fn describe(name: &str, traffic: &Traffic) -> String {
    let count = |count: u64| show_count(count as i64);
    let mut line = format!("{name}: {} connections, {} requests", count(traffic.connections), count(traffic.requests));
    for (status, responses) in &traffic.responses {
        line.push_str(&format!(", {} × {status}", count(*responses)));
    }
    let handshake = traffic.handshake_up + traffic.handshake_down;
    if traffic.stanzas() + handshake > 0 {
        line.push_str(&format!(
            ", {} stanzas in and {} out, {} messages of handshakes",
            count(traffic.stanzas_up),
            count(traffic.stanzas_down),
            count(handshake)
        ));
    }
    if traffic.events_up + traffic.events_down > 0 {
        line.push_str(&format!(", {} events in and {} out", count(traffic.events_up), count(traffic.events_down)));
    }
    line.push_str(&format!(
        ", {} in and {} out, {} of it payload\n",
        show_bytes(traffic.bytes_up as f64),
        show_bytes(traffic.bytes_down as f64),
        show_bytes(traffic.payload_bytes as f64)
    ));
    line
}

fn cannot(what: &str, error: &io::Error) -> Trouble {
    Trouble::cannot_run(format_args!("could not {what}: {error}"))
}

fn cannot_listen(address: SocketAddr, error: &io::Error) -> Trouble {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => "something else listens there; stop it, or take another port (port 0 takes any free one)",
        io::ErrorKind::PermissionDenied => "ports below 1024 need rights; take a higher one",
        io::ErrorKind::AddrNotAvailable => "this machine has no such address; \"ip address\" shows those it has",
        _ => "try --listen 127.0.0.1:0",
    };
    Trouble::cannot_run(format_args!("could not listen on {address}: {error}; {remedy}"))
}

fn read_pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).ok_or_else(|| format!("{text:?} is not KEY=VALUE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_must_give_what_matters_to_clients_only() {
        for contender in contenders::ALL {
            if let Err(trouble) = configure(*contender, &[]) {
                assert!(trouble.message.contains("memory"), "{}", trouble.message);
            }
        }
    }

    #[test]
    fn slips_are_named() {
        assert!(find("rest-pol").err().unwrap().message.contains("rest-poll"));
        let contender = find("rest-poll").unwrap();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        for (given, word) in [
            (vec![pair("intervall", "5s")], "interval"),
            (vec![pair("connection", "none")], "per-poll"),
            (vec![pair("interval", "5s"), pair("interval", "6s")], "twice"),
        ] {
            let trouble = configure(contender, &given).err().unwrap();
            assert_eq!(trouble.exit, Exit::Usage);
            assert!(trouble.message.contains(word), "{}", trouble.message);
        }
        assert!(read_pair("interval").is_err());
    }
}
