//! How a run is repeated: the command, with what is needed for the same updates, contenders and repeats.

use crate::measure::recording::{Recording, State};

/// The command that makes the same run again. Without `--repeats` where they are not known, see [`repeats`].
pub fn run(recording: &Recording) -> String {
    let file = quoted(&format!("{}.toml", recording.scenario.name));
    let only = only(recording).map_or_else(String::new, |names| format!(" --only {}", quoted(&names)));
    let repeats = repeats(recording).map_or_else(String::new, |repeats| format!(" --repeats {repeats}"));
    format!("pushbench run {file} --seed {}{only}{repeats}", recording.scenario.seed)
}

/// How many repeats the run was to have: only one that came to its end tells by its trials.
pub fn repeats(recording: &Recording) -> Option<u32> {
    if recording.state == State::Complete { recording.trials.iter().map(|trial| trial.repeat).max() } else { None }
}

/// The contenders that took part, where the scenario has more of them.
fn only(recording: &Recording) -> Option<String> {
    let document: toml_edit::DocumentMut = recording.scenario.text.parse().ok()?;
    let tables = document.get("contender")?.as_array_of_tables()?;
    let names: Vec<&str> = tables.iter().filter_map(|table| table.get("name").or_else(|| table.get("use"))?.as_str()).collect();
    let took_part: Vec<&str> = recording.contenders.iter().map(|contender| contender.name.as_str()).collect();
    let all_known = took_part.iter().all(|name| names.contains(name) && !name.contains(','));
    (all_known && took_part.len() < names.len()).then(|| took_part.join(","))
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    let plain = word.chars().all(|character| character.is_ascii_alphanumeric() || "-_./".contains(character));
    if plain && !word.starts_with('-') { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    #[test]
    fn the_command_asks_for_as_many_repeats_as_the_run_was_to_have_and_for_those_who_took_part() {
        let mut recording = made_up().scale(0.02).repeats(3).build();
        assert_eq!(run(&recording), "pushbench run synthetic.toml --seed 20080721 --repeats 3");
        // The last repeat of everybody was run, and not to its end.
        recording.trials.iter_mut().filter(|trial| trial.repeat == 3).for_each(|trial| trial.complete = false);
        assert!(run(&recording).ends_with(" --repeats 3"), "{}", run(&recording));
        recording.state = State::Interrupted;
        recording.trials.retain(|trial| trial.repeat == 1);
        assert!(!run(&recording).contains("--repeats") && repeats(&recording).is_none(), "{}", run(&recording));

        recording.state = State::Complete;
        let entry = |name: &str| format!("[[contender]]\nuse = \"rest-poll\"\nname = \"{name}\"\n");
        recording.scenario.text = ["poll-5s", "poll-1s", "conditional-5s"].map(entry).concat() + "[[contender]]\nuse = \"xmpp-pubsub\"\n";
        assert!(!run(&recording).contains("--only"), "all of them took part");
        recording.contenders.remove(1);
        assert!(run(&recording).contains(" --only 'poll-5s,conditional-5s,xmpp-pubsub' --repeats 1"), "{}", run(&recording));
    }

    #[test]
    fn words_for_a_shell_are_quoted() {
        assert_eq!([quoted("first-look.toml"), quoted("a b'; rm -rf ~.toml")], ["first-look.toml", "'a b'\\''; rm -rf ~.toml'"]);
    }
}
