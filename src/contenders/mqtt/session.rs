//! One connection of the broker.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use super::broker::{Broker, Full};
use super::filter;
use super::listener::{self, Listener};
use super::packets::{Asked, Connect, How, Publish, Reader, Said, Wanted};
use super::settings::Version;
use super::wire::Reason;
use crate::protocols::tcp::{Flow, Outlet, Session};

/// A client that is silent for one and a half times its keep-alive has gone (MQTT 5 §3.1.2.10): three beats of half of it.
const SILENT_BEATS: u32 = 3;

/// What all connections share.
pub struct Server {
    /// Topics and clients.
    pub broker: Broker,
    /// Largest packet.
    pub largest: u32,
    /// Bytes that may be held back for a client.
    pub bound: usize,
    /// The number of the last listener.
    pub listeners: Cell<u64>,
}

/// A connection.
pub struct MqttSession {
    server: Rc<Server>,
    outlet: Rc<Outlet>,
    reader: Reader,
    client: Option<Client>,
    /// Largest packet that the client takes.
    largest: usize,
    /// Whether it said goodbye, or was told to go: what still comes in is counted.
    over: bool,
    /// Whether nothing can be made of what comes in.
    deaf: bool,
    packets: u64,
}

/// Who is at the other end.
struct Client {
    name: Rc<str>,
    listener: Rc<Listener>,
    will: Option<Publish>,
    keep_alive: Duration,
    silent: u32,
    filters: BTreeSet<Rc<str>>,
    waiting: Option<Waiting>,
}

/// A subscription that is not yet answered: what is retained may be more than a queue holds. What came behind it stays in the reader until then.
struct Waiting {
    number: u16,
    wanted: VecDeque<Wanted>,
    reasons: Vec<Reason>,
    /// Names that a filter with wildcards has matched, and how it wants them.
    retained: VecDeque<(Rc<str>, How)>,
}

impl MqttSession {
    /// For a connection just accepted.
    pub fn new(server: Rc<Server>, outlet: Rc<Outlet>) -> Self {
        let reader = Reader::new(server.largest as usize);
        Self { server, outlet, reader, client: None, largest: usize::MAX, over: false, deaf: false, packets: 0 }
    }

    /// Takes all packets that are there, up to a subscription: it is answered before anything else is done.
    fn work(&mut self) -> Flow {
        while !self.deaf {
            if self.client.as_ref().is_some_and(|client| client.waiting.is_some()) {
                return Flow::Continue;
            }
            match self.reader.read() {
                Ok(None) => return if self.over { Flow::Close } else { Flow::Continue },
                Ok(Some(asked)) => {
                    self.packets += 1;
                    self.take(asked);
                }
                Err(reason) => {
                    self.deaf = true;
                    // Who was not let in is told that its version is not spoken, and nothing else.
                    if self.client.is_some() {
                        self.dismiss(reason);
                    } else if !self.over && reason == Reason::Version {
                        self.refuse(reason);
                    }
                }
            }
        }
        Flow::Close
    }

    /// What the client speaks; the oldest as long as nobody knows.
    fn version(&self) -> Version {
        self.reader.version().unwrap_or(Version::V3)
    }

