"""Each error that our PubSub service can answer with, met by slixmpp: what it understood is what XEP-0060 says."""

from slixmpp_client import OWNER, PUBSUB, SERVICE, TIMEOUT, payload, refused
from xml.etree import ElementTree

ITEM = "<item><update xmlns='urn:example:update'>x</update></item>"
LARGEST_PAYLOAD = 1 << 20
FORM = "<x xmlns='jabber:x:data' type='submit'><field var='pubsub#{}'><value>{}</value></field></x>"


async def each(area, client, kind, cases, namespace=PUBSUB):
    for what, action, expected in cases:
        await refused(area, what, expected, client.pubsub(kind, action, namespace))


async def errors(owner, reader):
    service = owner.plugin["xep_0060"]
    await service.create_node(SERVICE, "mine")
    await service.create_node(SERVICE, "fleeting", config=owner.form({"persist_items": "0"}))
    await creating(owner)
    await collecting(owner)
    await subscribing(reader)
    await publishing(owner, reader)
    await fetching(reader)
    await owning(owner, reader)
    await outside(owner)
    await service.delete_node(SERVICE, "mine")
    await service.delete_node(SERVICE, "fleeting")


async def creating(owner):
    await refused("create", "a node that is there", "conflict", owner.plugin["xep_0060"].create_node(SERVICE, "mine"))
    await each("create", owner, "set", [
        ("a collection", "<create node='tree' type='collection'/>", "feature-not-implemented, unsupported collections"),
        ("in a collection that is none", f"<create node='leaf'/><configure>{FORM.format('collection', 'mine')}</configure>", "not-allowed"),
        ("of a kind that is none", f"<create node='tree'/><configure>{FORM.format('node_type', 'twig')}</configure>", "not-acceptable"),
        ("with a value that cannot be", f"<create node='tree'/><configure>{FORM.format('max_items', '0')}</configure>", "not-acceptable"),
    ])


async def collecting(owner):
    service = owner.plugin["xep_0060"]
    await service.create_node(SERVICE, "all", config=owner.form({"node_type": "collection"}))
    await each("collection", owner, "set", [("publish to it", "<publish node='all'><item><a xmlns='urn:a'/></item></publish>", "feature-not-implemented, unsupported publish")])
    await each("collection", owner, "get", [("fetch its items", "<items node='all'/>", "feature-not-implemented, unsupported retrieve-items")])
    await refused("collection", "purge it", "feature-not-implemented, unsupported purge-nodes", service.purge(SERVICE, "all"))
    await service.delete_node(SERVICE, "all")


async def subscribing(reader):
    own = "reader@localhost"
    await each("subscribe", reader, "set", [
        ("no node", f"<subscribe jid='{own}'/>", "bad-request, nodeid-required"),
        ("no address", "<subscribe node='mine'/>", "bad-request, jid-required"),
        ("somebody else's address", "<subscribe node='mine' jid='owner@localhost'/>", "bad-request, invalid-jid"),
        ("an address that is none", "<subscribe node='mine' jid='@/'/>", "jid-malformed"),
        ("a node that is not there", f"<subscribe node='nothing' jid='{own}'/>", "item-not-found"),
        ("with options", f"<subscribe node='mine' jid='{own}'/><options/>", "feature-not-implemented, unsupported subscription-options"),
    ])
    await each("unsubscribe", reader, "set", [
        ("no node", f"<unsubscribe jid='{own}'/>", "bad-request, nodeid-required"),
        ("no address", "<unsubscribe node='mine'/>", "bad-request, jid-required"),
        ("somebody else's address", "<unsubscribe node='mine' jid='owner@localhost'/>", "forbidden"),
        ("an address that is none", "<unsubscribe node='mine' jid='@/'/>", "jid-malformed"),
        ("a node that is not there", f"<unsubscribe node='nothing' jid='{own}'/>", "item-not-found"),
        ("a subscription identifier, though we give none", f"<unsubscribe node='mine' jid='{own}' subid='1'/>", "not-acceptable, invalid-subid"),
    ])
    await refused("unsubscribe", "who is not subscribed", "unexpected-request, not-subscribed", reader.plugin["xep_0060"].unsubscribe(SERVICE, "mine"))
    for kind in ("get", "set"):
        await each("options", reader, kind, [(f"{kind} one's own", f"<options node='mine' jid='{own}'/>", "feature-not-implemented, unsupported subscription-options")])
    await each("options", reader, "get", [("the default", "<default/>", "feature-not-implemented, unsupported retrieve-default-sub")])


