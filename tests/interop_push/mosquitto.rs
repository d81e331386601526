//! Our MQTT clients against a real Mosquitto, on a port of loopback and with a folder of its own.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use pushbench::contender::ServerAddress;
use pushbench::contender::topic::Topic;
use tokio_util::sync::CancellationToken;

use crate::page;
use crate::served::skipped;
use crate::support::{HANG, on_one_thread, protocol, publisher_seat, subscriber_seat};

/// A broker that is ended with the test.
struct Mosquitto {
    child: Child,
    address: ServerAddress,
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        // A port that was free a moment ago: Mosquitto cannot choose one itself.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let config = folder.path().join("mosquitto.conf");
        std::fs::write(&config, format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n")).expect("a file");
        // Debian has it where only root's PATH leads.
        let started = ["mosquitto", "/usr/sbin/mosquitto"]
            .iter()
            .find_map(|program| Command::new(program).arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok());
        let Some(child) = started else {
            skipped("mosquitto is missing");
            return None;
        };
        let broker = Self { child, address: ServerAddress { socket: format!("127.0.0.1:{port}") }, _folder: folder };
        let begin = std::time::Instant::now();
        while TcpStream::connect(&broker.address.socket).is_err() {
            assert!(begin.elapsed() < HANG, "Mosquitto does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(broker)
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn our_clients_publish_and_listen_by_it() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut rows = Vec::new();
    for version in ["3.1.1", "5"] {
        for quality in ["0", "1"] {
            on_one_thread(async {
                let protocol = protocol("mqtt", &[("version", version), ("qos", quality)]);
                let (seat, sent) = publisher_seat(&broker.address, 4);
                let publisher = protocol.publisher(seat).await.unwrap();
                publisher.create(vec![(Topic(0), Bytes::from_static(b"old")), (Topic::PROBE, Bytes::from_static(b"probe"))]).await.unwrap();
                let (seat, inbox, _) = subscriber_seat(&broker.address, [Topic(0), Topic::PROBE], 1, HANG);
                let mut subscriber = protocol.subscriber(seat).await.unwrap();
                let stop = CancellationToken::new();
                let listening = {
                    let stop = stop.clone();
                    tokio::task::spawn_local(async move {
                        let ended = subscriber.run(stop).await;
                        subscriber.close().await;
                        ended
                    })
                };
                inbox.until(|inbox| inbox.payloads.borrow().len() == 2).await;
                let all: Bytes = (0..=255).collect::<Vec<u8>>().into();
                for number in 0..100_u8 {
                    publisher.publish(Topic(0), Bytes::from(vec![number; 1_000])).await.unwrap();
                }
                publisher.publish(Topic(0), all.clone()).await.unwrap();
                inbox.until(|inbox| inbox.payloads.borrow().len() == 103).await;
                let payloads = inbox.payloads.take();
                assert!((0..100_u8).all(|number| payloads[2 + usize::from(number)] == vec![number; 1_000]), "in order");
                assert_eq!(payloads[102], all);
                stop.cancel();
                listening.await.unwrap().unwrap();
                publisher.close().await;
                let (up, down) = (sent.traffic.borrow().events_up, sent.traffic.borrow().events_down);
                // What makes a topic is acknowledged in any case.
                assert_eq!((up, down), (103, if quality == "1" { 103 } else { 2 }), "publications and acknowledgements");
            });
            rows.push(vec![version.to_owned(), quality.to_owned(), "the retained values, then 101 updates, in order, byte for byte".to_owned()]);
        }
    }
    page::hold("interop.md", "mosquitto", &["`version`", "`qos`", "what our subscriber got of our publisher, by Mosquitto"], &rows);
}
