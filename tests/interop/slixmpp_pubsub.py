"""A real client against our XMPP server: slixmpp does what its users do with PubSub.

Usage: slixmpp_pubsub.py PORT starttls|plaintext. Prints one line per check and exits 0 if all hold.
"""

import asyncio
import ssl
import sys
import xml.etree.ElementTree as ElementTree

import slixmpp
from slixmpp.exceptions import IqError

SERVICE = "pubsub.localhost"
PORT = int(sys.argv[1])
TLS = sys.argv[2] == "starttls"
TIMEOUT = 20


class Client(slixmpp.ClientXMPP):
    def __init__(self, user, password, mechanism):
        # The last thing that anybody should set outside a test.
        in_the_clear = {"unencrypted_plain": True, "unencrypted_scram": True}
        jid = f"{user}@localhost" if user else "localhost"
        super().__init__(jid, password, sasl_mech=mechanism, plugin_config={"feature_mechanisms": in_the_clear})
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0060")
        self.register_plugin("xep_0199")
        self.register_plugin("xep_0203")
        self.enable_direct_tls = False
        self.enable_starttls = TLS
        self.enable_plaintext = not TLS
        self.ssl_context.check_hostname = False
        self.ssl_context.verify_mode = ssl.CERT_NONE
        self.online = asyncio.get_running_loop().create_future()
        self.notifications = asyncio.Queue()
        self.add_event_handler("session_start", lambda _: self.settle(True))
        self.add_event_handler("failed_all_auth", lambda _: self.settle(False))
        for event in ("publish", "retract", "purge", "delete"):
            self.add_event_handler(f"pubsub_{event}", lambda stanza, event=event: self.notifications.put_nowait((event, stanza)))

    def settle(self, result):
        if not self.online.done():
            self.online.set_result(result)

    async def login(self):
        self.connect(host="127.0.0.1", port=PORT)
        return await asyncio.wait_for(self.online, TIMEOUT)

    async def told(self, expected):
        event, stanza = await asyncio.wait_for(self.notifications.get(), TIMEOUT)
        assert event == expected, f"{event} instead of {expected}: {stanza}"
        return stanza

    async def leave(self):
        await asyncio.wait_for(self.disconnect(), TIMEOUT)


def check(name, holds):
    print(("ok   " if holds else "FAIL ") + name, flush=True)
    if not holds:
        sys.exit(1)


async def refused(name, condition, coroutine):
    try:
        await coroutine
    except IqError as error:
        check(f"{name}: {condition}", error.condition == condition)
        return error
    check(f"{name}: {condition}", False)


def payload(text):
    element = ElementTree.Element("{urn:example:update}update")
    element.text = text
    return element


async def mechanisms():
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "ANONYMOUS"):
        client = Client("" if mechanism == "ANONYMOUS" else "somebody", "secret", mechanism)
        check(f"login with {mechanism}", await client.login())
        encrypted = client.transport.get_extra_info("ssl_object") is not None
        check("over TLS" if TLS else "in the clear", encrypted == TLS)
        check(f"bound to {client.boundjid}", "@localhost/" in client.boundjid.full)
        await client.leave()
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"):
        client = Client("somebody", "wrong", mechanism)
        check(f"wrong password with {mechanism} is refused", not await client.login())
        client.abort()


