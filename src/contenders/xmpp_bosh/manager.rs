//! The connection manager (XEP-0124): a resource of the HTTP server behind which the XMPP server's sessions live.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio_util::sync::CancellationToken;

use crate::contender::pace::Pace;
use crate::protocols::http::extension::{AnswerBody, Answered, Change, Extension, Service, Visit};
use crate::protocols::xmpp::errors::StreamCondition;
use crate::protocols::xmpp::sasl::nonce;
use crate::protocols::xmpp::server::Server;
use crate::protocols::xmpp::xml::Element;

use super::outlet::Said;
use super::session::BoshSession;
use super::{PATH, REQUESTS, body};

const XML: HeaderValue = HeaderValue::from_static("text/xml; charset=utf-8");
/// Past this, arithmetic is not exact in every client (XEP-0124 §14.1).
const LARGEST_RID: u64 = (1 << 53) - 1;

/// How often sessions are looked at in the time that they may lie idle.
const LOOKS: u32 = 4;

/// All sessions.
pub struct Manager {
    server: Rc<Server>,
    sessions: RefCell<HashMap<String, Rc<BoshSession>>>,
    /// The longest that a request is held, in scenario time.
    wait: Duration,
    pace: Pace,
    /// Whether pages from other origins may ask.
    cross_origin: bool,
}

impl Manager {
    /// No sessions yet.
    pub fn new(server: Rc<Server>, wait: Duration, pace: Pace, cross_origin: bool) -> Self {
        Self { server, sessions: RefCell::default(), wait, pace, cross_origin }
    }

    async fn post(&self, bytes: &[u8], visit: &Visit<'_>) -> Said {
        let Some(body) = body::tree(bytes) else { return refusal("bad-request") };
        let number = |name: &str| body.attribute(name).and_then(|text| text.parse::<u64>().ok());
        let Some(rid) = number("rid").filter(|rid| *rid <= LARGEST_RID) else { return refusal("bad-request") };
        let (sid, session) = match body.attribute("sid") {
            Some(sid) => match self.sessions.borrow().get(sid) {
                Some(session) => (sid.to_owned(), Rc::clone(session)),
                None => return refusal("item-not-found"),
            },
            None => match self.begin(rid, &body) {
                Ok(begun) => begun,
                Err(condition) => return refusal(condition),
            },
        };
        let Some(mut told) = session.request(rid, body, visit.meter).await else {
            self.end(&sid, "item-not-found");
            return refusal("item-not-found");
        };
        let said = tokio::select! {
            said = &mut told => said.ok(),
            () = tokio::time::sleep(session.wait) => {
                session.outlet().give_up(rid);
                told.await.ok()
            }
        };
        if session.outlet().is_over() {
            session.ended();
            self.sessions.borrow_mut().remove(&sid);
        }
        // Nobody is left who would answer.
        said.unwrap_or_else(|| refusal("item-not-found"))
    }

    /// XEP-0124 §7.
    fn begin(&self, rid: u64, body: &Element) -> Result<(String, Rc<BoshSession>), &'static str> {
        match body.attribute("to") {
            None => return Err("improper-addressing"),
            Some(to) if to != self.server.domain() => return Err("host-unknown"),
            Some(_) => {}
        }
        if self.sessions.borrow().len() >= self.server.bounds().connections {
            return Err("policy-violation");
        }
        let sid = nonce().map_err(|_| "internal-server-error")?;
        let number = |name: &str| body.attribute(name).and_then(|text| text.parse::<u64>().ok());
        // The client says how long at most and how many; we do too, and the less of both holds. Seconds on the wire are the scenario's.
        let wait = self.wait.min(Duration::from_secs(number("wait").unwrap_or(u64::MAX)));
        let hold = usize::from(number("hold").unwrap_or(1) > 0);
        let session = Rc::new(BoshSession::new(Rc::clone(&self.server), rid, hold, self.pace.measured(wait)));
        let inactivity = self.server.bounds().patience.as_secs().max(1);
        let mut attributes = vec![
            ("sid", sid.clone()),
            ("wait", wait.as_secs().to_string()),
            ("requests", REQUESTS.to_string()),
            ("hold", hold.to_string()),
            ("inactivity", inactivity.to_string()),
            ("ver", "1.6".to_owned()),
            ("from", self.server.domain().to_owned()),
            ("xmlns:xmpp", "urn:xmpp:xbosh".to_owned()),
            ("xmpp:version", "1.0".to_owned()),
            ("xmpp:restartlogic", "true".to_owned()),
        ];
        if body.attribute("ack").is_some() {
            attributes.push(("ack", rid.to_string()));
            session.outlet().acknowledge(rid);
        }
        session.outlet().introduce(attributes);
        self.sessions.borrow_mut().insert(sid.clone(), Rc::clone(&session));
        Ok((sid, session))
    }

    fn end(&self, sid: &str, condition: &'static str) {
        if let Some(session) = self.sessions.borrow_mut().remove(sid) {
            session.ended();
            session.outlet().end(Some(condition));
        }
    }

    /// Ends sessions that nobody asks for any more, or that do not log in.
    fn sweep(&self) {
        let lapsed: Vec<String> = self.sessions.borrow().iter().filter(|(_, session)| session.has_lapsed(LOOKS)).map(|(sid, _)| sid.clone()).collect();
        for sid in lapsed {
            self.end(&sid, "item-not-found");
        }
    }

    fn preflight(&self) -> Response<AnswerBody> {
        let mut answer = Response::new(AnswerBody::default());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST, OPTIONS"));
        if self.cross_origin {
            answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
            answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
        }
        answer
    }
}

#[async_trait(?Send)]
impl Extension for Manager {
    fn changed(&self, _: &Change<'_>) {}

    async fn answer(&self, request: Request<Incoming>, visit: &Visit<'_>) -> Result<Answered, Request<Incoming>> {
        if request.uri().path() != PATH {
            return Err(request);
        }
        match *request.method() {
            Method::POST => {}
            Method::OPTIONS => return Ok(self.preflight().into()),
            _ => {
                let mut answer = self.preflight();
                *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
                return Ok(answer.into());
            }
        }
        let bytes: Bytes = match visit.read(request.into_body(), self.server.bounds().stanza).await {
            Ok(bytes) => bytes,
            Err(refused) => return Ok(refused.into()),
        };
        let (said, payload) = self.post(&bytes, visit).await;
        let mut answer = Response::new(AnswerBody::from(said));
        answer.headers_mut().insert(header::CONTENT_TYPE, XML);
        Ok(Answered { answer, payload })
    }

    async fn run(&self, _: Service, stop: CancellationToken) {
        let patience = self.server.bounds().patience;
        let often = (patience / LOOKS).max(Duration::from_millis(10));
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(often) => self.sweep(),
            }
        }
        let all: Vec<Rc<BoshSession>> = self.sessions.take().into_values().collect();
        for session in all {
            session.fail(StreamCondition::SystemShutdown);
        }
    }
}

/// A session that is over, or never was (XEP-0124 §17.2).
fn refusal(condition: &str) -> Said {
    (body::write(&[("type", "terminate"), ("condition", condition)], b"").into(), 0)
}
