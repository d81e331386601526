//! `pushbench run`, and the hidden `pushbench side` that it starts for every side of a trial.

use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use nix::sys::prctl::{set_name, set_pdeathsig};
use nix::sys::signal::Signal;
use tokio::net::unix::pipe;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Trouble};
use super::progress::{Painter, Ui};
use super::selection::Selection;
use super::{REGISTRY, report};
use crate::doctor::{self, Verdict};
use crate::measure::clock::RealClock;
use crate::measure::facts::Facts;
use crate::measure::handicap::{Brake, Handicap, HandicapError, VARIABLE};
use crate::measure::process;
use crate::measure::recording::{Recording, TrialKind, make_folder, try_folder};
use crate::plan::{Estimate, Limits, Plan, estimate};
use crate::run::campaign::{self, CampaignError, Surroundings};
use crate::run::launch::Launcher;
use crate::run::network::{Network, NetworkError};
use crate::run::{link, placement, sides};
use crate::scenario::Scenario;
use crate::summary::Summary;

/// Runs a scenario and writes a report
///
/// Checks the scenario, plans the trials, runs each with live progress on stderr, saves the recording after each, writes
/// the report folder, and prints the comparison on stdout. Ctrl-C once ends the run cleanly and keeps what was measured;
/// twice ends it at once.
///
/// For example: pushbench run scenarios/first-look.toml --only rest-poll,xmpp-pubsub --repeats 4
#[derive(Debug, Args)]
pub struct RunArguments {
    #[command(flatten)]
    selection: Selection,
    /// Folder for the report [default: reports/SCENARIO/TIME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Gives the embedded server this address in every trial, so that somebody else may observe it; loopback only
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "network")]
    listen: Option<String>,
    /// Runs server and clients in two network namespaces that are joined already; needs root
    #[arg(long, value_name = "server=NAMESPACE,clients=NAMESPACE,address=IP")]
    network: Option<String>,
    /// Saves the recording and makes no reports; `pushbench report` makes them
    #[arg(long)]
    recording_only: bool,
    /// How progress is shown on stderr
    #[arg(long, value_enum, default_value_t = Ui::Auto)]
    ui: Ui,
}

/// Runs a scenario.
///
/// # Errors
/// See [`Trouble`].
pub fn run(arguments: &RunArguments) -> Result<Exit, Trouble> {
    let (scenario, plan) = arguments.selection.read(REGISTRY)?;
    let network = network(arguments)?;
    let handicap = handicap()?;
    let facts = Facts::read();
    let estimates = refuse_what_cannot_be_held(&scenario, &plan, &facts)?;
    let folder = report_folder(arguments, &scenario)?;
    // Whoever reads JSON finds the same as doubts in the recording.
    if arguments.ui != Ui::Json {
        warn_of_what_is_bad(&facts);
        if handicap.is_any() {
            let _ =
                writeln!(io::stderr(), "warning: {VARIABLE} is set ({handicap}): this run is made worse on purpose, and none of its figures is to be trusted");
        }
    }
    let machine = facts.machine;
    let binary = own_file()?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Trouble::cannot_run(format!("cannot start: {error}")))?;
    let cores = process::allowed_cores();
    // The harness itself only listens and saves; it stays off the server's core.
    let _ = process::pin(&placement::harness(&cores));
    let interrupt = CancellationToken::new();
    let mut interrupts = runtime.block_on(async { Interrupts::listen() })?;
    let ended = runtime.block_on(LocalSet::new().run_until(async {
        let surroundings = Surroundings {
            registry: REGISTRY,
            launcher: Launcher::Processes { binary },
            clock: Rc::new(RealClock),
            machine,
            cores: &cores,
            network: &network,
            handicap,
            interrupt: interrupt.clone(),
            folder: Some(&folder),
        };
        let painter = Painter::start(arguments.ui, estimates.iter().map(|estimate| estimate.duration().as_secs_f64()).collect());
        let watch = |progress: campaign::Progress<'_>| painter.note(&progress);
        tokio::select! {
            ended = campaign::run(&scenario, &plan, &surroundings, &watch) => Ok(ended),
            at_once = interrupts.second(&interrupt, &painter) => Err(at_once),
        }
    }));
    // A second Ctrl-C drops the run: its sides end with it, and what was saved stays.
    let (recording, result) = match ended {
        Ok(ended) => ended,
        Err(trouble) if trouble.exit == Exit::Interrupted => {
            return Err(Trouble { message: format!("{}; what was measured before is in {}", trouble.message, folder.display()), ..trouble });
        }
        Err(trouble) => return Err(trouble),
    };
    let saved = folder.display().to_string();
    let finished = runtime.block_on(async {
        let finishing = finish_aside(Finish { recording, result, interrupted: interrupt.is_cancelled(), folder, reports: !arguments.recording_only });
        tokio::select! {
            finished = finishing => finished,
            () = interrupts.next() => Err(Trouble {
                exit: Exit::Interrupted,
                message: format!("ended while reports were made; the recording is saved: `pushbench report {saved}` makes them"),
            }),
        }
    });
    // Charts that nobody waits for any more must not hold the process.
    runtime.shutdown_background();
    finished
}