async def publishing(owner, reader):
    service, theirs = owner.plugin["xep_0060"], reader.plugin["xep_0060"]
    await refused("publish", "to a node that is not there", "item-not-found", service.publish(SERVICE, "nothing", payload=payload("x")))
    await refused("publish", "as a reader", "forbidden", theirs.publish(SERVICE, "mine", payload=payload("x")))
    await refused("publish", "nothing at all", "bad-request, item-required", service.publish(SERVICE, "mine"))
    large = payload("x" * (LARGEST_PAYLOAD + 1))
    await refused("publish", "a payload past the limit", "not-acceptable, payload-too-big", service.publish(SERVICE, "mine", payload=large))
    await each("publish", owner, "set", [
        ("no node", f"<publish>{ITEM}</publish>", "bad-request, nodeid-required"),
        ("an item without a payload", "<publish node='mine'><item/></publish>", "bad-request, payload-required"),
        ("two items", f"<publish node='mine'>{ITEM}{ITEM}</publish>", "bad-request"),
        ("two payloads in an item", "<publish node='mine'><item><a xmlns='urn:a'/><b xmlns='urn:b'/></item></publish>", "bad-request, invalid-payload"),
        ("a payload without a namespace", "<publish node='mine'><item><a xmlns=''/></item></publish>", "bad-request, invalid-payload"),
        ("with options", f"<publish node='mine'>{ITEM}</publish><publish-options/>", "feature-not-implemented, unsupported publish-options"),
    ])
    await refused("retract", "an item that is not there", "item-not-found", service.retract(SERVICE, "mine", "nothing"))
    await refused("retract", "from a node that is not there", "item-not-found", service.retract(SERVICE, "nothing", "x"))
    await refused("retract", "as a reader", "forbidden", theirs.retract(SERVICE, "mine", "x"))
    await refused("retract", "where nothing is kept", "feature-not-implemented, unsupported persistent-items", service.retract(SERVICE, "fleeting", "x"))
    await each("retract", owner, "set", [
        ("no node", "<retract><item id='x'/></retract>", "bad-request, nodeid-required"),
        ("no item", "<retract node='mine'/>", "bad-request, item-required"),
        ("no id", "<retract node='mine'><item/></retract>", "bad-request, item-required"),
    ])


async def fetching(reader):
    await each("items", reader, "get", [
        ("no node", "<items/>", "bad-request, nodeid-required"),
        ("a node that is not there", "<items node='nothing'/>", "item-not-found"),
        ("a subscription identifier, though we give none", "<items node='mine' subid='1'/>", "not-acceptable, invalid-subid"),
        ("where nothing is kept", "<items node='fleeting'/>", "feature-not-implemented, unsupported persistent-items"),
        ("a number that is none", "<items node='mine' max_items='some'/>", "bad-request"),
    ])
    await each("subscriptions", reader, "get", [("of a node that is not there", "<subscriptions node='nothing'/>", "item-not-found")])
    await each("affiliations", reader, "get", [("of a node that is not there", "<affiliations node='nothing'/>", "item-not-found")])
    await each("any", reader, "get", [("an action that is none", "<dance/>", "bad-request"), ("no action", "", "bad-request"), ("publish by a get", "<publish node='mine'/>", "bad-request")])


