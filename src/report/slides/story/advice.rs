//! When polling is right, what push costs, and what to do on Monday: from who leads where, beyond the noise.

use super::Talk;
use super::rivals::{Meeting, shown};
use super::tiles::{CPU, FRESHNESS, MEMORY, Subject, VOLUME};
use crate::report::slides::deck::{Column, Item};
use crate::summary::verdict::{Question, Winner};

impl Talk<'_, '_> {
    /// What speaks for polling in this run, and what push takes in any case.
    pub(super) fn when_polling_is_right(&self) -> Column {
        let mut items: Vec<Item> = [&FRESHNESS, &VOLUME, &CPU, &MEMORY].into_iter().filter_map(|subject| self.polling_leads(subject)).collect();
        for name in ["break-even-bytes", "break-even-cpu"] {
            items.extend(self.picture(name).map(|picture| Item::new(picture.title)));
        }
        if items.is_empty() {
            items.push(self.nothing_speaks_for_polling());
        }
        // Whatever else push does, it has to be set up, and to hold its connections.
        if let Some(set_up) = self.verdict.statements.iter().find(|statement| statement.question == Question::SetUp) {
            let text = format!("Set-up: {}", set_up.text);
            items.push(if set_up.winner == Winner::NotTrustworthy { Item::warning(text) } else { Item::new(text) });
        }
        if let Meeting::Duel(duel) = self.meet("connections.held") {
            let held = |cell| shown("connections.held", cell);
            let (push, pull) = (&duel.push.contender.name, &duel.pull.contender.name);
            items.push(Item::new(format!("Connections held: {} by {push}, {} by {pull}", held(duel.push), held(duel.pull))));
        }
        Column { heading: "When polling is right".to_owned(), items }
    }

    fn polling_leads(&self, subject: &Subject) -> Option<Item> {
        let Meeting::Duel(duel) = self.meet(subject.metric) else { return None };
        let (push, pull) = (shown(subject.metric, duel.push), shown(subject.metric, duel.pull));
        let names = format!("{} instead of {} by {}", pull, push, duel.push.contender.name);
        match duel.winner {
            Winner::Pull => Some(Item::new(format!("Polling leads in {}: {} takes {names}", subject.noun, duel.pull.contender.name))),
            Winner::NotTrustworthy => Some(Item::warning(format!("Not to be trusted, so that nothing is said of it: {}", subject.noun))),
            _ => None,
        }
    }

    fn nothing_speaks_for_polling(&self) -> Item {
        let any = [&FRESHNESS, &VOLUME, &CPU, &MEMORY].into_iter().any(|subject| matches!(self.meet(subject.metric), Meeting::Duel(_)));
        Item::new(if any {
            "In freshness, messages, CPU and server memory polling does not lead here beyond the noise"
        } else {
            "Only one of the families was run: nothing can be said of the other"
        })
    }

    /// What to do on Monday: a sentence, and what stands behind it.
    pub(super) fn on_monday(&self) -> (String, Vec<Item>) {
        let winners: Vec<(&str, Winner)> = [&FRESHNESS, &VOLUME, &CPU]
            .into_iter()
            .filter_map(|subject| match self.meet(subject.metric) {
                Meeting::Duel(duel) => Some((subject.noun, duel.winner)),
                _ => None,
            })
            .collect();
        let won = |winner: Winner| winners.iter().filter(|(_, found)| *found == winner).map(|(noun, _)| *noun).collect::<Vec<&str>>();
        let (push, pull, doubtful) = (won(Winner::Push), won(Winner::Pull), won(Winner::NotTrustworthy));
        let (title, first) = if self.cells.is_empty() {
            ("On Monday: run it to its end".to_owned(), "No trial was measured to its end".to_owned())
        } else if winners.is_empty() {
            ("On Monday: measure the other way too".to_owned(), "Add a contender of the other family to the scenario, and run it again".to_owned())
        } else if !doubtful.is_empty() {
            ("On Monday: run it again, and decide nothing before".to_owned(), "Mend what the doubts name; pushbench doctor says what is wrong with a machine".to_owned())
        } else {
            match (push.is_empty(), pull.is_empty()) {
                (false, true) => ("On Monday: push, for traffic like this".to_owned(), format!("Push leads in {}", listed(&push))),
                (true, false) => ("On Monday: keep polling, for traffic like this".to_owned(), format!("Polling leads in {}", listed(&pull))),
                (false, false) => {
                    let what = format!("Push leads in {}, polling in {}", listed(&push), listed(&pull));
                    ("On Monday: decide what matters more".to_owned(), what)
                }
                (true, true) => (
                    "On Monday: take the simpler one, or add repeats".to_owned(),
                    "No lead is beyond the noise; pushbench run --repeats gives more to go by".to_owned(),
                ),
            }
        };
        let mut items = vec![Item::new(first)];
        items.push(Item::new(format!("Put your own numbers in: pushbench run {}.toml", self.summary.recording.scenario.name)));
        if !self.theme.link.is_empty() {
            items.push(Item::new(self.theme.link.clone()));
        }
        (title, items)
    }
}

fn listed(nouns: &[&str]) -> String {
    match nouns {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
