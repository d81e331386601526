//! Carries what the hub has to say to one subscriber: one connection, one callback after the other, each until it is answered or given up.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, LINK};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::address::Callback;
use super::form::{Denial, Question};
use super::signature;
use crate::contender::socket;
use crate::measure::ledger::{Ledger, Meter, Metered};

/// How long to wait before a callback that failed is tried again, each time.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(300), Duration::from_secs(1)];
/// How long a subscriber may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer that is read, bytes: a challenge.
const LARGEST_ANSWER: usize = 4096;

/// What there is to say.
pub(super) enum Errand {
    /// Do you mean it?
    Ask(Question, Rc<dyn Fn(bool)>),
    /// There is no such subscription, or not any more; and what to do once that was told.
    Deny(Denial, Rc<dyn Fn()>),
    /// A topic has changed.
    Tell {
        /// `Link`.
        links: Rc<str>,
        /// The payload, where the ping is fat.
        body: Bytes,
        /// Bytes of payload in it.
        payload: usize,
        secret: Option<Rc<str>>,
    },
}

/// What waits for a courier.
pub(super) struct Bag {
    most: usize,
    callbacks: RefCell<VecDeque<Errand>>,
    questions: RefCell<VecDeque<Errand>>,
    /// Whether the last one handed out was a callback.
    told: Cell<bool>,
    news: Notify,
    closed: Cell<bool>,
}

impl Bag {
    /// Empty; holds so many callbacks. Questions always find a place: each is the answer to a request.
    pub fn new(most: usize) -> Self {
        Self { most, callbacks: RefCell::default(), questions: RefCell::default(), told: Cell::new(false), news: Notify::new(), closed: Cell::new(false) }
    }

    /// Puts an errand in; where there are too many, the oldest callback is given up. What is put into a closed one is still run.
    pub fn put(&self, errand: Errand) {
        if matches!(errand, Errand::Tell { .. }) {
            let mut callbacks = self.callbacks.borrow_mut();
            if callbacks.len() >= self.most {
                callbacks.pop_front();
            }
            callbacks.push_back(errand);
        } else {
            self.questions.borrow_mut().push_back(errand);
        }
        self.news.notify_one();
    }

    /// The courier ends when the bag is empty.
    pub fn close(&self) {
        self.closed.set(true);
        self.news.notify_one();
    }

    /// Ends the courier, whatever waits.
    pub fn give_up(&self) {
        self.callbacks.borrow_mut().clear();
        self.questions.borrow_mut().clear();
        self.close();
    }

    /// Callbacks and questions take turns where both wait: thousands of leases that are renewed at once must not hold up the news, nor news the leases.
    fn take(&self) -> Option<Errand> {
        let (mut callbacks, mut questions) = (self.callbacks.borrow_mut(), self.questions.borrow_mut());
        let tell = !callbacks.is_empty() && (questions.is_empty() || !self.told.get());
        self.told.set(tell);
        if tell { callbacks.pop_front() } else { questions.pop_front() }
    }

    async fn next(&self) -> Option<Errand> {
        loop {
            if let Some(errand) = self.take() {
                return Some(errand);
            }
            if self.closed.get() {
                return None;
            }
            self.news.notified().await;
        }
    }
}

/// One connection to a subscriber.
pub(super) struct Courier {
    pub callback: Callback,
    pub bag: Rc<Bag>,
    pub ledger: Ledger,
    /// The subscriber says that it is gone.
    pub gone: Rc<dyn Fn()>,
}

