//! A publisher and a subscriber that behave, beside whatever is tried: every notification must arrive, in order.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use pushbench::contender::ServerAddress;
use tokio::task::JoinHandle;

use crate::support::{LONG, Raw};

pub struct Pair {
    arrived: Rc<Cell<u64>>,
    tasks: [JoinHandle<()>; 2],
}

impl Pair {
    pub async fn start(server: &ServerAddress) -> Self {
        let mut publisher = Raw::bound(server, "good-publisher", "r").await;
        let mut subscriber = Raw::bound(server, "good-subscriber", "r").await;
        assert!(publisher.pubsub("set", "<create node='good'/>").await.contains("type='result'"));
        assert!(subscriber.pubsub("set", "<subscribe node='good' jid='good-subscriber@localhost/r'/>").await.contains("type='result'"));
        let arrived = Rc::new(Cell::new(0));
        let publishing = async move {
            for number in 1_u64.. {
                let answer = publisher.pubsub("set", &format!("<publish node='good'><item><x xmlns='u'>number {number}.</x></item></publish>")).await;
                assert!(answer.contains("type='result'"), "{answer}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let counter = Rc::clone(&arrived);
        let listening = async move {
            for number in 1_u64.. {
                let notification = subscriber.until("</message>").await;
                assert!(notification.contains(&format!("number {number}.")), "{number}: {notification}");
                counter.set(number);
            }
        };
        Self { arrived, tasks: [tokio::task::spawn_local(publishing), tokio::task::spawn_local(listening)] }
    }

    /// Three more notifications have arrived, and not one is missing.
    pub async fn is_unharmed(&self) {
        let wanted = self.arrived.get() + 3;
        let all = async {
            while self.arrived.get() < wanted {
                assert!(!self.tasks.iter().any(JoinHandle::is_finished), "a client that behaves was harmed");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        assert!(tokio::time::timeout(LONG, all).await.is_ok(), "a client that behaves waits");
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