    fn take(&mut self, asked: Asked) {
        let shakes_hands = matches!(asked, Asked::Connect(_) | Asked::Leave { .. });
        if matches!(asked, Asked::Publish(..)) {
            // From here on this connection is the publishers' leg.
            self.outlet.meter().is_publisher();
        }
        let payload = if let Asked::Publish(publish, _) = &asked { publish.payload.len() } else { 0 };
        self.outlet.meter().count(|traffic| {
            *(if shakes_hands { &mut traffic.handshake_up } else { &mut traffic.events_up }) += 1;
            traffic.payload_bytes += payload as u64;
        });
        // Who was cut off amid what it said is not served to its end.
        if self.over || !self.outlet.is_open() {
            return;
        }
        let Some(client) = &mut self.client else {
            return match asked {
                Asked::Connect(connect) => self.let_in(*connect),
                Asked::Wrong(reason) => self.refuse(reason),
                // A client that does not introduce itself is not answered (MQTT 5 §3.1).
                _ => self.over = true,
            };
        };
        client.silent = 0;
        match asked {
            Asked::Connect(_) => self.dismiss(Reason::Protocol),
            Asked::Publish(publish, number) => self.publish(publish, number),
            Asked::Acknowledge(number) => client.listener.acknowledged(number),
            Asked::Subscribe(number, wanted) => {
                client.waiting = Some(Waiting { number, wanted: wanted.into(), reasons: Vec::new(), retained: VecDeque::new() });
            }
            Asked::Unsubscribe(number, filters) => self.unsubscribe(number, &filters),
            Asked::Ping => client.listener.say(&Said::Pong),
            Asked::Leave { with_will } => self.leave(with_will),
            Asked::Wrong(reason) => self.dismiss(reason),
        }
    }

    fn let_in(&mut self, connect: Connect) {
        self.largest = connect.largest;
        if connect.client.is_empty() && !connect.clean {
            return self.refuse(Reason::Client);
        }
        if connect.will.as_ref().is_some_and(|will| !filter::is_name(&will.topic)) {
            return self.refuse(Reason::Topic);
        }
        if connect.will_twice {
            return self.refuse(Reason::Quality);
        }
        let will = connect.will.map(|will| self.server.broker.hold(will)).transpose();
        let Ok(will) = will else { return self.refuse(Reason::Quota) };
        let number = self.server.listeners.get() + 1;
        self.server.listeners.set(number);
        let assigned = connect.client.is_empty().then(|| self.server.broker.free_name(number));
        let name: Rc<str> = assigned.clone().unwrap_or(connect.client).into();
        let listener = Listener::new(number, self.version(), Rc::clone(&self.outlet), connect.receive_maximum, connect.largest, self.server.bound);
        let listener = Rc::new(listener);
        if let Some(before) = self.server.broker.enter(&name, &listener) {
            before.dismiss(&Said::Over(Reason::TakenOver));
        }
        listener.say(&Said::Welcome(assigned, self.server.largest));
        let keep_alive = Duration::from_secs(connect.keep_alive.into());
        self.client = Some(Client { name, listener, will, keep_alive, silent: 0, filters: BTreeSet::new(), waiting: None });
    }

    fn publish(&mut self, publish: Publish, number: Option<u16>) {
        let Some(client) = &self.client else { return };
        if !filter::is_name(&publish.topic) {
            return self.dismiss(Reason::Topic);
        }
        let outcome = self.server.broker.publish(publish, client.listener.number);
        match (outcome, number) {
            (Ok(()), None) => {}
            (Ok(()), Some(number)) => client.listener.say(&Said::Acknowledged(number, Reason::Success)),
            (Err(Full), Some(number)) if self.version() == Version::V5 => client.listener.say(&Said::Acknowledged(number, Reason::Quota)),
            // There is no other way of telling.
            (Err(Full), _) => self.dismiss(Reason::Quota),
        }
    }

    fn unsubscribe(&mut self, number: u16, filters: &[String]) {
        let Some(client) = &mut self.client else { return };
        let reasons = filters.iter().map(|filter| {
            client.filters.remove(&**filter);
            let was = self.server.broker.unsubscribe(filter, client.listener.number);
            if was { Reason::Success } else { Reason::NoSubscription }
        });
        let reasons = reasons.collect();
        client.listener.say(&Said::Unsubscribed(number, reasons));
    }

    fn refuse(&mut self, reason: Reason) {
        listener::say(&self.outlet, self.version(), self.largest, &Said::NotWelcome(reason));
        self.over = true;
    }

    /// Lets the client go, and says why where its version can.
    fn dismiss(&mut self, reason: Reason) {
        listener::say(&self.outlet, self.version(), self.largest, &Said::Over(reason));
        self.leave(true);
    }

