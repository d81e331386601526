//! One session spread over requests: which comes next, and what it asks (XEP-0124 §7 to §14).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::measure::ledger::Meter;
use crate::protocols::xmpp::counter::{Counter, Exchanges};
use crate::protocols::xmpp::errors::StreamCondition;
use crate::protocols::xmpp::framing::Framing;
use crate::protocols::xmpp::namespaces as ns;
use crate::protocols::xmpp::outlet::Outlet;
use crate::protocols::xmpp::reader::{Event, read_element};
use crate::protocols::xmpp::server::Server;
use crate::protocols::xmpp::session::{Flow, Session};
use crate::protocols::xmpp::xml::{Element, Node, escape};

use super::REQUESTS;
use super::outlet::{self, BoshOutlet, Said};

/// A request that came before its turn.
struct Early {
    body: Element,
    meter: Meter,
    /// Told what it waits for once it is its turn.
    turn: oneshot::Sender<oneshot::Receiver<Said>>,
}

/// A session.
pub struct BoshSession {
    session: RefCell<Session>,
    outlet: Rc<BoshOutlet>,
    exchanges: Rc<Exchanges>,
    /// How many requests are held (XEP-0124 §7): 0 or 1.
    hold: usize,
    /// How long each, in measured time.
    pub wait: Duration,
    /// The request that is due.
    next: Cell<u64>,
    /// Requests that came before their turn.
    early: RefCell<BTreeMap<u64, Early>>,
    /// How often it was looked at before a resource was bound.
    looks: Cell<u32>,
    domain: &'static str,
}

impl BoshSession {
    /// One that begins with the request `rid`.
    pub fn new(server: Rc<Server>, rid: u64, hold: usize, wait: Duration) -> Self {
        let exchanges = Rc::new(Exchanges::default());
        let (domain, queue) = (server.domain(), server.bounds().queue);
        let outlet = Rc::new(BoshOutlet::new(Rc::clone(&exchanges), queue));
        let session = Session::new(server, Rc::clone(&outlet) as Rc<dyn Outlet>, Framing::Bosh, Counter::Exchanges(Rc::clone(&exchanges)));
        Self { session: RefCell::new(session), outlet, exchanges, hold, wait, next: Cell::new(rid), early: RefCell::default(), looks: Cell::new(0), domain }
    }

    /// The way out.
    pub fn outlet(&self) -> &BoshOutlet {
        &self.outlet
    }

    /// Takes a request in; what it gets is told sooner or later. `None` where it cannot be one of this session (XEP-0124 §14.2).
    pub async fn request(&self, rid: u64, body: Element, meter: &Meter) -> Option<oneshot::Receiver<Said>> {
        let next = self.next.get();
        let window = REQUESTS as u64;
        if rid >= next.saturating_add(window) || rid.saturating_add(window) < next {
            return None;
        }
        if rid < next {
            // It has come before: its response was lost, or its connection while it was held.
            self.exchanges.came_by(meter);
            if let Some(said) = self.outlet.again(rid) {
                let (tell, told) = oneshot::channel();
                let _ = tell.send(said);
                return Some(told);
            }
            return Some(self.outlet.hold(rid, self.hold));
        }
        if rid > next {
            let (turn, comes) = oneshot::channel();
            let before = self.early.borrow_mut().insert(rid, Early { body, meter: meter.clone(), turn });
            if let Some(before) = before {
                // Its client has sent it again: the one before waits for nothing any more.
                let (tell, told) = oneshot::channel();
                let _ = tell.send(outlet::nothing());
                let _ = before.turn.send(told);
            }
            return comes.await.ok();
        }
        let held = self.take(rid, &body, meter);
        loop {
            let early = self.early.borrow_mut().remove(&self.next.get());
            let Some(Early { body, meter, turn }) = early else { break };
            let held = self.take(self.next.get(), &body, &meter);
            let _ = turn.send(held);
        }
        Some(held)
    }

    /// Looks at it, as is done now and then; whether `most` times in a row there was no login, or no request was held.
    pub fn has_lapsed(&self, most: u32) -> bool {
        let is_bound = self.session.borrow().is_bound();
        self.looks.set(if is_bound { 0 } else { self.looks.get() + 1 });
        let slow = self.looks.get() > most;
        if slow {
            self.session.borrow_mut().fail(StreamCondition::ConnectionTimeout);
        }
        self.outlet.look() > most || slow
    }

    /// Ends it from our side.
    pub fn fail(&self, condition: StreamCondition) {
        self.session.borrow_mut().fail(condition);
        self.outlet.close();
    }

    /// The server forgets the client.
    pub fn ended(&self) {
        self.session.borrow_mut().ended();
        // Who waits for a turn that will not come is told so.
        self.early.take();
    }

    fn take(&self, rid: u64, body: &Element, meter: &Meter) -> oneshot::Receiver<Said> {
        self.next.set(rid.saturating_add(1));
        self.exchanges.came_by(meter);
        if self.outlet.acknowledges() {
            self.outlet.acknowledge(rid);
        }
        self.outlet.corked.set(true);
        self.work(body);
        self.outlet.corked.set(false);
        if self.outlet.is_over() {
            self.ended();
        }
        self.outlet.hold(rid, self.hold)
    }

    fn work(&self, body: &Element) {
        let mut session = self.session.borrow_mut();
        let restart = body.attributes.get(&rxml::Namespace::from(ns::XBOSH), "restart").is_some_and(|restart| matches!(restart.as_str(), "true" | "1"));
        // The first request opens the stream as well (XEP-0206 §3, §5).
        let opens = body.attribute("sid").is_none();
        if restart || opens {
            let to = body.attribute("to").unwrap_or(self.domain);
            let header = format!("<body xmlns='{}' to='{}' version='1.0'/>", ns::BOSH, escape(to));
            if let Ok(header) = read_element(header.as_bytes()) {
                session.take(Event::Open(header));
            }
        }
        for node in &body.children {
            let Node::Element(element) = node else { continue };
            if self.outlet.is_over() {
                return;
            }
            match session.take(Event::Element(element.clone())) {
                Flow::Continue | Flow::Restart => {}
                Flow::BeginTls | Flow::Close => self.outlet.close(),
            }
        }
        if body.attribute("type") == Some("terminate") {
            session.take(Event::Close);
            self.outlet.close();
        }
    }
}
