//! What a run draws on a terminal: read back by a terminal of our own, from a pseudo-terminal that `script` of util-linux makes.

#[path = "support/command.rs"]
mod command;

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use command::{Place, tiny};
use pushbench::measure::recording::State;

/// What a terminal shows; as high as it needs to be.
#[derive(Default)]
struct Terminal {
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Terminal {
    /// Takes text with escape sequences; returns what is on the screen each time that everything below the cursor is erased, which ends each picture.
    fn take(&mut self, text: &str) -> Vec<String> {
        let mut pictures = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\r' => self.column = 0,
                '\n' => self.row += 1,
                '\u{1b}' => {
                    assert_eq!(letters.next(), Some('['), "an escape sequence that is not known");
                    let mut number = String::new();
                    let end = loop {
                        match letters.next() {
                            Some(digit) if digit.is_ascii_digit() || digit == ';' => number.push(digit),
                            other => break other,
                        }
                    };
                    match end {
                        Some('A') => self.row = self.row.checked_sub(number.parse().unwrap()).expect("above the first line"),
                        Some('K') => {
                            let column = self.column;
                            self.line().truncate(column);
                        }
                        Some('J') => {
                            let (row, column) = (self.row, self.column);
                            self.line().truncate(column);
                            self.rows.truncate(row + 1);
                            pictures.push(self.shown());
                        }
                        Some('m') => {}
                        other => panic!("an escape sequence that is not known: {number}{other:?}"),
                    }
                }
                // The shell's own, and what is typed.
                letter if letter.is_control() => {}
                letter => {
                    let column = self.column;
                    let line = self.line();
                    if line.len() <= column {
                        line.resize(column + 1, ' ');
                    }
                    line[column] = letter;
                    self.column += 1;
                }
            }
        }
        pictures
    }

    fn line(&mut self) -> &mut Vec<char> {
        if self.rows.len() <= self.row {
            self.rows.resize(self.row + 1, Vec::new());
        }
        &mut self.rows[self.row]
    }

    fn shown(&self) -> String {
        self.rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }
}

struct Seen {
    /// All that was written.
    text: String,
    /// Each picture, the screen as it was then.
    pictures: Vec<String>,
    /// The screen at the end.
    last: String,
    took: Duration,
}

/// A run on a terminal of so many columns.
fn run(columns: usize, contenders: &str, no_colour: bool) -> Seen {
    let place = Place::with(&tiny(contenders, &[("span", "\"4s\""), ("updates_per_active_topic", "40")]));
    let line = format!(
        "stty cols {columns} rows 24; exec '{}' run '{}' --out '{}'",
        env!("CARGO_BIN_EXE_pushbench"),
        place.scenario().display(),
        place.report().display()
    );
    let mut script = Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("SHELL", "/bin/sh").env("TERM", "xterm-256color").env_remove("NO_COLOR");
    if no_colour {
        script.env("NO_COLOR", "1");
    }
    let began = Instant::now();
    let mut script = script.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut text = String::new();
    script.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    script.wait().unwrap();
    let took = began.elapsed();
    assert_eq!(place.recording().state, State::Complete, "{text}");
    let mut terminal = Terminal::default();
    let pictures = terminal.take(&text);
    let last = terminal.shown();
    Seen { text, pictures, last, took }
}

/// What of a screen is the picture: warnings of the machine may stand above it.
fn picture(screen: &str) -> Vec<&str> {
    let lines: Vec<&str> = screen.lines().collect();
    let first = lines.iter().rposition(|line| line.starts_with('[')).unwrap_or(lines.len());
    lines[first..].to_vec()
}

/// The comparison, which stays.
fn report(screen: &str) -> &str {
    let (_, report) = screen.split_once("Tiny\n").unwrap_or_else(|| panic!("no report: {screen}"));
    report.split("Written to ").next().unwrap()
}

fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

const TWO: &str = "[[contender]]\nuse = \"rest-poll\"\ninterval = \"200ms\"\n[[contender]]\nuse = \"xmpp-pubsub\"\n";

#[test]
fn it_draws_within_the_width_four_times_a_second_and_leaves_a_clean_screen() {
    let seen = run(80, TWO, false);
    let whole = [
        "[2/2] xmpp-pubsub",
        "trial ",
        "run ",
        "window ",
        " left",
        "/s · p99 ",
        " outstanding of ",
        "messages/s",
        "CPU     server ",
        "memory  server ",
        "before  rest-poll, repeat 1 · 0 of ",
    ];
    assert!(seen.pictures.iter().any(|picture| whole.iter().all(|word| picture.contains(word))), "{:#?}", seen.pictures);
    assert!(seen.pictures.len() > 12, "{} pictures in {:?}", seen.pictures.len(), seen.took);
    assert!(seen.pictures.len() as f64 <= 4.0 * seen.took.as_secs_f64() + 1.0, "{} pictures in {:?}", seen.pictures.len(), seen.took);
    for screen in &seen.pictures {
        let picture = picture(screen);
        assert!(widest(&picture.join("\n")) < 80, "{screen}");
        // Nothing of the one before is left over: each has every line once.
        assert!(screen.matches("\nbehind ").count() <= 1 && [0, 9].contains(&picture.len()), "{screen}");
    }
    assert!(seen.text.contains("\u{1b}[34m"), "colours");
    // What stays is the report, as wide as the terminal at most.
    assert!(!seen.last.contains('━') && !seen.last.contains("outstanding"), "{}", seen.last);
    assert!(seen.last.contains("Written to ") && widest(report(&seen.last)) <= 80, "{}", seen.last);
}

#[test]
fn a_narrow_terminal_without_colours_is_kept_to() {
    let seen = run(36, "[[contender]]\nuse = \"rest-poll\"\ninterval = \"200ms\"\n", true);
    assert!(
        seen.pictures.iter().any(|picture| picture.contains("window ") && picture.contains("outstanding") && picture.contains("p99")),
        "{:#?}",
        seen.pictures
    );
    for screen in &seen.pictures {
        assert!(widest(&picture(screen).join("\n")) < 36, "{screen}");
    }
    let codes: Vec<char> = seen.text.split('\u{1b}').skip(1).filter_map(|rest| rest.chars().find(char::is_ascii_alphabetic)).collect();
    assert!(!codes.contains(&'m') && codes.contains(&'A'), "no colours, but drawn: {codes:?}");
    assert!(!report(&seen.last).is_empty() && !seen.last.contains('━'), "{}", seen.last);
}

#[test]
fn a_terminal_that_knows_no_escape_codes_gets_plain_lines() {
    let place = Place::with(&tiny("[[contender]]\nuse = \"loopback\"\n", &[("span", "\"6s\"")]));
    let line = format!("exec '{}' run '{}' --out '{}'", env!("CARGO_BIN_EXE_pushbench"), place.scenario().display(), place.report().display());
    let output = Command::new("script").args(["-qec", &line, "/dev/null"]).env("SHELL", "/bin/sh").env("TERM", "dumb").stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let live = text.split("Tiny").next().unwrap();
    assert!(live.contains("[1/1] loopback, repeat 1: window ") && live.contains(" left") && !live.contains('\u{1b}'), "{text:?}");
}
