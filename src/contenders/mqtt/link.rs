//! A client's connection: the library of either version, its events as one, counted.
//!
//! The library holds the socket, so that bytes are the broker's count alone; packets are counted at both ends.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::v5::mqttbytes::v5 as packets_5;
use rumqttc::{NetworkOptions, Outgoing, mqttbytes::v4 as packets_4, v5};

use super::settings::{Settings, Version};
use crate::contender::Fault;
use crate::contender::inbox::{Content, Inbox, Message};
use crate::contender::pace::Pace;

/// Largest packet that is taken from a broker.
const LARGEST: u32 = 64 << 20;
/// Publications that may wait for their acknowledgement at once.
pub const IN_FLIGHT: u16 = 100;
/// Requests that the library takes before it has sent any.
const REQUESTS: usize = 4 * IN_FLIGHT as usize;
/// A goodbye may take a second in all.
const GOODBYE: Duration = Duration::from_millis(900);
/// Memory of a connection in the client's process: the library's buffers and tables, and the kernel's share of a socket pair.
pub const MEMORY_PER_CONNECTION: u64 = 60_000;

/// Who connects, to what, and how.
pub struct Caller {
    /// `127.0.0.1:1883`.
    pub server: String,
    /// The client identifier.
    pub client: String,
    /// As the scenario says.
    pub settings: Settings,
    /// Counts.
    pub inbox: Rc<dyn Inbox>,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// Turns the keep-alive into measured time.
    pub pace: Pace,
}

/// A connection.
pub struct Link {
    library: Library,
    inbox: Rc<dyn Inbox>,
    acknowledged: bool,
}

enum Library {
    V3(rumqttc::AsyncClient, Box<rumqttc::EventLoop>),
    V5(v5::AsyncClient, Box<v5::EventLoop>),
}

/// The requesting half of a connection; clones share it.
#[derive(Clone)]
pub enum Requests {
    /// Version 3.1.1.
    V3(rumqttc::AsyncClient),
    /// Version 5.
    V5(v5::AsyncClient),
}

/// What happened. All of it is counted but updates and publications: only who waits for them knows what they are.
#[derive(Debug)]
pub enum Heard {
    /// An update came.
    Update {
        /// Its payload.
        payload: Bytes,
        /// Whether it is what the broker had retained: the answer to a subscription.
        retained: bool,
    },
    /// A publication was sent under this number, 0 where it is not acknowledged.
    Published(u16),
    /// The publication of this number was taken, or refused, and why.
    Acknowledged(u16, Result<(), String>),
    /// A subscription was confirmed, or refused, and why.
    Subscribed(Result<(), String>),
    /// Something else.
    Nothing,
}