    /// The client is no longer there; its will is published where it did not take it back.
    fn leave(&mut self, with_will: bool) {
        self.over = true;
        let Some(client) = self.client.take() else { return };
        self.server.broker.leave(&client.name, client.listener.number);
        for filter in &client.filters {
            self.server.broker.unsubscribe(filter, client.listener.number);
        }
        let will = client.will.map(|will| self.server.broker.release(will));
        if let (Some(will), true) = (will, with_will) {
            // Where there is no room for it nobody is left to be told.
            let _ = self.server.broker.publish(will, client.listener.number);
        }
    }
}

impl Client {
    /// Answers a filter of a subscription, and sends what is retained; with wildcards that comes later.
    fn subscribe(&mut self, broker: &Broker, wanted: &Wanted) -> (Reason, Vec<Rc<str>>) {
        let Wanted { filter, how } = wanted;
        let granted = if how.acknowledged { Reason::Granted1 } else { Reason::Success };
        if filter.starts_with("$share/") {
            return (Reason::Shared, Vec::new());
        }
        if !filter::is_filter(filter) {
            return (Reason::Filter, Vec::new());
        }
        let subscribed = if filter::is_wild(filter) {
            broker.subscribe_wild(filter, &self.listener, *how)
        } else {
            broker.subscribe(filter, &self.listener, *how).map(|kept| (kept, Vec::new()))
        };
        match subscribed {
            Ok((kept, retained)) => {
                self.filters.extend(kept);
                (granted, retained)
            }
            Err(Full) => (Reason::Quota, Vec::new()),
        }
    }
}

impl Session for MqttSession {
    fn feed(&mut self, bytes: &[u8]) -> Flow {
        if self.deaf {
            return Flow::Close;
        }
        self.reader.push(bytes);
        self.work()
    }

    fn pour(&mut self, room: usize) -> bool {
        while self.outlet.is_open() && self.outlet.queued() < room {
            let Some(client) = &mut self.client else { return false };
            let Some(mut waiting) = client.waiting.take() else { return false };
            if let Some((name, how)) = waiting.retained.pop_front() {
                self.server.broker.send_retained(&name, &client.listener, how);
            } else if let Some(wanted) = waiting.wanted.pop_front() {
                let (reason, retained) = client.subscribe(&self.server.broker, &wanted);
                waiting.reasons.push(reason);
                waiting.retained = retained.into_iter().map(|name| (name, wanted.how)).collect();
            } else {
                client.listener.say(&Said::Subscribed(waiting.number, waiting.reasons));
                if self.work() == Flow::Close {
                    self.outlet.close();
                }
                continue;
            }
            client.waiting = Some(waiting);
        }
        self.client.as_ref().is_some_and(|client| client.waiting.is_some())
    }

    fn under_way(&self) -> Option<u64> {
        let begun = self.client.is_none() || self.reader.is_amid();
        (begun && !self.over).then_some(self.packets)
    }

    fn rhythm(&self) -> Option<Duration> {
        self.client.as_ref().map(|client| client.keep_alive / 2).filter(|rhythm| !rhythm.is_zero())
    }

    fn beat(&mut self) -> Flow {
        let Some(client) = &mut self.client else { return Flow::Continue };
        client.silent += 1;
        if client.silent <= SILENT_BEATS {
            return Flow::Continue;
        }
        self.dismiss(Reason::KeepAlive);
        Flow::Close
    }

    fn late(&mut self) {
        if self.client.is_some() {
            self.dismiss(Reason::TooSlow);
        }
        self.deaf = true;
    }

    fn stop(&mut self) {
        if self.client.is_some() {
            // The server's end is nobody's death: no will is published.
            listener::say(&self.outlet, self.version(), self.largest, &Said::Over(Reason::ShuttingDown));
            self.leave(false);
        }
    }

    fn turn_away(&mut self) {
        self.refuse(Reason::Unavailable);
        self.deaf = true;
    }

    fn ended(&mut self) {
        self.leave(true);
        // What a subscription held up is counted, and nothing else.
        self.work();
    }
}

#[cfg(test)]
mod tests;
