//! Bad input: broken scenarios, files of updates and recordings, one mistake each. All are refused with what is wrong, where, what is
//! allowed or what helps; none makes a panic, takes much memory or much time.
//!
//! `texts` are mistakes in the text of a scenario, `themes` in that of a theme of slides, `files` whatever else a command can be given, `recordings` what a recording
//! may be mutated into, `reach` holds them to the code: an error that no case reaches fails.

#[path = "../support/command.rs"]
mod command;
mod files;
#[path = "../support/page.rs"]
mod page;
#[path = "../paper/mod.rs"]
mod paper;
mod reach;
mod recordings;
mod source;
mod texts;
mod themes;
