//! Resources that a contender adds to the server, asked for by both clients.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::StreamBody;
use hyper::body::{Frame, Incoming};
use hyper::{Method, Request, Response};
use pushbench::contender::client::Client;
use pushbench::contender::inbox::Content;
use pushbench::contender::pace::Pace;
use pushbench::contender::pacer::Tick;
use pushbench::contender::topic::Topic;
use pushbench::contender::{Limits, Publisher as _, ServerAddress, ServerSeat};
use pushbench::measure::clock::{Clock as _, RealClock};
use pushbench::measure::ledger::{Ledger, Leg};
use pushbench::protocols::http::caller::{Ask, Caller, Carriage};
use pushbench::protocols::http::extension::{AnswerBody, Answered, Change, Extension, Service, Visit};
use pushbench::protocols::http::publisher::Putter;
use pushbench::protocols::http::server::{self, Options};
use pushbench::protocols::http::settings::Connection;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::support::{CountingInbox, on_one_thread, publisher_seat};

/// Remembers what changed, and lets one ask.
#[derive(Default)]
struct Memory {
    changes: RefCell<Vec<String>>,
    ended: Cell<bool>,
}

#[async_trait(?Send)]
impl Extension for Memory {
    fn changed(&self, change: &Change<'_>) {
        self.changes.borrow_mut().push(format!("{} {} {}", change.name, change.revision, change.payload.len()));
    }

    async fn answer(&self, request: Request<Incoming>, visit: &Visit<'_>) -> Result<Answered, Request<Incoming>> {
        match (request.method().clone(), request.uri().path()) {
            (Method::GET, "/changes") => {
                let query = request.uri().query().unwrap_or_default();
                let asked = request.headers().get("x-asked").and_then(|value| value.to_str().ok()).unwrap_or_default();
                let mut answer = Response::new(AnswerBody::from(format!("{query}|{asked}|{}", self.changes.borrow().join(","))));
                answer.headers_mut().insert("x-told", "yes".parse().unwrap());
                Ok(answer.into())
            }
            (Method::POST, "/echo") => match visit.read(request.into_body(), 10).await {
                Ok(body) => Ok(Response::new(AnswerBody::from(body)).into()),
                Err(refusal) => Ok(refusal.into()),
            },
            (Method::GET, "/stream") => {
                let pieces = [Bytes::from_static(b"one "), Bytes::from_static(b"two")];
                let stream = StreamBody::new(futures::stream::iter(pieces.map(|piece| Ok(Frame::data(piece)))));
                Ok(Response::new(AnswerBody::stream(stream)).into())
            }
            (Method::GET, "/held") => {
                visit.stop.cancelled().await;
                Ok(Response::new(AnswerBody::default()).into())
            }
            (Method::DELETE, "/changes") => {
                self.changes.borrow_mut().clear();
                Ok(Response::new(AnswerBody::default()).into())
            }
            _ => Err(request),
        }
    }

    fn decorate(&self, topic: &str, headers: &mut hyper::HeaderMap) {
        headers.insert("x-name", topic.parse().unwrap());
    }

    async fn run(&self, service: Service, stop: CancellationToken) {
        stop.cancelled().await;
        self.ended.set(service.topics() == 1);
    }
}

fn caller(client: Client, address: &ServerAddress) -> (Caller, Rc<CountingInbox>) {
    let inbox = Rc::new(CountingInbox::default());
    let carriage = Carriage::new(client);
    let caller = Caller::new(&carriage, address, 2, Connection::KeepAlive, Duration::from_secs(20), inbox.clone(), Rc::new(RealClock)).unwrap();
    (caller, inbox)
}

