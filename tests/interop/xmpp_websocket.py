"""XMPP over WebSockets by the library `websockets` and by hand: a login, a subscription, a publication (RFC 7395).

Usage: xmpp_websocket.py PORT. Prints the rows of a table, then "done", and exits 0 if all hold.
"""

import asyncio
import base64
import sys

import websockets

URL = f"ws://127.0.0.1:{sys.argv[1]}/xmpp-websocket"
TIMEOUT = 20
OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>"
CLOSE = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"


def saw(what, result, holds):
    print(f"websockets {websockets.__version__}\t{what}\t{result if holds else 'NOT ' + result}")
    if not holds:
        sys.exit(1)


def pubsub(number, action):
    return f"<iq xmlns='jabber:client' type='set' id='{number}' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{action}</pubsub></iq>"


async def main():
    try:
        await websockets.connect(URL)
        saw("no subprotocol", "status 400", False)
    except websockets.exceptions.InvalidStatus as refused:
        saw("no subprotocol", "status 400", refused.response.status_code == 400)
    async with websockets.connect(URL, subprotocols=["xmpp"]) as socket:
        saw("the upgrade", "the subprotocol `xmpp`", socket.subprotocol == "xmpp")

        async def ask(text, answers=1):
            await socket.send(text)
            return [await asyncio.wait_for(socket.recv(), TIMEOUT) for _ in range(answers)]

        header, features = await ask(OPEN, 2)
        saw("`<open/>`", "`<open/>` and features", header.startswith("<open ") and "<mechanism>PLAIN</mechanism>" in features)
        login = base64.b64encode(b"\0somebody\0secret").decode()
        [success] = await ask(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{login}</auth>")
        saw("SASL PLAIN", "`<success/>`", success.startswith("<success "))
        await ask(OPEN, 2)
        [bound] = await ask("<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>")
        saw("binding", "an address", "<jid>somebody@localhost/r</jid>" in bound)
        [created] = await ask(pubsub(1, "<create node='n'/>"))
        [subscribed] = await ask(pubsub(2, "<subscribe node='n' jid='somebody@localhost/r'/>"))
        saw("a node and a subscription", "their results", "type='result' id='1'" in created and "subscription='subscribed'" in subscribed)
        told, result = await ask(pubsub(3, "<publish node='n'><item id='i'><update xmlns='urn:example:update'>&lt;news&gt;</update></item></publish>"), 2)
        saw("a publication", "a notification in a message of its own, and a result", "&lt;news&gt;</update>" in told and told.startswith("<message ") and "type='result' id='3'" in result)
        waiting = await socket.ping()
        saw("a ping", "a pong", await asyncio.wait_for(waiting, TIMEOUT) >= 0)
        [closed] = await ask(CLOSE)
        await asyncio.wait_for(socket.wait_closed(), TIMEOUT)
        saw("`<close/>`", "`<close/>`, then code 1000", closed == CLOSE and socket.close_code == 1000)


asyncio.run(main())
print("done")
