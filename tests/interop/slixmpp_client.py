"""What the slixmpp scripts share: a client, and the lines that they print.

Each line is a row of a table: area, what slixmpp did, what it got, separated by tabs. What is not as it should be ends the script.
"""

import asyncio
import ssl
import sys
import xml.etree.ElementTree as ElementTree

import slixmpp
from slixmpp.exceptions import IqError

SERVICE = "pubsub.localhost"
PUBSUB = "http://jabber.org/protocol/pubsub"
OWNER = "http://jabber.org/protocol/pubsub#owner"
CONFIG = "http://jabber.org/protocol/pubsub#node_config"
PORT = int(sys.argv[1])
TLS = sys.argv[2] == "starttls"
TIMEOUT = 20


# Stanzas that all clients have sent and got, as slixmpp counts them; the binding of a resource is none.
stanzas = {"out": 0, "in": 0}


class Client(slixmpp.ClientXMPP):
    def __init__(self, user, password="secret", mechanism=None):
        # The last thing that anybody should set outside a test.
        in_the_clear = {"unencrypted_plain": True, "unencrypted_scram": True}
        jid = f"{user}@localhost" if user else "localhost"
        super().__init__(jid, password, sasl_mech=mechanism, plugin_config={"feature_mechanisms": in_the_clear})
        for plugin in ("xep_0004", "xep_0030", "xep_0060", "xep_0128", "xep_0199", "xep_0203"):
            self.register_plugin(plugin)
        for way in stanzas:
            self.add_filter(way, lambda stanza, way=way: self.count(way, stanza))
        self.enable_direct_tls = False
        self.enable_starttls = TLS
        self.enable_plaintext = not TLS
        self.ssl_context.check_hostname = False
        self.ssl_context.verify_mode = ssl.CERT_NONE
        self.online = asyncio.get_running_loop().create_future()
        self.failures = []
        self.notifications = asyncio.Queue()
        self.add_event_handler("session_start", lambda _: self.settle(True))
        self.add_event_handler("failed_auth", lambda failure: self.failures.append(failure["condition"]))
        self.add_event_handler("failed_all_auth", lambda _: self.settle(False))
        for event in ("publish", "retract", "purge", "delete"):
            self.add_event_handler(f"pubsub_{event}", lambda stanza, event=event: self.notifications.put_nowait((event, stanza)))

    def count(self, way, stanza):
        if "bind" in self.features and isinstance(stanza, (slixmpp.Iq, slixmpp.Message, slixmpp.Presence)):
            stanzas[way] += 1
        return stanza

    def settle(self, result):
        if not self.online.done():
            self.online.set_result(result)

    async def login(self):
        self.connect(host="127.0.0.1", port=PORT)
        return await asyncio.wait_for(self.online, TIMEOUT)

    async def told(self, expected):
        """The next notification, which must be of that kind."""
        event, stanza = await asyncio.wait_for(self.notifications.get(), TIMEOUT)
        if event != expected:
            fail(f"{event} instead of {expected}: {stanza}")
        return stanza["pubsub_event"]["items"] if event in ("publish", "retract") else stanza

    async def ask(self, kind, xml, to=SERVICE):
        """A request that slixmpp's own functions would not make."""
        iq = self.make_iq(ito=to, itype=kind)
        iq.append(ElementTree.fromstring(xml))
        return await iq.send(timeout=TIMEOUT)

    async def pubsub(self, kind, action, namespace=PUBSUB):
        """The same in an element of XEP-0060."""
        return await self.ask(kind, f"<pubsub xmlns='{namespace}'>{action}</pubsub>")

    def form(self, fields):
        form = self.plugin["xep_0004"].make_form(ftype="submit")
        form.add_field("FORM_TYPE", ftype="hidden", value=CONFIG)
        for name, value in fields.items():
            form.add_field(f"pubsub#{name}", value=value)
        return form

    async def leave(self):
        await asyncio.wait_for(self.disconnect(), TIMEOUT)


def fail(why):
    print(f"FAIL {why}", file=sys.stderr, flush=True)
    sys.exit(1)


def saw(area, what, got, holds=True):
    """A row of the table, if it holds."""
    if not holds:
        fail(f"{area}: {what}: not {got}")
    print(f"{area}\t{what}\t{got}", flush=True)


def conditions(error):
    """What slixmpp makes of an error: the condition of RFC 6120, and that of XEP-0060."""
    stanza = error.iq["error"]
    detail, feature = stanza["pubsub"]["condition"], stanza["pubsub"]["unsupported"]
    return ", ".join(part for part in (error.condition, " ".join(filter(None, (detail, feature)))) if part)


async def refused(area, what, expected, request):
    try:
        await request
    except IqError as error:
        got = conditions(error)
        saw(area, what, f"`{got}`" if got == expected else f"`{expected}` but {got}", got == expected)
        return
    fail(f"{area}: {what}: done, instead of {expected}")


def payload(text):
    element = ElementTree.Element("{urn:example:update}update")
    element.text = text
    return element
