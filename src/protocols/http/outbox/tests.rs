use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::measure::ledger::Ledger;
use crate::protocols::http::answer::Site;
use crate::protocols::http::store::Store;

/// A server of topics, without a socket.
struct Scene {
    service: Service,
    outboxes: Outboxes,
}

/// `NUMBER TOPIC PAYLOAD;`
fn write(sequence: u64, topic: &str, payload: &[u8]) -> Vec<u8> {
    format!("{sequence} {topic} {};", String::from_utf8_lossy(payload)).into_bytes()
}

impl Scene {
    fn new(keep: Keep, room: usize) -> Self {
        let room = Room::new(room);
        let site = Site { store: Store::new(99, room.clone()), room, largest_payload: 9 << 20, cross_origin: false, extension: None };
        Self { service: Service { site: Rc::new(site), ledger: Ledger::default() }, outboxes: Outboxes::new(keep, write) }
    }

    fn put(&self, name: &str, payload: &str) {
        let payload = Bytes::from(payload.to_owned());
        self.service.site.store.store(name, payload.clone(), |_| true);
        self.outboxes.changed(&Change { name, payload: &payload, revision: 1 });
    }

    fn open(&self, list: &str) -> Rc<Outbox> {
        self.outboxes.open(&self.service, list.as_bytes()).expect("all are there")
    }

    /// What comes after this number, and the number of the last of it.
    fn next(&self, outbox: &Outbox, after: u64) -> (Vec<String>, u64) {
        let batch = self.outboxes.batch(&self.service, outbox, after);
        let text = String::from_utf8(batch.bytes.to_vec()).unwrap();
        let updates: Vec<String> = text.split_terminator(';').map(|update| update.split_once(' ').unwrap().1.to_owned()).collect();
        assert_eq!(updates.len(), batch.count);
        (updates, batch.last)
    }
}

#[test]
fn first_values_come_first_and_nothing_between_them_is_lost() {
    let scene = Scene::new(Keep::All(9), 9 << 20);
    let large = "x".repeat(LARGEST_BATCH);
    scene.put("a", &large);
    scene.put("b", "b0");
    scene.put("c", "c0");
    let outbox = scene.open("c\na\n\nb\na\n");
    let (first, last) = scene.next(&outbox, 0);
    assert_eq!(first, [format!("a {large}")], "a batch is full when it is full");
    // One that was sent already, and one that will be.
    scene.put("a", "a1");
    scene.put("b", "b1");
    outbox.confirm(last);
    let (second, last) = scene.next(&outbox, last);
    assert_eq!(second, ["b b1", "c c0"]);
    outbox.confirm(last);
    let (third, last) = scene.next(&outbox, last);
    assert_eq!(third, ["a a1"], "changed after it was sent");
    assert_eq!(scene.next(&outbox, last).0, Vec::<String>::new());
}

#[test]
fn what_is_not_confirmed_comes_again() {
    let scene = Scene::new(Keep::All(9), 9 << 20);
    scene.put("a", "a0");
    let outbox = scene.open("a");
    let (_, last) = scene.next(&outbox, 0);
    scene.put("a", "a1");
    scene.put("a", "a2");
    let (sent, later) = scene.next(&outbox, last);
    assert_eq!(sent, ["a a1", "a a2"]);
    assert_eq!(scene.next(&outbox, last), (sent, later));
    outbox.confirm(later);
    assert_eq!(scene.next(&outbox, later).0, Vec::<String>::new());
    // Whoever says that it has less than what was forgotten begins anew.
    assert_eq!(scene.next(&outbox, last).0, ["a a2"]);
    for hostile in [u64::MAX, u64::MAX - 1] {
        outbox.confirm(hostile);
        assert_eq!(scene.next(&outbox, hostile).0, Vec::<String>::new());
    }
}