async def owning(owner, reader):
    service = owner.plugin["xep_0060"]
    for area, kind, empty, nothing, mine in (
        ("configure", "get", "<configure/>", "<configure node='nothing'/>", "<configure node='mine'/>"),
        ("configure", "set", "<configure/>", "<configure node='nothing'/>", "<configure node='mine'/>"),
        ("delete", "set", "<delete/>", "<delete node='nothing'/>", "<delete node='mine'/>"),
        ("purge", "set", "<purge/>", "<purge node='nothing'/>", "<purge node='mine'/>"),
    ):
        which = f" ({kind})" if area == "configure" else ""
        await each(area, owner, kind, [(f"no node{which}", empty, "bad-request, nodeid-required"), (f"a node that is not there{which}", nothing, "item-not-found")], OWNER)
        await each(area, reader, kind, [(f"as a reader{which}", mine, "forbidden")], OWNER)
    await refused("purge", "where nothing is kept", "feature-not-implemented, unsupported persistent-items", service.purge(SERVICE, "fleeting"))
    for what, name, value, expected in (
        ("an access model that we lack", "access_model", "whitelist", "not-acceptable"),
        ("a publish model that we lack", "publish_model", "subscribers", "not-acceptable"),
        ("a flag that is none", "persist_items", "perhaps", "not-acceptable"),
        ("a number that is none", "max_items", "many", "not-acceptable"),
        ("a moment that is none", "send_last_published_item", "always", "not-acceptable"),
        ("into a collection", "node_type", "collection", "not-allowed"),
    ):
        await refused("configure", what, expected, service.set_node_config(SERVICE, "mine", owner.form({name: value})))
    await each("configure", owner, "set", [
        ("no form", "<configure node='mine'/>", "bad-request"),
        ("a form of another type", "<configure node='mine'><x xmlns='jabber:x:data' type='result'/></configure>", "bad-request"),
    ], OWNER)
    await refused("subscriptions", "of others, as the owner", "feature-not-implemented, unsupported manage-subscriptions", service.get_node_subscriptions(SERVICE, "mine"))
    await refused("affiliations", "of others, as the owner", "feature-not-implemented, unsupported modify-affiliations", service.get_node_affiliations(SERVICE, "mine"))
    await refused("affiliations", "make somebody a publisher", "feature-not-implemented, unsupported modify-affiliations", service.modify_affiliations(SERVICE, "mine", [("reader@localhost", "publisher")]))


async def outside(owner):
    disco = owner.plugin["xep_0030"]
    await refused("discovery", "info of a node that is not there", "item-not-found", disco.get_info(SERVICE, node="nothing", timeout=TIMEOUT))
    await refused("discovery", "items of a node that is not there", "item-not-found", disco.get_items(SERVICE, node="nothing", timeout=TIMEOUT))
    await refused("discovery", "a node of the server", "item-not-found", disco.get_info("localhost", node="nothing", timeout=TIMEOUT))
    await refused("any", "a client that is not there", "service-unavailable", disco.get_info("nobody@localhost/x", timeout=TIMEOUT))
    await refused("any", "another server", "remote-server-not-found", disco.get_info("example.org", timeout=TIMEOUT))
    await refused("any", "a protocol that the service does not speak", "service-unavailable", owner.ask("get", "<query xmlns='jabber:iq:version'/>"))
    await refused("any", "a protocol that the server does not speak", "service-unavailable", owner.ask("get", "<query xmlns='jabber:iq:version'/>", "localhost"))
    iq = owner.make_iq(ito=SERVICE, itype="get")
    for _ in range(2):
        iq.xml.append(ElementTree.fromstring("<query xmlns='jabber:iq:version'/>"))
    await refused("any", "a request with two payloads", "bad-request", iq.send(timeout=TIMEOUT))


async def full(owner):
    """For a server that has room for one node."""
    await owner.plugin["xep_0060"].create_node(SERVICE, "first")
    await refused("create", "more nodes than there is room for", "resource-constraint", owner.plugin["xep_0060"].create_node(SERVICE, "second"))