struct Line {
    sender: SendRequest<Full<Bytes>>,
    meter: Meter,
    driver: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Courier {
    /// Runs errands until the bag is closed and empty.
    pub async fn run(self) {
        let mut line = None;
        while let Some(errand) = self.bag.next().await {
            match &errand {
                Errand::Deny(_, told) => {
                    self.deny(&mut line, &errand).await;
                    told();
                }
                Errand::Ask(question, answered) => {
                    // Whatever else comes back, and be it nothing: then it is not verified (§5.3.1), and what there was before stays (§5.1).
                    let answer = self.insist(&mut line, &errand, |status| !status.is_server_error()).await;
                    answered(answer.is_some_and(|(status, body)| status.is_success() && body == question.challenge.as_bytes()));
                }
                Errand::Tell { .. } => {
                    // Redirects and refusals are failures like any other (§7). After the last attempt this one is given up, and no subscription: the next
                    // change is tried anew.
                    let answer = self.insist(&mut line, &errand, |status| status.is_success() || status == StatusCode::GONE).await;
                    if answer.is_some_and(|(status, _)| status == StatusCode::GONE) {
                        (self.gone)();
                    }
                }
            }
        }
    }

    /// Says it, whatever is answered: what is denied is over either way. Who has nothing here any more and cannot be reached is not told the rest.
    async fn deny(&self, line: &mut Option<Line>, denial: &Errand) {
        // Twice, since a connection that was at rest may have ended.
        for _ in 0..2 {
            match tokio::time::timeout(PATIENCE, self.attempt(line, denial)).await {
                Ok(Some(_)) => return,
                Ok(None) => *line = None,
                Err(_) => break,
            }
        }
        *line = None;
        if self.bag.closed.get() {
            self.bag.give_up();
        }
    }

    /// Tries until an answer settles it, which it gives; `None` where none did.
    async fn insist(&self, line: &mut Option<Line>, errand: &Errand, settles: impl Fn(StatusCode) -> bool) -> Option<(StatusCode, Bytes)> {
        for pause in [Duration::ZERO].into_iter().chain(PAUSES) {
            tokio::time::sleep(pause).await;
            let attempt = tokio::time::timeout(PATIENCE, self.attempt(line, errand)).await;
            match attempt {
                Ok(Some(answer)) if settles(answer.0) => return Some(answer),
                // A failure, which may pass.
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => *line = None,
            }
        }
        None
    }

    async fn attempt(&self, line: &mut Option<Line>, errand: &Errand) -> Option<(StatusCode, Bytes)> {
        if line.as_ref().is_none_or(|line| line.sender.is_closed()) {
            *line = Some(self.connect().await?);
        }
        let Line { sender, meter, .. } = line.as_mut()?;
        sender.ready().await.ok()?;
        meter.count(|traffic| match errand {
            Errand::Ask(..) | Errand::Deny(..) => traffic.handshake_down += 1,
            Errand::Tell { payload, .. } => {
                traffic.events_down += 1;
                traffic.payload_bytes += *payload as u64;
            }
        });
        let answer = sender.send_request(self.request(errand)?).await.ok()?;
        meter.count(|traffic| match errand {
            Errand::Ask(..) | Errand::Deny(..) => traffic.handshake_up += 1,
            Errand::Tell { .. } => traffic.events_up += 1,
        });
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER).collect().await.ok()?;
        Some((status, body.to_bytes()))
    }

    fn request(&self, errand: &Errand) -> Option<Request<Full<Bytes>>> {
        let request = Request::builder().header(HOST, &self.callback.authority);
        let get = |query: &str| self.callback.with(query);
        match errand {
            Errand::Ask(question, _) => request.uri(get(&question.write())).body(Full::default()).ok(),
            Errand::Deny(denial, _) => request.uri(get(&denial.write())).body(Full::default()).ok(),
            Errand::Tell { links, body, secret, .. } => {
                let request = request.method(Method::POST).uri(&self.callback.path).header(LINK, &**links).header(CONTENT_TYPE, "text/plain; charset=utf-8");
                let request = match secret {
                    Some(secret) => request.header(signature::FIELD, signature::sign(secret.as_bytes(), body)),
                    None => request,
                };
                request.body(Full::new(body.clone())).ok()
            }
        }
    }

    async fn connect(&self) -> Option<Line> {
        let stream = TcpStream::connect(&self.callback.authority).await.ok()?;
        socket::prepare(&stream).ok()?;
        let meter = self.ledger.meter();
        let (sender, connection) = http1::handshake(TokioIo::new(Metered::new(stream, meter.clone()))).await.ok()?;
        let driver = tokio::task::spawn_local(async move { _ = connection.await });
        Some(Line { sender, meter, driver })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tell(payload: usize) -> Errand {
        Errand::Tell { links: Rc::from(""), body: Bytes::new(), payload, secret: None }
    }

    fn ask() -> Errand {
        let question = Question { mode: super::super::form::Mode::Subscribe, topic: String::new(), challenge: String::new(), lease: None };
        Errand::Ask(question, Rc::new(|_| {}))
    }

    /// How many bytes of payload a callback has; `None` for a question.
    fn told(errand: Option<Errand>) -> Option<usize> {
        match errand.expect("something waits") {
            Errand::Tell { payload, .. } => Some(payload),
            Errand::Ask(..) | Errand::Deny(..) => None,
        }
    }

    #[test]
    fn questions_neither_hold_up_callbacks_nor_push_them_out() {
        let bag = Bag::new(2);
        (0..10).for_each(|_| bag.put(ask()));
        (1..=3).for_each(|number| bag.put(tell(number)));
        let taken: Vec<Option<usize>> = (0..12).map(|_| told(bag.take())).collect();
        assert_eq!(taken[..4], [Some(2), None, Some(3), None], "the oldest of too many callbacks is given up, and no other");
        assert!(taken[4..].iter().all(Option::is_none) && bag.take().is_none());
    }
}
