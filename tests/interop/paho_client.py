"""The library paho-mqtt against our broker.

Usage: paho_client.py PORT. Prints the rows of a table: what was done, what came, separated by a tab.
"""

import queue
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

PORT = int(sys.argv[1])
VERSIONS = {"3.1": mqtt.MQTTv31, "3.1.1": mqtt.MQTTv311, "5": mqtt.MQTTv5}


def saw(version, what, got, holds):
    if not holds:
        print(f"FAIL {version}: {what}: not {got}", file=sys.stderr)
        sys.exit(1)
    print(f"{version}\t{what}\t{got}", flush=True)


class Client:
    """A client whose events can be waited for."""

    def __init__(self, version, name, will=None):
        self.version = version
        self.events = queue.Queue()
        clean = {} if version == "5" else {"clean_session": True}
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=VERSIONS[version], **clean)
        self.client.on_connect = lambda client, data, flags, reason, properties: self.events.put(("connected", reason, properties))
        self.client.on_message = lambda client, data, message: self.events.put(("message", message))
        self.client.on_publish = lambda client, data, number, reason, properties: self.events.put(("published", reason))
        self.client.on_subscribe = lambda client, data, number, reasons, properties: self.events.put(("subscribed", [reason.value for reason in reasons]))
        self.client.on_unsubscribe = lambda client, data, number, reasons, properties: self.events.put(("unsubscribed", [reason.value for reason in reasons]))
        self.client.on_disconnect = lambda client, data, flags, reason, properties: self.events.put(("gone", reason))
        if will:
            self.client.will_set(*will)
        self.client.connect("127.0.0.1", PORT, keepalive=60)
        self.client.loop_start()
        self.welcome = self.next("connected")

    def next(self, kind):
        event = self.events.get(timeout=20)
        assert event[0] == kind, (kind, event)
        return event[1:] if len(event) > 2 else event[1]

    def subscribe(self, *arguments, **more):
        self.client.subscribe(*arguments, **more)
        return self.next("subscribed")

    def publish(self, *arguments, **more):
        self.client.publish(*arguments, **more)
        return self.next("published")

    def end(self):
        self.client.disconnect()
        self.next("gone")
        self.client.loop_stop()


def both(version):
    writer, reader = Client(version, f"writer-{version}"), Client(version, f"reader-{version}")
    reason, properties = writer.welcome
    saw(version, "connect", "accepted", reason == 0)
    base = f"house-{version}"
    writer.publish(f"{base}/a", b"old", qos=1, retain=True)
    # What is retained comes before the confirmation.
    reader.client.subscribe([(f"{base}/a", 1), (f"{base}/+/c", 0)])
    message = reader.next("message")
    saw(version, "subscribe to two filters", "the retained value, then quality 1 and 0", (message.payload, message.retain, reader.next("subscribed")) == (b"old", True, [1, 0]))
    for quality in 0, 1:
        payload = bytes(range(256)) + str(quality).encode()
        writer.publish(f"{base}/a", payload, qos=quality)
        message = reader.next("message")
        saw(version, f"publish any bytes with quality {quality}", "the same, not retained", (message.payload, message.qos, message.retain) == (payload, quality, False))
    writer.publish(f"{base}/b/c", b"wild", qos=1)
    message = reader.next("message")
    saw(version, "publish what a wildcard matches", "with the subscription's quality 0", (message.topic, message.payload, message.qos) == (f"{base}/b/c", b"wild", 0))
    writer.publish(f"{base}/a", b"x" * (1 << 20), qos=1)
    saw(version, "publish 1 MiB", "all of it", len(reader.next("message").payload) == 1 << 20)
    for number in range(1000):
        writer.client.publish(f"{base}/a", str(number), qos=1)
    saw(version, "1,000 publications at once", "all of them, in order", [reader.next("message").payload for _ in range(1000)] == [str(number).encode() for number in range(1000)])
    for _ in range(1000):
        writer.next("published")
    saw(version, "subscribe with quality 2", "granted 1", reader.subscribe(f"{base}/two", 2) == [1])
    reader.client.unsubscribe(f"{base}/a")
    reader.next("unsubscribed")
    writer.publish(f"{base}/a", b"unheard", qos=1)
    writer.publish(f"{base}/two", b"heard", qos=1)
    saw(version, "unsubscribe", "nothing more of it", reader.next("message").payload == b"heard")
    writer.publish(f"{base}/two", b"", qos=1, retain=True)
    writer.publish(f"{base}/a", b"", qos=1, retain=True)
    reader.next("message")
    late = Client(version, f"late-{version}")
    saw(version, "clear what is retained, subscribe", "nothing", late.subscribe(f"{base}/#", 1) == [1] and late.events.empty())
    late.end()
    reader.subscribe(f"{base}/will", 1)
    dies = Client(version, f"dies-{version}", will=(f"{base}/will", b"farewell", 1, False))
    dies.client.socket().shutdown(2)
    saw(version, "a client with a will goes without a word", "its will", reader.next("message").payload == b"farewell")
    dies.client.loop_stop()
    again = Client(version, f"reader-{version}")
    reader.next("gone")
    reader.client.loop_stop()
    saw(version, "a client identifier that is in use", "the older connection ends", again.subscribe(f"{base}/a", 0) == [0])
    again.end()
    writer.end()


def five():
    client = Client("5", "")
    reason, properties = client.welcome
    saw("5", "connect without a client identifier", "one is assigned", properties.AssignedClientIdentifier.startswith("client-"))
    declined = (properties.MaximumQoS, properties.SubscriptionIdentifierAvailable, properties.SharedSubscriptionAvailable, properties.SessionExpiryInterval)
    saw("5", "what the broker declines", "quality 2, subscription identifiers, shared subscriptions, sessions that stay", declined == (1, 0, 0, 0))
    saw("5", "subscribe with no local", "quality 1", client.subscribe("five/own", options=SubscribeOptions(qos=1, noLocal=True)) == [1])
    client.publish("five/own", b"mine", qos=1)
    other = Client("5", "other")
    properties = Properties(PacketTypes.PUBLISH)
    properties.ContentType = "text/plain"
    properties.UserProperty = [("a", "1"), ("a", "2")]
    properties.CorrelationData = b"\0\1"
    other.publish("five/own", b"theirs", qos=1, properties=properties)
    message = client.next("message")
    saw("5", "publish to it oneself, then from another client", "the other's alone", message.payload == b"theirs")
    got = message.properties
    saw("5", "properties of a publication", "passed on", (got.ContentType, got.UserProperty, got.CorrelationData) == ("text/plain", [("a", "1"), ("a", "2")], b"\0\1"))
    other.publish("five/kept", b"kept", qos=1, retain=True)
    saw("5", "subscribe without what is retained", "nothing but quality 0", client.subscribe("five/kept", options=SubscribeOptions(qos=0, retainHandling=2)) == [0] and client.events.empty())
    saw("5", "subscribe to a shared subscription", "158, not supported", client.subscribe("$share/group/five", 1) == [158])
    other.end()
    client.end()


both("3.1")
both("3.1.1")
both("5")
five()
print("done")