fn network(arguments: &RunArguments) -> Result<Network, Trouble> {
    let network = match (&arguments.listen, &arguments.network) {
        (Some(listen), _) => Network::on_loopback(listen),
        (None, Some(network)) => Network::across_namespaces(network),
        (None, None) => Ok(Network::default()),
    };
    network.map_err(|error| match error {
        NetworkError::Namespace(error) => Trouble::cannot_run(error.to_string()),
        error => Trouble::usage(error.to_string()),
    })
}

/// What the run is to be made worse by.
fn handicap() -> Result<Handicap, Trouble> {
    let Some(text) = std::env::var_os(VARIABLE) else { return Ok(Handicap::default()) };
    text.to_string_lossy().parse().map_err(|error: HandicapError| Trouble::usage(format!("the environment variable {VARIABLE}: {error}")))
}

/// What a run has left, and what is to become of it.
struct Finish {
    recording: Recording,
    result: Result<(), CampaignError>,
    interrupted: bool,
    folder: PathBuf,
    reports: bool,
}

/// Writes the report, prints the comparison, and works out the exit code.
fn finish(finish: Finish) -> Result<Exit, Trouble> {
    let Finish { recording, result, interrupted, folder, reports } = finish;
    let shown = match recording.trials.iter().any(|trial| trial.complete) {
        true if reports => report::make_all(&recording, &folder),
        true => Ok(report::exit(&Summary::new(&recording))),
        false => Ok(Exit::Fine),
    };
    let cut = interrupted && recording.completed() < recording.trials_planned;
    // What goes wrong while an interrupted run is wound up is told, but the user's wish decides the code.
    let exit = if cut { Exit::Interrupted } else { Exit::CannotRun };
    match (result, shown) {
        // Reports fail over what the run failed over; that is told, and not its consequence.
        (Err(error), _) => Err(Trouble { exit, message: error.to_string() }),
        (Ok(()), Err(trouble)) => Err(Trouble {
            exit: exit.or(trouble.exit),
            message: format!("{}; the recording is saved: `pushbench report {}` makes them", trouble.message, folder.display()),
        }),
        (Ok(()), Ok(_)) if recording.completed() < recording.trials_planned => {
            let _ = writeln!(io::stderr(), "interrupted; what was measured is in {}", folder.display());
            Ok(Exit::Interrupted)
        }
        (Ok(()), Ok(shown)) => Ok(shown),
    }
}

/// Finishes on a thread of its own, so that an interrupt is heard meanwhile; on this one where the system has no other left.
async fn finish_aside(whole: Finish) -> Result<Exit, Trouble> {
    let (begin, begun) = std::sync::mpsc::channel::<Finish>();
    let (done, finished) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("reports".to_owned()).spawn(move || {
        if let Ok(whole) = begun.recv() {
            let _ = done.send(finish(whole));
        }
    });
    if thread.is_err() {
        return finish(whole);
    }
    let _ = begin.send(whole);
    finished.await.unwrap_or_else(|_| Err(Trouble::cannot_run("the report cannot be made: its thread has ended")))
}

/// The file of this program as it was when it started: sides are of the same build, whatever was put in its place since.
pub(super) fn own_file() -> Result<PathBuf, Trouble> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    std::env::current_exe().map_err(|error| Trouble::cannot_run(format!("cannot find this program's own file: {error}")))
}

/// SIGINT and SIGTERM: either means that the user wants to end. SIGHUP does so once: a terminal that closes hangs up once or twice,
/// and what was measured is to be saved all the same.
pub(super) struct Interrupts {
    interrupts: Signals,
    terminations: Signals,
    /// None where it was ignored when this process started, as `nohup` does.
    hang_ups: Option<Signals>,
    /// A file that may not grow any more fails to be written; it does not end the process.
    _limits: Signals,
}

impl Interrupts {
    pub(super) fn listen() -> Result<Self, Trouble> {
        let listen = |kind| signal(kind).map_err(|error| Trouble::cannot_run(format!("cannot listen for signals: {error}")));
        Ok(Self {
            hang_ups: if process::ignores(Signal::SIGHUP) { None } else { Some(listen(SignalKind::hangup())?) },
            interrupts: listen(SignalKind::interrupt())?,
            terminations: listen(SignalKind::terminate())?,
            _limits: listen(SignalKind::from_raw(Signal::SIGXFSZ as i32))?,
        })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupts.recv() => {}
            _ = self.terminations.recv() => {}
        }
    }

    /// Returns when the user has asked twice to end; the first time, the run is told.
    async fn second(&mut self, interrupt: &CancellationToken, painter: &Painter) -> Trouble {
        let hang_up = async {
            match &mut self.hang_ups {
                Some(hang_ups) => hang_ups.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupts.recv() => {}
            _ = self.terminations.recv() => {}
            _ = hang_up => {}
        }
        interrupt.cancel();
        painter.say("interrupted: ending this trial cleanly; once more ends at once");
        self.next().await;
        Trouble { exit: Exit::Interrupted, message: "ended at once".to_owned() }
    }
}

