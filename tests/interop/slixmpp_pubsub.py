"""A real client against our XMPP server: slixmpp does what its users do with PubSub, and gets wrong what can be got wrong.

Usage: slixmpp_pubsub.py PORT starttls|plaintext|full. Prints the rows of a table, how many stanzas it sent and got, then "done", and exits 0 if all hold.
With "full" the server must have room for one node and no more.
"""

import asyncio
import sys

from slixmpp_client import SERVICE, TIMEOUT, TLS, Client, payload, refused, saw, stanzas
import slixmpp_errors


async def login():
    where = "over STARTTLS" if TLS else "in the clear"
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "ANONYMOUS"):
        client = Client("" if mechanism == "ANONYMOUS" else "somebody", mechanism=mechanism)
        online = await client.login()
        encrypted = client.transport.get_extra_info("ssl_object") is not None
        used = client.plugin["feature_mechanisms"].mech.name
        saw("login", f"{mechanism} {where}", "bound to an address", online and used == mechanism and encrypted == TLS and "@localhost/" in client.boundjid.full)
        await client.leave()
    for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"):
        client = Client("somebody", "wrong", mechanism)
        online = await client.login()
        saw("login", f"{mechanism} {where}, wrong password", "`not-authorized`", not online and client.failures == ["not-authorized"])
        client.abort()
    first, second = Client("twice"), Client("twice")
    first.requested_jid.resource = second.requested_jid.resource = "same"
    ended = asyncio.get_running_loop().create_future()
    first.add_event_handler("stream_error", lambda error: ended.set_result(error["condition"]))
    saw("login", f"a resource that is taken, {where}", "the old stream ends with `conflict`", await first.login() and await second.login() and await asyncio.wait_for(ended, TIMEOUT) == "conflict")
    first.abort()
    await second.leave()


async def discovery(owner):
    disco = owner.plugin["xep_0030"]
    items = (await disco.get_items("localhost"))["disco_items"]["items"]
    saw("discovery", "items of the server", "the service", any(item[0] == SERVICE for item in items))
    info = (await disco.get_info("localhost"))["disco_info"]
    saw("discovery", "info of the server", "identity and features", ("server", "im", None, "pushbench") in info["identities"] and "urn:xmpp:ping" in info["features"])
    info = (await disco.get_info(SERVICE))["disco_info"]
    features = {"access-open", "create-nodes", "instant-nodes", "publish", "retract-items", "subscribe"}
    can = {f"http://jabber.org/protocol/pubsub#{feature}" for feature in features}
    saw("discovery", "info of the service", "identity and features", ("pubsub", "service", None, "pushbench") in info["identities"] and can <= set(info["features"]))
    saw("discovery", "ping of the server", "answered", await owner.plugin["xep_0199"].ping("localhost", timeout=TIMEOUT) > 0)
    saw("discovery", "ping of the service", "answered", await owner.plugin["xep_0199"].ping(SERVICE, timeout=TIMEOUT) > 0)


async def creation(owner):
    service = owner.plugin["xep_0060"]
    form = owner.form({"max_items": "2", "title": "Photos & more", "something_unknown": "x"})
    await service.create_node(SERVICE, "photos", config=form)
    nodes = (await service.get_nodes(SERVICE))["disco_items"]["items"]
    saw("create", "a node with a form", "among the service's items", any(item[1] == "photos" for item in nodes))
    await service.create_node(SERVICE, "plain")
    saw("create", "a node without one", "done")
    instant = (await service.create_node(SERVICE, None))["pubsub"]["create"]["node"]
    saw("create", "an instant node", "its name", instant.startswith("instant-"))
    default = (await service.get_node_config(SERVICE))["pubsub_owner"]["default"]["form"].get_values()
    saw("configure", "get the default", "a form", default["pubsub#deliver_payloads"] is True and default["pubsub#max_items"] == "1")
    values = (await service.get_node_config(SERVICE, "photos"))["pubsub_owner"]["configure"]["form"].get_values()
    saw("configure", "get a node's", "what was submitted", values["pubsub#title"] == "Photos & more" and values["pubsub#max_items"] == "2")
    await service.set_node_config(SERVICE, "plain", owner.form({"max_items": "3", "persist_items": "1"}))
    values = (await service.get_node_config(SERVICE, "plain"))["pubsub_owner"]["configure"]["form"].get_values()
    saw("configure", "set a node's", "reads back", values["pubsub#max_items"] == "3")
    form = owner.form({"max_items": "9"})
    form["type"] = "cancel"
    await service.set_node_config(SERVICE, "plain", form)
    values = (await service.get_node_config(SERVICE, "plain"))["pubsub_owner"]["configure"]["form"].get_values()
    saw("configure", "cancel", "nothing changes", values["pubsub#max_items"] == "3")
    info = (await owner.plugin["xep_0030"].get_info(SERVICE, node="photos"))["disco_info"]
    saw("discovery", "info of a node", "a leaf with title and owner", ("pubsub", "leaf", None, None) in info["identities"] and info["form"].get_values()["pubsub#title"] == "Photos & more")


