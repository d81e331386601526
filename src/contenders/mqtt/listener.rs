//! A connected client as the broker tells it: its way out, and what it has not yet acknowledged.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use super::packets::{self, Made, Said};
use super::settings::Version;
use crate::protocols::tcp::Outlet;

/// A client.
pub struct Listener {
    /// Its own number.
    pub number: u64,
    /// What it speaks.
    pub version: Version,
    outlet: Rc<Outlet>,
    /// Most publications that may wait for its acknowledgement.
    receive_maximum: usize,
    /// Largest packet that it takes.
    largest: usize,
    /// Bytes that may be held back for it.
    bound: usize,
    flights: RefCell<Flights>,
}

/// Publications that it must acknowledge.
#[derive(Default)]
struct Flights {
    last: u16,
    under_way: BTreeSet<u16>,
    /// Those that have to wait until others are acknowledged.
    held: VecDeque<(Made, usize)>,
    held_bytes: usize,
}

impl Listener {
    /// A client that has just been let in.
    pub fn new(number: u64, version: Version, outlet: Rc<Outlet>, receive_maximum: u16, largest: usize, bound: usize) -> Self {
        Self { number, version, outlet, receive_maximum: receive_maximum.into(), largest, bound, flights: RefCell::default() }
    }

    /// Sends a publication with so many bytes of payload, or holds it back until there is room.
    pub fn deliver(&self, made: &Made, payload: usize) {
        // What is larger than it takes is as good as delivered (MQTT 5 §3.1.2.11.4).
        if !self.outlet.is_open() || made.bytes.len() > self.largest {
            return;
        }
        if made.number_at.is_none() {
            return self.send(&[&made.bytes], payload);
        }
        let mut flights = self.flights.borrow_mut();
        if flights.under_way.len() >= self.receive_maximum || !flights.held.is_empty() {
            flights.held_bytes += made.bytes.len();
            flights.held.push_back((made.clone(), payload));
            if flights.held_bytes > self.bound {
                self.outlet.breaks();
            }
            return;
        }
        self.fly(&mut flights, made, payload);
    }

    /// It has got the publication of this number.
    pub fn acknowledged(&self, number: u16) {
        let mut flights = self.flights.borrow_mut();
        flights.under_way.remove(&number);
        while flights.under_way.len() < self.receive_maximum
            && let Some((made, payload)) = flights.held.pop_front()
        {
            flights.held_bytes -= made.bytes.len();
            self.fly(&mut flights, &made, payload);
        }
    }

    /// Sends a publication under a number that is free: there are more of them than may be under way.
    fn fly(&self, flights: &mut Flights, made: &Made, payload: usize) {
        loop {
            flights.last = flights.last.wrapping_add(1).max(1);
            if flights.under_way.insert(flights.last) {
                break;
            }
        }
        let at = made.number_at.unwrap_or_default();
        self.send(&[&made.bytes[..at], &flights.last.to_be_bytes(), &made.bytes[at + 2..]], payload);
    }

    fn send(&self, pieces: &[&[u8]], payload: usize) {
        self.outlet.meter().count(|traffic| {
            traffic.events_down += 1;
            traffic.payload_bytes += payload as u64;
        });
        self.outlet.send(pieces);
    }

    /// Sends something else, if its version has a packet for it.
    pub fn say(&self, said: &Said) {
        say(&self.outlet, self.version, self.largest, said);
    }

    /// Lets it go, and says why.
    pub fn dismiss(&self, said: &Said) {
        self.say(said);
        self.outlet.close();
    }
}

/// Sends a packet to a client that need not have been let in. One that must have an answer larger than it takes is closed (MQTT 5 §3.1.2.11.4).
pub fn say(outlet: &Outlet, version: Version, largest: usize, said: &Said) {
    let shakes_hands = matches!(said, Said::Welcome(..) | Said::NotWelcome(_) | Said::Over(_));
    if let Some(packet) = packets::write(version, said).filter(|_| outlet.is_open()) {
        if packet.len() > largest {
            return outlet.close();
        }
        outlet.meter().count(|traffic| *(if shakes_hands { &mut traffic.handshake_down } else { &mut traffic.events_down }) += 1);
        outlet.send(&[&packet]);
    }
}