/// What would spoil the figures and is known without trying, a line each.
fn warn_of_what_is_bad(facts: &Facts) {
    for finding in doctor::findings(facts).iter().filter(|finding| finding.verdict == Verdict::Bad) {
        let _ = writeln!(io::stderr(), "warning: {}: {}. {} (`pushbench doctor` says what mends it)", finding.what, finding.value, finding.why);
    }
}

/// What each trial takes, where this machine has it.
fn refuse_what_cannot_be_held(scenario: &Scenario, plan: &Plan, facts: &Facts) -> Result<Vec<Estimate>, Trouble> {
    let estimates = estimate(scenario, plan, REGISTRY).map_err(Trouble::usage)?;
    let limits = Limits::of(facts);
    // Repeats need what the first one needs: once is enough to say.
    let firsts = plan.trials.iter().zip(&estimates).filter(|(trial, _)| trial.repeat == 1 && trial.kind == TrialKind::Measured);
    let shortages: Vec<String> = firsts.flat_map(|(trial, estimate)| limits.shortages(trial, estimate)).map(|shortage| shortage.to_string()).collect();
    if shortages.is_empty() {
        return Ok(estimates);
    }
    Err(Trouble::cannot_run(format!("this machine cannot hold {}: {}", scenario.name, shortages.join("\n"))))
}

/// Makes the folder: the user's, which must not hold another recording, or a new one of ours.
fn report_folder(arguments: &RunArguments, scenario: &Scenario) -> Result<PathBuf, Trouble> {
    let folder = match &arguments.out {
        Some(folder) if folder.join("recording.json").exists() => {
            return Err(Trouble::usage(format!("{} holds a recording already; name another folder with --out, or remove it", folder.display())));
        }
        Some(folder) => folder.clone(),
        None => {
            let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
            let base = Path::new("reports").join(&scenario.name);
            // Two runs within a second must not share a folder.
            (1..).map(|n| if n == 1 { base.join(&time) } else { base.join(format!("{time}-{n}")) }).find(|folder| !folder.exists()).unwrap_or(base)
        }
    };
    let refused =
        |what: &str, error: io::Error| Trouble::cannot_run(format!("cannot {what} the report folder {}: {error}; name another with --out", folder.display()));
    make_folder(&folder).map_err(|error| refused("make", error))?;
    // Now, and not when the first trial is over.
    try_folder(&folder).map_err(|error| refused("write into", error))?;
    Ok(folder)
}

/// One side of a trial, started by the harness
#[derive(Debug, Args)]
pub struct SideArguments {}

/// One side of a trial: speaks the side protocol on stdin and stdout until its work is done or the harness is gone.
///
/// # Errors
/// See [`Trouble`].
pub fn side(_arguments: &SideArguments) -> Result<Exit, Trouble> {
    // However the harness dies, the kernel takes its sides along; the pipe's end says the same, a moment later.
    let _ = set_pdeathsig(Signal::SIGKILL);
    // Started as /proc/self/exe, which is no name for a list of processes.
    let _ = set_name(c"pushbench");
    process::raise_descriptor_limit();
    // As the run that started this process found it: an honest run's threads rest without being asked.
    let brake = std::env::var_os(VARIABLE).map(|_| Arc::<Brake>::default());
    let mut builder = tokio::runtime::Builder::new_current_thread();
    if let Some(brake) = brake.clone() {
        builder.on_thread_park(move || brake.pay());
    }
    let runtime = builder.enable_all().build();
    let runtime = runtime.map_err(|error| Trouble::cannot_run(format!("cannot start: {error}")))?;
    let local = LocalSet::new();
    let spoken: io::Result<()> = runtime.block_on(local.run_until(async {
        // As pipes, not as tokio's stdin and stdout, whose helper threads would count as this side's CPU.
        let hear = pipe::Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)?;
        let say = pipe::Sender::from_owned_fd(io::stdout().as_fd().try_clone_to_owned()?)?;
        let (link, written) = link::over_pipes(hear, say);
        let surroundings = sides::Surroundings { clock: Rc::new(RealClock), registry: REGISTRY, protocol: None, own_process: true, brake };
        sides::run(link, surroundings).await;
        // A harness that does not read any more is gone, or will end this process.
        let _ = tokio::time::timeout(Duration::from_secs(5), written).await;
        Ok(())
    }));
    spoken.map_err(|error| Trouble::usage(format!("`pushbench side` is started by `pushbench run`, with pipes as stdin and stdout: {error}")))?;
    Ok(Exit::Fine)
}
