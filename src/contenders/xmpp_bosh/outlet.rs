//! Where a session's elements wait for a request that can take them, and requests for elements (XEP-0124 §3, §7, §14.3).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::protocols::xmpp::counter::Exchanges;
use crate::protocols::xmpp::framing::stand_alone;
use crate::protocols::xmpp::outlet::Outlet;

use super::body;

/// A response's body, and the bytes of updates in it.
pub type Said = (Bytes, usize);

/// The response to a request in whose place another one waits.
pub fn nothing() -> Said {
    (body::write(&[], b"").into(), 0)
}

/// The way out to one client: through whichever request it holds out.
pub struct BoshOutlet {
    exchanges: Rc<Exchanges>,
    bound: usize,
    state: RefCell<State>,
    /// While a request is worked on, all that follows from it is gathered.
    pub corked: Cell<bool>,
}

#[derive(Default)]
struct State {
    /// Elements that wait for a request.
    queue: Vec<u8>,
    /// Requests that wait for elements, the oldest first.
    held: VecDeque<(u64, oneshot::Sender<Said>)>,
    /// The last responses, for clients that have not got them, the oldest first.
    said: VecDeque<(u64, Said)>,
    /// The session is over; with the condition of an end that is no fault of the stream's.
    over: Option<Option<&'static str>>,
    /// Whether the end has been said.
    told: bool,
    /// How often it was looked whether a request is held, and none was.
    idle: u32,
    /// The first response says more.
    attributes: Vec<(&'static str, String)>,
    /// The latest request taken in, where the client wants to know (XEP-0124 §9.1).
    acknowledges: Option<u64>,
}

impl BoshOutlet {
    /// Nothing to say yet; past `bound` bytes that wait the client is cut off.
    pub fn new(exchanges: Rc<Exchanges>, bound: usize) -> Self {
        Self { exchanges, bound, state: RefCell::default(), corked: Cell::new(false) }
    }

    /// What the next response says of the session.
    pub fn introduce(&self, attributes: Vec<(&'static str, String)>) {
        self.state.borrow_mut().attributes = attributes;
    }

    /// From now on responses say which is the latest request that has come.
    pub fn acknowledge(&self, rid: u64) {
        self.state.borrow_mut().acknowledges = Some(rid);
    }

    /// Whether responses say so.
    pub fn acknowledges(&self) -> bool {
        self.state.borrow().acknowledges.is_some()
    }

    /// The response to a request that has been answered before.
    pub fn again(&self, rid: u64) -> Option<Said> {
        self.state.borrow().said.iter().find(|(said, _)| *said == rid).map(|(_, said)| said.clone())
    }

    /// Holds a request until there is something to say, or more than `hold` are held; one that comes again takes its own place.
    pub fn hold(&self, rid: u64, hold: usize) -> oneshot::Receiver<Said> {
        let (tell, told) = oneshot::channel();
        let mut state = self.state.borrow_mut();
        state.idle = 0;
        match state.held.iter_mut().find(|(held, _)| *held == rid) {
            // Whose connection has broken hears nothing.
            Some(place) => _ = std::mem::replace(&mut place.1, tell).send(nothing()),
            None => state.held.push_back((rid, tell)),
        }
        drop(state);
        self.answer();
        while self.state.borrow().held.len() > hold && self.answer_oldest() {}
        told
    }

    /// A request has waited long enough: it is answered with nothing, and those before it.
    pub fn give_up(&self, rid: u64) {
        while self.state.borrow().held.front().is_some_and(|(held, _)| *held <= rid) && self.answer_oldest() {}
    }

    /// Ends the session, for a reason that is not the stream's.
    pub fn end(&self, condition: Option<&'static str>) {
        self.state.borrow_mut().over.get_or_insert(condition);
        self.answer();
    }

    /// Whether the session is over.
    pub fn is_over(&self) -> bool {
        self.state.borrow().over.is_some()
    }

    /// Looks whether a request is held; how often in a row none was.
    pub fn look(&self) -> u32 {
        let mut state = self.state.borrow_mut();
        // Those whose connection has broken are not.
        state.held.retain(|(_, tell)| !tell.is_closed());
        state.idle = if state.held.is_empty() { state.idle + 1 } else { 0 };
        state.idle
    }

    /// Says what there is to say.
    pub fn answer(&self) {
        if self.corked.get() {
            return;
        }
        while {
            let state = self.state.borrow();
            !state.queue.is_empty() || state.over.is_some()
        } && self.answer_oldest()
        {}
    }

    /// Answers the oldest request that is still there to be answered; `false` where none is.
    fn answer_oldest(&self) -> bool {
        let state = &mut *self.state.borrow_mut();
        loop {
            let Some((rid, tell)) = state.held.pop_front() else { return false };
            // A connection that has broken meanwhile: the client will ask again.
            if tell.is_closed() {
                continue;
            }
            let said = self.speak(state, rid);
            state.said.push_back((rid, said.clone()));
            if state.said.len() > super::REQUESTS {
                state.said.pop_front();
            }
            // Nobody has run since it was looked at.
            let _ = tell.send(said);
            return true;
        }
    }

    fn speak(&self, state: &mut State, rid: u64) -> Said {
        let queue = std::mem::take(&mut state.queue);
        let own = std::mem::take(&mut state.attributes);
        let latest = state.acknowledges.filter(|latest| *latest != rid).map(|latest| latest.to_string());
        let mut attributes: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        attributes.extend(latest.iter().map(|latest| ("ack", latest.as_str())));
        if let Some(condition) = state.over {
            attributes.push(("type", "terminate"));
            attributes.extend(condition.filter(|_| !state.told).map(|condition| ("condition", condition)));
            state.told = true;
        }
        (body::write(&attributes, &queue).into(), self.exchanges.take_payload())
    }
}

impl Outlet for BoshOutlet {
    fn send(&self, pieces: &[&[u8]]) {
        let mut state = self.state.borrow_mut();
        if state.over.is_some() {
            return;
        }
        let element = stand_alone(pieces);
        if element.starts_with(b"<stream:error") {
            // What ends the stream ends the session (XEP-0206 §7).
            state.over = Some(Some("remote-stream-error"));
        }
        state.queue.extend_from_slice(&element);
        if state.queue.len() > self.bound {
            state.queue = Vec::new();
            state.over = Some(Some("policy-violation"));
        }
        drop(state);
        self.answer();
    }

    fn close(&self) {
        self.end(None);
    }

    fn is_cut_off(&self) -> bool {
        self.is_over()
    }
}
