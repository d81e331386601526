//! What publisher and subscriber know of a stream: requests go in, answers come out, everything else is the link's
//! own affair. Both clients, the library's and the lean one, are links.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::contender::inbox::Inbox;
use crate::contender::topic::Topic;
use crate::contender::{Fault, ServerAddress};
use crate::protocols::xmpp::namespaces as ns;

use super::settings::{ClientSettings, Form, Sasl};

/// Time for the last words, within the second that a goodbye may take.
pub const GOODBYE: Duration = Duration::from_millis(800);
/// Answers of ours that may wait for a server that asks (pings) and does not read. Past that it is not read either, so
/// that it cannot fill our memory.
pub const MOST_REPLIES: usize = 256;
/// The resource that all clients ask for.
pub const RESOURCE: &str = "pushbench";

/// Something that is asked of the PubSub service.
pub enum Request {
    /// Make a node of this name, configured so.
    Create(String, Rc<Form>),
    /// Publish an update.
    Publish(Topic, Bytes),
    /// Subscribe our own full address to the node of this name.
    Subscribe(String),
    /// The last item of a topic.
    Last(Topic),
    /// An item, by the names of its node and its own.
    Item(String, String),
    /// How many nodes this collection has.
    Count(&'static str),
}

impl Request {
    /// The name of the node that it is about.
    pub fn node(&self) -> String {
        match self {
            Self::Create(node, _) | Self::Subscribe(node) | Self::Item(node, _) => node.clone(),
            Self::Publish(topic, _) | Self::Last(topic) => topic.name(),
            Self::Count(node) => (*node).to_owned(),
        }
    }

    /// Whether it wants to change something.
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Create(..) | Self::Publish(..) | Self::Subscribe(_))
    }
}

/// What the service answered; updates have gone to the inbox.
pub struct Answer {
    /// The request's id; `None` where the answer carries none of ours.
    pub id: Option<u64>,
    /// The condition by which it was refused.
    pub refusal: Option<String>,
    /// The number that was asked for.
    pub count: Option<u64>,
}

/// Who connects, and where to.
pub struct Caller<'a> {
    /// The server.
    pub server: &'a ServerAddress,
    /// The user's name.
    pub user: String,
    /// How to log in.
    pub settings: &'a ClientSettings,
    /// Counts everything, and takes payloads.
    pub inbox: Rc<dyn Inbox>,
    /// How long all of the login may take.
    pub timeout: Duration,
    /// One buffer for all links of a process: between two reads nothing stays in it.
    pub buffer: Rc<RefCell<Box<[u8]>>>,
}

/// A bound stream.
#[expect(async_fn_in_trait, reason = "all of a side is one thread: nothing needs to be `Send`")]
pub trait Link: Sized + 'static {
    /// Connects, logs in and binds a resource, all within the caller's timeout.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, breaks the protocol, or is not done in time.
    async fn connect(caller: Caller<'_>) -> Result<Self, Fault>;

    /// Queues a request; [`Self::poll_exchange`] sends it. The order of calls is the order on the wire.
    fn push(&mut self, id: u64, request: Request);

    /// Sends what is queued and reads what has come: payloads and counts go to the inbox, pings and requests of the
    /// server are answered, answers to our requests go to `take`. Ready once something has come.
    ///
    /// # Errors
    /// The stream is over.
    fn poll_exchange(&mut self, context: &mut Context<'_>, take: &mut dyn FnMut(Answer)) -> Poll<Result<(), Fault>>;

    /// The same as a future, which may be dropped at any time without loss.
    async fn exchange(&mut self, mut take: impl FnMut(Answer)) -> Result<(), Fault> {
        std::future::poll_fn(|context| self.poll_exchange(context, &mut take)).await
    }

    /// Ends the stream from our side and hears the server out, for a second at most.
    async fn close(&mut self, take: impl FnMut(Answer));
}

/// Runs a login within `timeout`; a fault of time names the `step` that it had come to.
pub async fn in_time<T>(what: &str, timeout: Duration, step: &Step, login: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::time::timeout(timeout, login).await.unwrap_or_else(|_| Err(Fault::timeout(format!("{what}, {}", step.0.get()), timeout)))
}

/// How far a login has come, for those who ask why it takes so long.
pub struct Step(Cell<&'static str>);

impl Default for Step {
    /// At the beginning.
    fn default() -> Self {
        Self(Cell::new("connecting"))
    }
}

impl Step {
    /// It goes on with this.
    pub fn is(&self, step: &'static str) {
        self.0.set(step);
    }
}

/// The fault of a server that does not offer what the scenario says.
pub fn not_offered(what: &str, sasl: Sasl, offered: &[&str]) -> Fault {
    let list = if offered.is_empty() { "nothing".to_owned() } else { offered.join(", ") };
    Fault::refused(what, format!("the server does not offer {}, but {list}; set `sasl` to one of these", sasl.name()))
}

/// The fault of a stream that the server ended with an error (RFC 6120 §4.9).
pub fn stream_error(condition: &str) -> Fault {
    Fault::connection("the XMPP stream was ended by the server", condition)
}

/// The fault of a server that offers no acknowledgements where there are to be some.
pub fn not_acknowledged(what: &str) -> Fault {
    Fault::refused(what, "the server offers no acknowledgements (XEP-0198); set `acks` to \"off\"")
}

/// The fault of a server that acknowledges stanzas that were never sent.
pub fn never_sent(handled: u32) -> Fault {
    Fault::protocol("on the XMPP stream", format!("the server acknowledges {handled} stanzas, more than were sent"))
}

/// The fault of a stream that the server has closed in order.
pub fn stream_closed() -> Fault {
    Fault::connection("the XMPP stream", "closed by the server")
}

/// The form's fields, the one that names the form first.
pub fn fields(form: &Form) -> impl Iterator<Item = (&'static str, &str)> {
    [("FORM_TYPE", ns::PUBSUB_CONFIG)].into_iter().chain(form.iter().map(|(name, value)| (*name, value.as_str())))
}

/// A condition in the words of the RFC: `not-authorized`, from a variant `NotAuthorized`.
pub fn words(condition: &impl std::fmt::Debug) -> String {
    let mut text = String::new();
    let _ = write!(text, "{condition:?}");
    let mut name = String::new();
    for letter in text.chars().take_while(char::is_ascii_alphanumeric) {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