async def delivery(owner, reader):
    service, theirs = owner.plugin["xep_0060"], reader.plugin["xep_0060"]
    full = reader.boundjid.full
    await service.publish(SERVICE, "photos", id="one", payload=payload("<first> & foremost"))
    answer = (await theirs.subscribe(SERVICE, "photos", bare=False))["pubsub"]["subscription"]
    saw("subscribe", "a full address", "subscribed", answer["subscription"] == "subscribed" and str(answer["jid"]) == full)
    _, event = await asyncio.wait_for(reader.notifications.get(), TIMEOUT)
    item = event["pubsub_event"]["items"]["item"]
    saw("subscribe", "a node that has an item", "the last item, with the time of publication", item["id"] == "one" and item["payload"].text == "<first> & foremost" and event["delay"]["stamp"] is not None)
    generated = (await service.publish(SERVICE, "photos", payload=payload("second")))["pubsub"]["publish"]["item"]["id"]
    saw("publish", "without an id", "an id, the same for the subscriber", generated and (await reader.told("publish"))["item"]["id"] == generated)
    ids = [item["id"] for item in (await theirs.get_items(SERVICE, "photos"))["pubsub"]["items"]]
    saw("items", "all", "the oldest first", ids == ["one", generated])
    ids = [item["id"] for item in (await theirs.get_items(SERVICE, "photos", max_items=1))["pubsub"]["items"]]
    saw("items", "max_items=1", "the newest", ids == [generated])
    ids = [item["id"] for item in (await theirs.get_item(SERVICE, "photos", "one"))["pubsub"]["items"]]
    saw("items", "by id", "that one", ids == ["one"])
    ids = [item["id"] for item in (await theirs.get_item(SERVICE, "photos", "nothing"))["pubsub"]["items"]]
    saw("items", "by an id that is none", "an empty list", ids == [])
    names = [item[2] for item in (await theirs.get_item_ids(SERVICE, "photos"))["disco_items"]["items"]]
    saw("discovery", "items of a node", "their ids", set(names) == {"one", generated})
    await service.publish(SERVICE, "photos", id="one", payload=payload("again"))
    await reader.told("publish")
    items = (await theirs.get_items(SERVICE, "photos"))["pubsub"]["items"]
    saw("publish", "with an id that is there", "replaces it", [item["id"] for item in items] == [generated, "one"])
    await service.publish(SERVICE, "photos", id="three", payload=payload("x"))
    await reader.told("publish")
    ids = [item["id"] for item in (await theirs.get_items(SERVICE, "photos"))["pubsub"]["items"]]
    saw("publish", "more than max_items", "the oldest goes", ids == ["one", "three"])
    for only in (None, "photos"):
        subscriptions = (await theirs.get_subscriptions(SERVICE, only))["pubsub"]["subscriptions"]
        saw("subscriptions", f"of {only or 'all nodes'}", "one's own", [str(item["jid"]) for item in subscriptions] == [full])
        affiliations = (await service.get_affiliations(SERVICE, only))["pubsub"]["affiliations"]
        saw("affiliations", f"of {only or 'all nodes'}", "owner", ("photos", "owner") in [(item["node"], item["affiliation"]) for item in affiliations])

    await service.retract(SERVICE, "photos", "three", notify=True)
    saw("retract", "with notify", "the subscriber is told", (await reader.told("retract"))["retract"]["id"] == "three")
    await service.retract(SERVICE, "photos", "one", notify=False)
    await service.publish(SERVICE, "photos", id="four", payload=payload("x"))
    saw("retract", "without notify", "the subscriber is not told", (await reader.told("publish"))["item"]["id"] == "four")
    await service.purge(SERVICE, "photos")
    await reader.told("purge")
    saw("purge", "a node", "the subscriber is told")
    await theirs.unsubscribe(SERVICE, "photos", bare=False)
    saw("unsubscribe", "a full address", "done")