#[test]
fn the_latest_alone_may_be_kept() {
    let scene = Scene::new(Keep::Latest, 9 << 20);
    scene.put("a", "a0");
    scene.put("b", "b0");
    let outbox = scene.open("a\nb");
    let (_, last) = scene.next(&outbox, 0);
    for update in 1..=50 {
        scene.put("a", &format!("a{update}"));
    }
    scene.put("b", "b1");
    scene.put("a", "a51");
    let (updates, last) = scene.next(&outbox, last);
    assert_eq!(updates, ["b b1", "a a51"]);
    outbox.confirm(last);
    scene.put("a", "a52");
    assert_eq!(scene.next(&outbox, last).0, ["a a52"]);
}

#[test]
fn whoever_is_too_far_behind_gets_what_is_now() {
    let scene = Scene::new(Keep::All(2), 9 << 20);
    scene.put("a", "a0");
    scene.put("b", "b0");
    let outbox = scene.open("a\nb");
    let (_, last) = scene.next(&outbox, 0);
    outbox.go_on(last);
    scene.put("a", "a1");
    scene.put("a", "a2");
    assert!(!outbox.is_overrun());
    scene.put("a", "a3");
    assert!(outbox.is_overrun());
    let (updates, last) = scene.next(&outbox, last);
    assert_eq!(updates, ["a a3", "b b0"]);
    scene.put("b", "b1");
    assert_eq!(scene.next(&outbox, last).0, ["b b1"]);
    assert!(!outbox.is_overrun());
}

#[test]
fn what_is_kept_for_those_who_have_it_is_bounded_too() {
    let scene = Scene::new(Keep::All(2), 9 << 20);
    scene.put("a", "a0");
    let outbox = scene.open("a");
    let (_, mut last) = scene.next(&outbox, 0);
    let begin = last;
    for update in 1..=5 {
        scene.put("a", &format!("a{update}"));
        last = scene.next(&outbox, last).1;
        outbox.go_on(last);
    }
    assert!(!outbox.is_overrun(), "all was sent");
    assert_eq!(outbox.state.borrow().pending.len(), 2);
    assert_eq!(scene.next(&outbox, last - 1).0, ["a a5"], "what it says it has not got is sent again");
    assert_eq!(scene.next(&outbox, begin).0, ["a a5"], "the present value, where that is not there any more");
}