impl Link {
    /// Connects and introduces itself.
    ///
    /// # Errors
    /// The broker cannot be reached, refuses, or does not answer in time.
    pub async fn open(caller: Caller) -> Result<Self, Fault> {
        let what = || format!("connecting to the broker {}", caller.server);
        // The host of an address of version 6 stands in brackets.
        let (host, port) = caller
            .server
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse().ok()?)))
            .ok_or_else(|| Fault::connection(what(), "no such address"))?;
        let keep_alive = caller.settings.measured_keep_alive(caller.pace);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        network.set_connection_timeout(caller.timeout.as_secs().max(1));
        let library = match caller.settings.version {
            Version::V3 => {
                let mut options = rumqttc::MqttOptions::new(caller.client.as_str(), host, port);
                options.set_keep_alive(keep_alive).set_max_packet_size(LARGEST as usize, LARGEST as usize).set_inflight(IN_FLIGHT);
                let (client, mut events) = rumqttc::AsyncClient::new(options, REQUESTS);
                events.set_network_options(network);
                Library::V3(client, Box::new(events))
            }
            Version::V5 => {
                let mut options = v5::MqttOptions::new(caller.client.as_str(), host, port);
                options.set_keep_alive(keep_alive).set_max_packet_size(Some(LARGEST)).set_outgoing_inflight_upper_limit(IN_FLIGHT);
                options.set_network_options(network);
                let (client, events) = v5::AsyncClient::new(options, REQUESTS);
                Library::V5(client, Box::new(events))
            }
        };
        let mut link = Self { library, inbox: Rc::clone(&caller.inbox), acknowledged: caller.settings.acknowledged };
        link.inbox.connected();
        link.inbox.sent(Message::Handshake, 0);
        // The first event is the broker's answer.
        let answered = tokio::time::timeout(caller.timeout, link.next()).await;
        answered.map_err(|_| Fault::timeout(what(), caller.timeout))??;
        Ok(link)
    }

    /// For those who ask while somebody else listens.
    pub fn requests(&self) -> Requests {
        match &self.library {
            Library::V3(client, _) => Requests::V3(client.clone()),
            Library::V5(client, _) => Requests::V5(client.clone()),
        }
    }

    /// Subscribes to topics with one packet; the confirmation comes as an event.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn subscribe(&self, topics: impl Iterator<Item = String>) -> Result<(), Fault> {
        let gone = |error: &dyn std::fmt::Display| Fault::connection("subscribing", error);
        match &self.library {
            Library::V3(client, _) => {
                let qos = if self.acknowledged { rumqttc::QoS::AtLeastOnce } else { rumqttc::QoS::AtMostOnce };
                let filters = topics.map(|topic| rumqttc::SubscribeFilter::new(topic, qos));
                client.subscribe_many(filters).await.map_err(|error| gone(&error))
            }
            Library::V5(client, _) => {
                let qos = if self.acknowledged { v5::mqttbytes::QoS::AtLeastOnce } else { v5::mqttbytes::QoS::AtMostOnce };
                let filters: Vec<packets_5::Filter> = topics.map(|topic| packets_5::Filter::new(topic, qos)).collect();
                client.subscribe_many(filters).await.map_err(|error| gone(&error))
            }
        }
    }

    /// Waits for something to happen. Not cancel-safe while something is being sent.
    ///
    /// # Errors
    /// The connection is gone, or the broker ends it.
    pub async fn next(&mut self) -> Result<Heard, Fault> {
        let gone = |error: &dyn std::fmt::Display| Fault::connection("the connection to the broker", error);
        match &mut self.library {
            Library::V3(_, events) => match events.poll().await.map_err(|error| gone(&error))? {
                rumqttc::Event::Incoming(packet) => Ok(self.incoming_3(packet)),
                rumqttc::Event::Outgoing(packet) => Ok(self.outgoing(&packet)),
            },
            Library::V5(_, events) => match events.poll().await.map_err(|error| gone(&error))? {
                v5::Event::Incoming(packet) => self.incoming_5(packet),
                v5::Event::Outgoing(packet) => Ok(self.outgoing(&packet)),
            },
        }
    }

    fn incoming_3(&self, packet: packets_4::Packet) -> Heard {
        use packets_4::{Packet, SubscribeReasonCode};
        match packet {
            Packet::Publish(publish) => return Heard::Update { payload: publish.payload, retained: publish.retain },
            Packet::ConnAck(_) => _ = self.inbox.received(Message::Handshake, true, Content::Nothing),
            Packet::PubAck(ack) => {
                self.answered();
                return Heard::Acknowledged(ack.pkid, Ok(()));
            }
            Packet::SubAck(ack) => {
                self.answered();
                let refused = ack.return_codes.iter().any(|code| matches!(code, SubscribeReasonCode::Failure));
                return Heard::Subscribed(if refused { Err("the broker refuses a filter".to_owned()) } else { Ok(()) });
            }
            _ => self.answered(),
        }
        Heard::Nothing
    }

    fn incoming_5(&self, packet: packets_5::Packet) -> Result<Heard, Fault> {
        use packets_5::{Packet, PubAckReason, SubscribeReasonCode};
        match packet {
            Packet::Publish(publish) => return Ok(Heard::Update { payload: publish.payload, retained: publish.retain }),
            Packet::ConnAck(_) => _ = self.inbox.received(Message::Handshake, true, Content::Nothing),
            Packet::Disconnect(disconnect) => {
                self.inbox.received(Message::Handshake, false, Content::Nothing);
                return Err(Fault::connection("the connection to the broker", format!("the broker ends it: {:?}", disconnect.reason_code)));
            }
            Packet::PubAck(ack) => {
                self.answered();
                let taken = matches!(ack.reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers);
                return Ok(Heard::Acknowledged(ack.pkid, if taken { Ok(()) } else { Err(format!("{:?}", ack.reason)) }));
            }
            Packet::SubAck(ack) => {
                self.answered();
                let refused = ack.return_codes.iter().find(|code| !matches!(code, SubscribeReasonCode::Success(_)));
                return Ok(Heard::Subscribed(refused.map_or(Ok(()), |code| Err(format!("{code:?}")))));
            }
            _ => self.answered(),
        }
        Ok(Heard::Nothing)
    }

    fn answered(&self) {
        self.inbox.received(Message::Event, true, Content::Nothing);
    }

    fn outgoing(&self, packet: &Outgoing) -> Heard {
        match packet {
            Outgoing::Publish(number) => return Heard::Published(*number),
            Outgoing::Disconnect => self.inbox.sent(Message::Handshake, 0),
            // No packet: the library waits until a number is free.
            Outgoing::AwaitAck(_) => {}
            _ => self.inbox.sent(Message::Event, 0),
        }
        Heard::Nothing
    }

    /// Says goodbye and hears the broker out, until it closes: `heard` gets what was still on its way.
    pub async fn close(&mut self, heard: impl Fn(Heard)) {
        let goodbye = async {
            self.requests().disconnect().await?;
            loop {
                heard(self.next().await?);
            }
        };
        // Who cannot say goodbye has gone already.
        let _: Result<Result<(), Fault>, _> = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

impl Requests {
    /// Publishes, to be retained.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn publish(&self, topic: String, acknowledged: bool, payload: Bytes) -> Result<(), Fault> {
        let what = format!("publishing to {topic}");
        match self {
            Self::V3(client) => {
                let qos = if acknowledged { rumqttc::QoS::AtLeastOnce } else { rumqttc::QoS::AtMostOnce };
                client.publish_bytes(topic, qos, true, payload).await.map_err(|error| Fault::connection(what, error))
            }
            Self::V5(client) => {
                let qos = if acknowledged { v5::mqttbytes::QoS::AtLeastOnce } else { v5::mqttbytes::QoS::AtMostOnce };
                client.publish(topic, qos, true, payload).await.map_err(|error| Fault::connection(what, error))
            }
        }
    }

    /// Says goodbye, behind all that was requested before.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn disconnect(&self) -> Result<(), Fault> {
        match self {
            Self::V3(client) => client.disconnect().await.map_err(|error| Fault::connection("saying goodbye", error)),
            Self::V5(client) => client.disconnect().await.map_err(|error| Fault::connection("saying goodbye", error)),
        }
    }
}