async def presence(owner, reader):
    service, theirs = owner.plugin["xep_0060"], reader.plugin["xep_0060"]
    await theirs.subscribe(SERVICE, "photos")
    await service.publish(SERVICE, "photos", id="five", payload=payload("x"))
    saw("subscribe", "a bare address, and be available", "told at the full address", (await reader.told("publish"))["item"]["id"] == "five")
    reader.send_presence(ptype="unavailable")
    await reader.plugin["xep_0199"].ping("localhost", timeout=TIMEOUT)
    await service.publish(SERVICE, "photos", id="six", payload=payload("x"))
    await reader.plugin["xep_0199"].ping("localhost", timeout=TIMEOUT)
    saw("subscribe", "a bare address, and be unavailable", "not told", reader.notifications.empty())
    await service.set_node_config(SERVICE, "photos", owner.form({"send_last_published_item": "on_sub_and_presence"}))
    reader.send_presence()
    saw("presence", "become available, with `on_sub_and_presence`", "the last item", (await reader.told("publish"))["item"]["id"] == "six")
    await service.set_node_config(SERVICE, "photos", owner.form({"deliver_payloads": "0", "send_last_published_item": "never"}))
    await service.publish(SERVICE, "photos", id="seven", payload=payload("x"))
    item = (await reader.told("publish"))["item"]
    saw("configure", "`deliver_payloads` off", "an id and no payload", item["id"] == "seven" and item["payload"] is None)
    await theirs.unsubscribe(SERVICE, "photos")
    await theirs.subscribe(SERVICE, "photos")
    await reader.plugin["xep_0199"].ping(SERVICE, timeout=TIMEOUT)
    saw("configure", "`send_last_published_item` never", "nothing on subscribing", reader.notifications.empty())
    await service.set_node_config(SERVICE, "photos", owner.form({"publish_model": "open", "deliver_payloads": "1"}))
    await theirs.publish(SERVICE, "photos", id="eight", payload=payload("x"))
    saw("configure", "`publish_model` open", "a reader may publish", (await reader.told("publish"))["item"]["id"] == "eight")
    await service.set_node_config(SERVICE, "photos", owner.form({"publish_model": "publishers"}))


async def sessions(owner, reader):
    service = owner.plugin["xep_0060"]
    passing = Client("passing")
    await passing.login()
    passing.send_presence()
    await passing.plugin["xep_0060"].subscribe(SERVICE, "plain", bare=False)
    second = Client("second")
    await second.login()
    await second.plugin["xep_0060"].subscribe(SERVICE, "plain", bare=False)
    await service.publish(SERVICE, "plain", id="for-two", payload=payload("x"))
    ids = [(await client.told("publish"))["item"]["id"] for client in (passing, second)]
    saw("subscribe", "two clients", "both are told", ids == ["for-two", "for-two"])
    heard = asyncio.get_running_loop().create_future()
    reader.add_event_handler("message", lambda message: heard.done() or heard.set_result((message["from"].bare, message["body"])))
    passing.send_message(mto="reader@localhost", mbody="hello & goodbye", mtype="chat")
    saw("message", "to an available client", "delivered, from the true sender", await asyncio.wait_for(heard, TIMEOUT) == ("passing@localhost", "hello & goodbye"))
    saw("ping", "another client, through the server", "answered by it", await passing.plugin["xep_0199"].ping(reader.boundjid.full, timeout=TIMEOUT) > 0)
    resource = passing.boundjid.resource
    await passing.leave()
    again = Client("passing")
    again.requested_jid.resource = resource
    await again.login()
    own = (await again.plugin["xep_0060"].get_subscriptions(SERVICE))["pubsub"]["subscriptions"]
    saw("subscribe", "a full address, and leave", "the subscription ends", list(own) == [])
    await again.leave()
    await second.leave()


async def end(owner, reader):
    await reader.plugin["xep_0060"].subscribe(SERVICE, "plain", bare=False)
    await reader.told("publish")
    await owner.plugin["xep_0060"].delete_node(SERVICE, "plain")
    await reader.told("delete")
    saw("delete", "a node", "the subscriber is told")
    await refused("items", "a node that was deleted", "item-not-found", reader.plugin["xep_0060"].get_items(SERVICE, "plain"))
    saw("all", "at the end", "nothing came that was not waited for", owner.notifications.empty() and reader.notifications.empty())


async def main():
    owner, reader = Client("owner"), Client("reader")
    if sys.argv[2] == "full":
        await owner.login()
        await slixmpp_errors.full(owner)
        await owner.leave()
    else:
        await login()
        if not (await owner.login() and await reader.login()):
            sys.exit("two clients could not log in with a mechanism of their choice")
        for client in (owner, reader):
            client.send_presence()
            saw("roster", f"of {client.boundjid.user}", "empty", len((await client.get_roster(timeout=TIMEOUT))["roster"]["items"]) == 0)
        await discovery(owner)
        await creation(owner)
        await delivery(owner, reader)
        await presence(owner, reader)
        await sessions(owner, reader)
        await slixmpp_errors.errors(owner, reader)
        await end(owner, reader)
        await owner.leave()
        await reader.leave()
    print(f"sent {stanzas['out']} got {stanzas['in']}")
    print("done")


asyncio.run(main())