#[test]
fn room_is_taken_and_given_back() {
    let scene = Scene::new(Keep::All(9), 3_000);
    scene.put("a", "a0");
    let outbox = scene.open("a");
    let (_, last) = scene.next(&outbox, 0);
    assert_eq!(scene.outboxes.open(&scene.service, &b"a\n".repeat(99)).map(|_| ()), Ok(()), "named twice, counted once");
    let large = "x".repeat(2_000);
    scene.put("a", &large);
    assert!(outbox.is_overrun(), "an update without room is not kept");
    assert_eq!(scene.next(&outbox, last).0, [format!("a {large}")], "and comes as the present value");
    while let Ok(another) = scene.outboxes.open(&scene.service, b"a") {
        assert!(scene.outboxes.count() < 99);
        drop(another);
    }
    let full = scene.outboxes.count();
    scene.outboxes.close(&outbox);
    drop(outbox);
    assert!(scene.outboxes.open(&scene.service, b"a").is_ok());
    assert_eq!(scene.outboxes.count(), full);
    for (list, refusal) in [(&b""[..], Refusal::Nothing), (b"\n\n", Refusal::Nothing), (b"a\n\xff", Refusal::Nothing), (b"a\nz", Refusal::Unknown("z".into()))]
    {
        assert_eq!(scene.outboxes.open(&scene.service, list).map(|_| ()), Err(refusal));
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn an_outbox_that_nobody_asks_for_is_forgotten() {
    let scene = Scene::new(Keep::All(9), 9 << 20);
    scene.put("a", "a0");
    let (left, held) = (scene.open("a"), scene.open("a"));
    let attendance = held.attend();
    assert!(scene.outboxes.find(&left.name()).is_some());
    let stop = CancellationToken::new();
    let lease = Duration::from_secs(60);
    let _ = tokio::time::timeout(lease * 2, scene.outboxes.keep_expiring(lease, &stop)).await;
    assert!(left.is_closed() && scene.outboxes.find(&left.name()).is_none());
    assert!(!held.is_closed());
    drop(attendance);
    let _ = tokio::time::timeout(lease * 2, scene.outboxes.keep_expiring(lease, &stop)).await;
    assert_eq!((held.is_closed(), scene.outboxes.count(), scene.outboxes.wishes.borrow().len()), (true, 0, 0));
    for name in ["", "1", "+00000000000000a", "000000000000000A", "00000000000000000"] {
        assert!(scene.outboxes.find(name).is_none(), "{name}");
    }
}

/// What may happen to a server with outboxes.
#[derive(Clone, Debug)]
enum Step {
    Open(Vec<u8>),
    Put(u8),
    /// A request of somebody; its answer may be lost.
    Ask {
        who: usize,
        arrives: bool,
    },
    Close(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => prop::collection::vec(0..5_u8, 1..5).prop_map(Step::Open),
        5 => (0..5_u8).prop_map(Step::Put),
        5 => (any::<usize>(), prop::bool::weighted(0.8)).prop_map(|(who, arrives)| Step::Ask { who, arrives }),
        1 => any::<usize>().prop_map(Step::Close),
    ]
}

proptest! {
    /// Whatever happens in whatever order, everybody who goes on asking ends with the present value of each topic, and with all kept sees
    /// each version after its first value once, in order.
    #[test]
    fn everybody_gets_everything(steps in prop::collection::vec(step(), 1..120), keep in prop_oneof![Just(Keep::All(1000)), Just(Keep::All(3)), Just(Keep::Latest)]) {
        let scene = Scene::new(keep, 9 << 20);
        let mut versions = [0_u32; 5];
        for topic in 0..5 {
            scene.put(&format!("t{topic}"), "0");
        }
        let mut readers: Vec<(Rc<Outbox>, u64, BTreeMap<String, u32>)> = Vec::new();
        let ask = |(outbox, after, seen): &mut (Rc<Outbox>, u64, BTreeMap<String, u32>), arrives: bool| {
            outbox.confirm(*after);
            let (updates, last) = scene.next(outbox, *after);
            if !arrives {
                return Ok(());
            }
            for update in &updates {
                let (topic, version) = update.split_once(' ').unwrap();
                let version: u32 = version.parse().unwrap();
                let before = seen.insert(topic.to_owned(), version);
                // After a lost answer a first value may be read anew, and its change come as well.
                prop_assert!(before.is_none_or(|before| version >= before), "{topic} went back");
                if keep == Keep::All(1000) {
                    prop_assert!(before.is_none_or(|before| version <= before + 1), "{topic} skipped a version");
                }
            }
            *after = if updates.is_empty() { *after } else { last };
            Ok(())
        };
        for step in steps {
            match step {
                Step::Open(topics) => {
                    let list = topics.iter().map(|topic| format!("t{topic}\n")).collect::<String>();
                    readers.push((scene.open(&list), 0, BTreeMap::new()));
                }
                Step::Put(topic) => {
                    versions[usize::from(topic)] += 1;
                    scene.put(&format!("t{topic}"), &versions[usize::from(topic)].to_string());
                }
                Step::Ask { who, arrives } if !readers.is_empty() => {
                    let who = who % readers.len();
                    ask(&mut readers[who], arrives)?;
                }
                Step::Close(who) if !readers.is_empty() => {
                    let (outbox, ..) = readers.swap_remove(who % readers.len());
                    scene.outboxes.close(&outbox);
                }
                Step::Ask { .. } | Step::Close(_) => {}
            }
        }
        for reader in &mut readers {
            ask(reader, true)?;
            ask(reader, true)?;
            for (topic, version) in &reader.2 {
                let number: usize = topic[1..].parse().unwrap();
                prop_assert_eq!(*version, versions[number], "{} is out of date", topic);
            }
            prop_assert_eq!(reader.2.len(), reader.0.state.borrow().wanted.len());
        }
    }
}
