"""Another independent client against our XMPP server: aioxmpp, which knows the schema of each stanza and takes nothing else.

Usage: aioxmpp_pubsub.py PORT. Prints the rows of a table, then "done", and exits 0 if all hold.
"""

import asyncio
import sys

import aioxmpp
import aioxmpp.pubsub.xso
from aioxmpp.errors import XMPPError

PORT = int(sys.argv[1])
SERVICE = aioxmpp.JID.fromstr("pubsub.localhost")
TIMEOUT = 20


class Update(aioxmpp.xso.XSO):
    TAG = ("urn:example:update", "update")
    text = aioxmpp.xso.Text()

    def __init__(self, text):
        super().__init__()
        self.text = text


aioxmpp.pubsub.xso.as_payload_class(Update)


def client(name):
    layer = aioxmpp.make_security_layer("secret", no_verify=True)
    return aioxmpp.PresenceManagedClient(
        aioxmpp.JID.fromstr(f"{name}@localhost"), layer, override_peer=[("127.0.0.1", PORT, aioxmpp.connector.STARTTLSConnector())]
    )


def saw(what, got, holds):
    if not holds:
        print(f"FAIL {what}: not {got}", file=sys.stderr, flush=True)
        sys.exit(1)
    print(f"{what}\t{got}", flush=True)


async def refused(what, condition, detail, request):
    try:
        await request
    except XMPPError as error:
        met = [error.condition.value[1]]
        if error.application_defined_condition is not None:
            met.append(error.application_defined_condition.TAG[1])
        saw(what, f"`{', '.join(filter(None, (condition, detail)))}`", met == list(filter(None, (condition, detail))))
        return
    saw(what, condition, False)


async def main():
    owner, reader = client("owner"), client("reader")
    service, theirs = owner.summon(aioxmpp.PubSubClient), reader.summon(aioxmpp.PubSubClient)
    disco = owner.summon(aioxmpp.DiscoClient)
    told = asyncio.Queue()
    theirs.on_item_published.connect(lambda jid, node, item, message=None: told.put_nowait(("published", item.id_, item.registered_payload.text)))
    theirs.on_item_retracted.connect(lambda jid, node, item, message=None: told.put_nowait(("retracted", item)))
    theirs.on_node_deleted.connect(lambda jid, node, redirect_uri=None, message=None: told.put_nowait(("deleted", node)))

    async def heard():
        return await asyncio.wait_for(told.get(), TIMEOUT)

    async with owner.connected(), reader.connected():
        saw("login over STARTTLS, by a mechanism of its choice", "bound to an address", str(owner.local_jid).startswith("owner@localhost/"))
        info = await disco.query_info(SERVICE)
        saw("info of the service", "what it is", [(identity.category, identity.type_) for identity in info.identities] == [("pubsub", "service")])
        features = {feature.name for feature in await service.get_features(SERVICE)}
        saw("features of the service", "those of XEP-0060", {"CREATE_NODES", "INSTANT_NODES", "PUBLISH", "SUBSCRIBE", "RETRACT_ITEMS"} <= features)
        saw("create a node", "its name", await service.create(SERVICE, "news") == "news")
        instant = await service.create(SERVICE)
        saw("create an instant node", "its name", instant.startswith("instant-"))
        nodes = {node for node, _ in await service.get_nodes(SERVICE)}
        saw("nodes of the service", "both", nodes == {"news", instant})
        answer = await theirs.subscribe(SERVICE, "news")
        saw("subscribe", "subscribed", answer.payload.subscription == "subscribed")
        saw("publish with an id", "that id", await service.publish(SERVICE, "news", Update("one & <two>"), id_="first") == "first")
        saw("wait", "the subscriber has the payload", await heard() == ("published", "first", "one & <two>"))
        generated = await service.publish(SERVICE, "news", Update("three"))
        saw("publish without one", "an id, the same for the subscriber", await heard() == ("published", generated, "three"))
        items = (await theirs.get_items(SERVICE, "news")).payload.items
        saw("get items", "the last, by default", [(item.id_, item.registered_payload.text) for item in items] == [(generated, "three")])
        subscriptions = (await theirs.get_subscriptions(SERVICE)).subscriptions
        saw("get subscriptions", "one's own", [(entry.node, entry.subscription) for entry in subscriptions] == [("news", "subscribed")])
        form = await service.get_node_config(SERVICE, "news")
        saw("get the configuration", "a form", "pubsub#max_items" in [field.var for field in form.fields])
        await service.retract(SERVICE, "news", generated, notify=True)
        saw("retract", "the subscriber is told", await heard() == ("retracted", generated))
        await refused("create again", "conflict", None, service.create(SERVICE, "news"))
        await refused("publish as a reader", "forbidden", None, theirs.publish(SERVICE, "news", Update("x")))
        await refused("items of nothing", "item-not-found", None, theirs.get_items(SERVICE, "nothing"))
        await refused("options of a subscription", "feature-not-implemented", "unsupported", theirs.get_subscription_config(SERVICE, node="news"))
        await theirs.unsubscribe(SERVICE, "news")
        await refused("unsubscribe twice", "unexpected-request", "not-subscribed", theirs.unsubscribe(SERVICE, "news"))
        await theirs.subscribe(SERVICE, "news")
        await service.delete(SERVICE, "news")
        saw("delete", "the subscriber is told", await heard() == ("deleted", "news"))
        saw("at the end", "nothing came that was not waited for", told.empty())
    print("done")


asyncio.run(main())
