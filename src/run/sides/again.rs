//! A poller that is made to ask once more after each answer that brought news: a handicap, between the harness's own pacer and inbox and whoever
//! polls, who cannot tell a further tick from a planned one.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::contender::inbox::{Content, Inbox, Message, Request};
use crate::contender::pacer::{Pacer, Tick, Ticks};
use crate::measure::clock::Clock;

/// An inbox and a pacer that work as these do, and the pacer ticks once more whenever the inbox has taken an answer to a tick that brought news. Ticks
/// that their takers prolong, and the probe, are left alone: a further one would beget others without end.
pub(super) fn asks_again(inbox: Rc<dyn Inbox>, pacer: Rc<dyn Pacer>, clock: Rc<dyn Clock>) -> (Rc<dyn Inbox>, Rc<dyn Pacer>) {
    let again = Rc::new(Again { inbox, pacer, clock, plan: RefCell::default(), asked: RefCell::default() });
    (Rc::clone(&again) as Rc<dyn Inbox>, again)
}

struct Again {
    inbox: Rc<dyn Inbox>,
    pacer: Rc<dyn Pacer>,
    clock: Rc<dyn Clock>,
    /// The ticks of the plan, and the key that is not asked for again.
    plan: RefCell<Option<(Ticks, u32)>>,
    /// Requests under way and what they ask for: as many as there are connections.
    asked: RefCell<Vec<(Request, u32)>>,
}

impl Again {
    /// What a request asked for, which is then over.
    fn end(&self, request: Request) -> Option<u32> {
        let mut asked = self.asked.borrow_mut();
        let place = asked.iter().position(|(under_way, _)| *under_way == request)?;
        Some(asked.swap_remove(place).1)
    }
}

impl Pacer for Again {
    fn every(&self, period: Duration, keys: &[u32], probe: u32) -> Ticks {
        let ticks = self.pacer.every(period, keys, probe);
        self.plan.replace(Some((ticks.clone(), probe)));
        ticks
    }

    fn once(&self, period: Duration, keys: &[u32], probe: u32) -> Ticks {
        self.pacer.once(period, keys, probe)
    }
}

impl Inbox for Again {
    fn request(&self, tick: Option<Tick>) -> Request {
        let request = self.inbox.request(tick);
        if let Some(tick) = tick {
            self.asked.borrow_mut().push((request, tick.key));
        }
        request
    }

    fn follow_up(&self, before: Request) -> Request {
        self.inbox.follow_up(before)
    }

    fn response(&self, request: Request, status: u16, content: Content<'_>) -> bool {
        let news = self.inbox.response(request, status, content);
        if let (Some(key), Some((ticks, probe))) = (self.end(request), &*self.plan.borrow())
            && news
            && key != *probe
        {
            ticks.push(Tick { key, intended: self.clock.now() });
        }
        news
    }

    fn failed(&self, request: Request) {
        self.end(request);
        self.inbox.failed(request);
    }

    fn payload_sent(&self, bytes: usize) {
        self.inbox.payload_sent(bytes);
    }

    fn sent(&self, kind: Message, payload: usize) {
        self.inbox.sent(kind, payload);
    }

    fn received(&self, kind: Message, asked: bool, content: Content<'_>) -> bool {
        self.inbox.received(kind, asked, content)
    }

    fn in_vain(&self) {
        self.inbox.in_vain();
    }

    fn connected(&self) {
        self.inbox.connected();
    }

    fn bytes(&self, up: usize, down: usize) {
        self.inbox.bytes(up, down);
    }
}
