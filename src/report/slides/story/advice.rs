//! When polling is right, what push costs, and what to do on Monday: from who leads where, beyond the noise.

use super::Talk;
use super::rivals::{Meeting, shown};
use super::tiles::{CPU, FRESHNESS, MEMORY, Subject, VOLUME};
use crate::measure::recording::Direction;
use crate::report::charts::finding::short;
use crate::report::slides::deck::{Column, Item};
use crate::summary::ratios::Tie;
use crate::summary::verdict::{Question, Winner};
use crate::summary::{Cell, Grade};

const COSTS: &str = "What push costs";
const MEND: &str = "Mend what the doubts name; pushbench doctor says what is wrong with a machine";

impl Talk<'_, '_> {
    /// What push takes that polling does not, and what speaks for polling: in this run, beyond the noise.
    pub(super) fn what_push_costs(&self) -> Vec<Column> {
        let families = [Direction::Push, Direction::Pull].map(|direction| self.family(direction));
        if families.contains(&0) {
            let text = match families {
                [0, 0] => "Nobody here asks or is told: nothing can be said of either",
                _ => "Only one of the families was run: nothing can be said of the other",
            };
            return vec![Column { heading: COSTS.to_owned(), items: vec![Item::new(text)] }];
        }
        vec![
            Column { heading: COSTS.to_owned(), items: self.costs() },
            Column { heading: "When polling is right".to_owned(), items: self.when_polling_is_right() },
        ]
    }

    fn costs(&self) -> Vec<Item> {
        let mut items: Vec<Item> = self.untrusted(&[&MEMORY]).into_iter().chain(self.polling_leads(&MEMORY, true)).collect();
        // Whatever else push does, it has to be set up, and to hold its connections.
        if let Some(set_up) = self.verdict.statements.iter().find(|statement| statement.question == Question::SetUp) {
            let text = format!("Set-up: {}", self.brief(set_up.text.trim_end_matches('.')));
            items.push(if set_up.winner == Winner::NotTrustworthy { Item::warning(text) } else { Item::new(text) });
        }
        if let Meeting::Duel(duel) = self.meet("connections.held") {
            let held = |cell| shown("connections.held", cell);
            let (push, pull) = (short(&duel.push.contender.name), short(&duel.pull.contender.name));
            items.push(Item::new(format!("Connections held: {} by {push}, {} by {pull}", held(duel.push), held(duel.pull))));
        }
        if items.is_empty() {
            items.push(Item::new("This run has no figures for set-up, memory and connections"));
        }
        items
    }

    fn when_polling_is_right(&self) -> Vec<Item> {
        let mut items: Vec<Item> =
            ["break-even-bytes", "break-even-cpu"].into_iter().filter_map(|name| self.picture(name)).map(|picture| Item::new(picture.title)).collect();
        items.extend([&FRESHNESS, &VOLUME, &CPU].into_iter().filter_map(|subject| self.polling_leads(subject, false)));
        items.extend(self.untrusted(&[&FRESHNESS, &VOLUME, &CPU]));
        let known = [(&FRESHNESS, "freshness"), (&VOLUME, "messages"), (&CPU, "CPU")]
            .into_iter()
            .filter(|(subject, _)| matches!(self.meet(subject.metric), Meeting::Duel(_)));
        let known: Vec<&str> = known.map(|(_, noun)| noun).collect();
        if items.is_empty() {
            items.push(Item::new(match known.as_slice() {
                [] => "This run has no figures of both families to tell by".to_owned(),
                known => format!("In {} it does not lead here beyond the noise", listed(known)),
            }));
        }
        if let Meeting::Duel(duel) = self.meet(FRESHNESS.metric)
            && duel.winner == Winner::Push
        {
            let age = shown(FRESHNESS.metric, duel.pull);
            items.push(Item::new(format!("Where news may be {age} old: within that {} shows 99 % of updates", short(&duel.pull.contender.name))));
        }
        items
    }

    /// What nothing can be said of.
    fn untrusted(&self, subjects: &[&Subject]) -> Option<Item> {
        let wrong = |subject: &&&Subject| matches!(self.meet(subject.metric), Meeting::Duel(duel) if duel.winner == Winner::NotTrustworthy);
        let nouns: Vec<&str> = subjects.iter().filter(wrong).map(|subject| subject.noun).collect();
        (!nouns.is_empty()).then(|| Item::warning(format!("Nothing is said of {}: not to be trusted", listed(&nouns))))
    }

    /// Where polling takes less, told as a price of push or as what speaks for polling.
    fn polling_leads(&self, subject: &Subject, price: bool) -> Option<Item> {
        let Meeting::Duel(duel) = self.meet(subject.metric) else { return None };
        let of = |cell: &Cell<'_>| format!("{} by {}", shown(subject.metric, cell), short(&cell.contender.name));
        let less = if subject.less.starts_with("fewer") { "Fewer" } else { "Less" };
        match duel.winner {
            Winner::Pull if price => Some(Item::new(format!("More {}: {} instead of {}", subject.noun, of(duel.push), of(duel.pull)))),
            Winner::Pull => Some(Item::new(format!("{less} {}: {} instead of {}", subject.noun, of(duel.pull), of(duel.push)))),
            _ => None,
        }
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
            ("On Monday: run it to its end".to_owned(), "Trials that were cut short count nowhere".to_owned())
        } else if !self.competes() {
            ("On Monday: measure polling and push".to_owned(), "Add a contender that asks and one that is told to the scenario, and run it again".to_owned())
        } else if winners.is_empty() && !self.doubts(&[]).iter().all(|doubt| doubt.grade == Grade::Note) {
            ("On Monday: run it again, and decide nothing before".to_owned(), MEND.to_owned())
        } else if winners.is_empty() {
            ("On Monday: measure the other way too".to_owned(), "Add a contender of the other family to the scenario, and run it again".to_owned())
        } else if !doubtful.is_empty() {
            ("On Monday: run it again, and decide nothing before".to_owned(), MEND.to_owned())
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
        if let Meeting::Duel(duel) = self.meet(FRESHNESS.metric)
            && duel.winner == Winner::Push
            && doubtful.is_empty()
        {
            items.push(Item::new(format!("Polling is soon enough where news may be {} old", shown(FRESHNESS.metric, duel.pull))));
        }
        let is_unsettled =
            |metric: &str| matches!(self.meet(metric), Meeting::Duel(duel) if duel.winner == Winner::NoClearDifference && duel.tie() == Tie::Unsettled);
        let unsettled: Vec<&str> =
            [&FRESHNESS, &VOLUME, &CPU, &MEMORY].into_iter().filter(|subject| is_unsettled(subject.metric)).map(|subject| subject.noun).collect();
        if !unsettled.is_empty() {
            items.push(Item::new(format!("Add repeats: there are too few to settle {}", listed(&unsettled))));
        }
        items.push(Item::new(format!("Put your own sizes, rates and intervals into {}.toml: they decide", self.summary.recording.scenario.name)));
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
