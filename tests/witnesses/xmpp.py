"""A witness for push: slixmpp, subscribed to the same nodes as the subscribers of a run.

Usage: xmpp.py PORT TOPICS. Waits for the server, subscribes to all topics, says `ready NANOSECONDS`, and then for each
notification `TOPIC VERSION DUE ARRIVAL HANDLED`: the stamp in the payload; when its bytes were read from the socket, and
when the library had made a stanza of them, in nanoseconds of CLOCK_MONOTONIC. Ends when the server does.
"""

import asyncio
import sys
import time

import slixmpp
from slixmpp.exceptions import IqError

import listening
import stamp

SERVICE = "pubsub.localhost"
UPDATE = "{urn:pushbench:update:0}update"
PORT, TOPICS = int(sys.argv[1]), int(sys.argv[2])
PATIENCE = 60


class Witness(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__("witness-slixmpp@localhost", "secret", plugin_config={"feature_mechanisms": {"unencrypted_plain": True, "unencrypted_scram": True}})
        self.register_plugin("xep_0060")
        self.enable_direct_tls = self.enable_starttls = False
        self.enable_plaintext = True
        self.online = asyncio.get_running_loop().create_future()
        self.over = asyncio.get_running_loop().create_future()
        self.arrival = 0
        self.seen = []
        self.add_event_handler("session_start", lambda _: self.online.done() or self.online.set_result(None))
        self.add_event_handler("disconnected", lambda _: self.over.done() or self.over.set_result(None))
        self.add_filter("in", self.take)

    def data_received(self, data):
        self.arrival = time.monotonic_ns()
        super().data_received(data)

    def take(self, stanza):
        handled = time.monotonic_ns()
        self.seen += [(update.text, self.arrival, handled) for update in stanza.xml.iter(UPDATE)]
        return stanza


async def subscribed(witness, topic):
    """Topics come to be while the run is prepared: asks until this one is there."""
    node = f"topic-{topic:06}"
    while True:
        try:
            return await witness.plugin["xep_0060"].subscribe(SERVICE, node, bare=False, subscribee=witness.boundjid.full)
        except IqError as error:
            if error.condition != "item-not-found":
                raise
            await asyncio.sleep(0.02)


async def main():
    listening.until_listening(PORT, PATIENCE)
    witness = Witness()
    witness.connect(host="127.0.0.1", port=PORT)
    await witness.online
    for topic in range(TOPICS):
        await subscribed(witness, topic)
    print("ready", time.monotonic_ns())
    await witness.over
    for payload, arrival, handled in witness.seen:
        print(*stamp.read(payload), arrival, handled)


asyncio.run(asyncio.wait_for(main(), PATIENCE))