async def pubsub():
    owner, reader = Client("owner", "secret", None), Client("reader", "secret", None)
    check("two clients choose a mechanism by themselves", await owner.login() and await reader.login())
    for client in (owner, reader):
        client.send_presence()
        await client.get_roster(timeout=TIMEOUT)
    service, theirs = owner.plugin["xep_0060"], reader.plugin["xep_0060"]

    items = await owner.plugin["xep_0030"].get_items("localhost")
    check("disco#items names the service", any(item[0] == SERVICE for item in items["disco_items"]["items"]))
    info = (await owner.plugin["xep_0030"].get_info(SERVICE))["disco_info"]
    check("disco#info says what it is", ("pubsub", "service", None, "pushbench") in info["identities"])
    check("disco#info says what it can", f"http://jabber.org/protocol/pubsub#instant-nodes" in info["features"])
    check("ping", await owner.plugin["xep_0199"].ping("localhost", timeout=TIMEOUT) > 0)
    check("ping of the service", await owner.plugin["xep_0199"].ping(SERVICE, timeout=TIMEOUT) > 0)

    form = owner.plugin["xep_0004"].make_form(ftype="submit")
    form.add_field("FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/pubsub#node_config")
    form.add_field("pubsub#max_items", value="2")
    form.add_field("pubsub#title", value="Photos & more")
    form.add_field("pubsub#something_unknown", value="x")
    await service.create_node(SERVICE, "photos", config=form)
    nodes = await service.get_nodes(SERVICE)
    check("create with a form, and find it", any(item[1] == "photos" for item in nodes["disco_items"]["items"]))
    instant = await service.create_node(SERVICE, None)
    check("an instant node", instant["pubsub"]["create"]["node"].startswith("instant-"))
    config = (await service.get_node_config(SERVICE, "photos"))["pubsub_owner"]["configure"]["form"].get_values()
    check("the configuration reads back", config["pubsub#title"] == "Photos & more" and config["pubsub#max_items"] == "2")
    default = (await service.get_node_config(SERVICE))["pubsub_owner"]["default"]
    check("the default configuration", "pubsub#deliver_payloads" in str(default))

    await service.publish(SERVICE, "photos", id="one", payload=payload("<first> & foremost"))
    await theirs.subscribe(SERVICE, "photos", bare=False, subscribee=reader.boundjid.full)
    event = await reader.told("publish")
    check("the last item comes on subscribing", event["pubsub_event"]["items"]["item"]["id"] == "one")
    check("its payload is whole", event["pubsub_event"]["items"]["item"]["payload"].text == "<first> & foremost")
    check("with the time of publication", event["delay"]["stamp"] is not None)
    published = await service.publish(SERVICE, "photos", payload=payload("second"))
    event = await reader.told("publish")
    generated = published["pubsub"]["publish"]["item"]["id"]
    check("an id is generated, the same for all", generated and event["pubsub_event"]["items"]["item"]["id"] == generated)
    items = (await theirs.get_items(SERVICE, "photos"))["pubsub"]["items"]
    check("items are kept", [item["id"] for item in items] == ["one", generated])
    items = (await theirs.get_items(SERVICE, "photos", max_items=1))["pubsub"]["items"]
    check("the newest alone", [item["id"] for item in items] == [generated])
    items = (await theirs.get_item(SERVICE, "photos", "one"))["pubsub"]["items"]
    check("one by its id", [item["id"] for item in items] == ["one"])
    subscriptions = (await theirs.get_subscriptions(SERVICE))["pubsub"]["subscriptions"]
    check("subscriptions", [str(item["jid"]) for item in subscriptions] == [reader.boundjid.full])
    affiliations = (await service.get_affiliations(SERVICE))["pubsub"]["affiliations"]
    check("affiliations", ("photos", "owner") in [(item["node"], item["affiliation"]) for item in affiliations])

    await service.retract(SERVICE, "photos", "one", notify=True)
    event = await reader.told("retract")
    check("retract", event["pubsub_event"]["items"]["retract"]["id"] == "one")
    await service.purge(SERVICE, "photos")
    await reader.told("purge")
    check("purge", True)

    await theirs.unsubscribe(SERVICE, "photos", bare=False, subscribee=reader.boundjid.full)
    await theirs.subscribe(SERVICE, "photos")
    await service.publish(SERVICE, "photos", id="three", payload=payload("third"))
    event = await reader.told("publish")
    check("a subscription of the bare address", event["to"] == reader.boundjid.full)

    await refused("create again", "conflict", service.create_node(SERVICE, "photos"))
    await refused("publish to nothing", "item-not-found", service.publish(SERVICE, "nothing", payload=payload("x")))
    await refused("subscribe to nothing", "item-not-found", theirs.subscribe(SERVICE, "nothing"))
    await refused("subscribe somebody else", "bad-request", theirs.subscribe(SERVICE, "photos", subscribee="owner@localhost"))
    await refused("publish as a reader", "forbidden", theirs.publish(SERVICE, "photos", payload=payload("x")))
    await refused("publish without a payload", "bad-request", service.publish(SERVICE, "photos"))
    await refused("configure as a reader", "forbidden", theirs.get_node_config(SERVICE, "photos"))
    await refused("delete as a reader", "forbidden", theirs.delete_node(SERVICE, "photos"))
    await refused("retract nothing", "item-not-found", service.retract(SERVICE, "photos", "nothing"))
    await theirs.unsubscribe(SERVICE, "photos")
    error = await refused("unsubscribe again", "unexpected-request", theirs.unsubscribe(SERVICE, "photos"))
    check("with the XEP's own condition", error.iq["error"]["pubsub"]["condition"] == "not-subscribed")
    form = owner.plugin["xep_0004"].make_form(ftype="submit")
    form.add_field("pubsub#access_model", value="whitelist")
    await refused("an access model that we lack", "not-acceptable", service.set_node_config(SERVICE, "photos", form))
    await refused("a service that is none", "service-unavailable", owner.plugin["xep_0030"].get_info("nobody@localhost/x", timeout=TIMEOUT))
    await refused("a server that is none", "remote-server-not-found", owner.plugin["xep_0030"].get_info("example.org", timeout=TIMEOUT))

    await theirs.subscribe(SERVICE, "photos")
    await reader.told("publish")
    await service.delete_node(SERVICE, "photos")
    await reader.told("delete")
    await refused("the node is gone", "item-not-found", theirs.get_items(SERVICE, "photos"))
    check("nothing else came", reader.notifications.empty())
    await owner.leave()
    await reader.leave()


async def main():
    await mechanisms()
    await pubsub()
    print("done")


asyncio.run(main())