#[test]
fn resources_of_a_contender_are_reached_by_both_clients() {
    for client in [Client::Library, Client::Lean] {
        on_one_thread(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
            let (memory, ledger, stop) = (Rc::new(Memory::default()), Ledger::default(), CancellationToken::new());
            let seat = ServerSeat { listener, stop: stop.clone(), ledger: ledger.clone(), limits: Limits::default(), pace: Pace::REAL };
            let serving = tokio::task::spawn_local(server::serve(seat, Options { cross_origin: false, extension: Some(memory.clone()) }));

            let (seat, _) = publisher_seat(&address, 1);
            let putter = Putter::new(seat, &Carriage::new(client)).unwrap();
            putter.create(vec![(Topic(3), Bytes::from_static(b"first"))]).await.unwrap();
            putter.publish(Topic(3), Bytes::from_static(b"second!")).await.unwrap();

            let (caller, inbox) = caller(client, &address);
            let changes = caller.resource("/changes?since=2").unwrap();
            let tick = Tick { key: 0, intended: RealClock.now() };
            let mut feed = caller.fetch(&changes, Ask::GetWith { tag: None, fields: &[("x-asked", "by me")] }, Some(tick), None).await.unwrap();
            assert_eq!(&feed.body[..], b"since=2|by me|topic-000003 1 5,topic-000003 2 7", "{client:?}");
            assert_eq!((feed.status.as_u16(), feed.fields.get("x-told").unwrap().as_bytes()), (200, &b"yes"[..]));
            // The chain goes on from the feed's request: the next one has the same intended instant, and is not planned itself.
            let target = caller.target(Topic(3));
            let before = feed.request().unwrap();
            feed.brought(Content::Pointer);
            let mut topic = caller.fetch(&target, Ask::Get { tag: None }, before, None).await.unwrap();
            assert_eq!(topic.request().unwrap().intended, Some(tick.intended));
            assert_eq!(topic.fields.get("x-name").unwrap().as_bytes(), b"topic-000003");
            let body = topic.body.clone();
            assert!(topic.brought(Content::Payload(&body)), "{client:?}");
            assert_eq!(*inbox.payloads.borrow(), [b"second!".to_vec()]);

            let echo = caller.resource("/echo").unwrap();
            let post = |body: &'static [u8]| caller.fetch(&echo, Ask::Post { body: Bytes::from_static(body), kind: "text/plain" }, None, None);
            assert_eq!(&post(b"abc").await.unwrap().body[..], b"abc");
            let refused = post(b"more than ten bytes").await.unwrap();
            assert_eq!(refused.status.as_u16(), 413, "{client:?}");
            drop(refused);
            assert_eq!(inbox.failed.get(), 2, "an answer of which nobody says what it brought counts as failed");
            let stream = caller.resource("/stream").unwrap();
            assert_eq!(&caller.fetch(&stream, Ask::Get { tag: None }, None, None).await.unwrap().body[..], b"one two");
            assert_eq!(caller.fetch(&changes, Ask::Delete, None, None).await.unwrap().status.as_u16(), 200);
            assert!(memory.changes.borrow().is_empty());
            let nowhere = caller.resource("/nowhere").unwrap();
            assert_eq!(caller.fetch(&nowhere, Ask::Get { tag: None }, None, None).await.unwrap().status.as_u16(), 404);
            for path in ["no-slash", "/a b", "/\u{e4}", "/x\r\ninjected: 1"] {
                assert!(caller.resource(path).is_err(), "{path:?}");
            }

            // Held ones have a time of their own, and end with the server.
            let held = caller.resource("/held").unwrap();
            assert!(caller.fetch(&held, Ask::Get { tag: None }, None, Some(Duration::from_millis(50))).await.is_err());
            let holding = caller.fetch(&held, Ask::Get { tag: None }, None, None);
            let (held, ()) = tokio::join!(holding, async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                stop.cancel();
            });
            assert_eq!(held.unwrap().status.as_u16(), 200, "{client:?}");
            serving.await.unwrap().unwrap();
            assert!(memory.ended.get(), "what goes on by itself was told to stop");
            let counted = ledger.traffic(Leg::Subscriber);
            // The one that was given up was seen by the server, too.
            assert_eq!(counted.requests, inbox.traffic.borrow().requests, "{client:?}");
        });
    }
}
