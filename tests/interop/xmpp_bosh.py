"""XMPP over BOSH by Python's own http.client and by hand: a login, a held request, a publication (XEP-0124, XEP-0206).

Usage: xmpp_bosh.py PORT. Prints the rows of a table, then "done", and exits 0 if all hold.
"""

import base64
import http.client
import sys
import threading
import xml.etree.ElementTree as ElementTree

TIMEOUT = 20
BODY = "{http://jabber.org/protocol/httpbind}body"


def saw(what, result, holds):
    print(f"http.client\t{what}\t{result if holds else 'NOT ' + result}")
    if not holds:
        sys.exit(1)


class Session:
    def __init__(self):
        self.rid = 1000
        self.sid = None

    def request(self, connection, attributes="", elements=""):
        rid, self.rid = self.rid, self.rid + 1
        sid = f" sid='{self.sid}'" if self.sid else ""
        body = f"<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' rid='{rid}'{sid} {attributes}>{elements}</body>"
        connection.request("POST", "/http-bind", body, {"Content-Type": "text/xml; charset=utf-8"})

    def response(self, connection):
        response = connection.getresponse()
        text = response.read().decode()
        root = ElementTree.fromstring(text)
        if response.status != 200 or root.tag != BODY:
            sys.exit(f"status {response.status}: {text}")
        return root, text

    def ask(self, connection, attributes="", elements=""):
        self.request(connection, attributes, elements)
        return self.response(connection)


def pubsub(number, action):
    return f"<iq xmlns='jabber:client' type='set' id='{number}' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{action}</pubsub></iq>"


first, second = (http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=TIMEOUT) for _ in range(2))
session = Session()
root, text = session.ask(first, "to='localhost' wait='60' hold='1' ver='1.6' xmpp:version='1.0'")
session.sid = root.get("sid")
saw("a session", "a sid, `requests='2'`, features", bool(session.sid) and root.get("requests") == "2" and "<mechanism>PLAIN</mechanism>" in text)
login = base64.b64encode(b"\0somebody\0secret").decode()
_, text = session.ask(first, "", f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{login}</auth>")
saw("SASL PLAIN", "`<success/>`", "<success " in text)
_, text = session.ask(first, "xmpp:restart='true' to='localhost'")
saw("the restart", "features", "urn:ietf:params:xml:ns:xmpp-bind" in text)
_, text = session.ask(first, "", "<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>")
saw("binding", "an address", "<jid>somebody@localhost/r</jid>" in text)
_, text = session.ask(first, "", pubsub(1, "<create node='n'/>") + pubsub(2, "<subscribe node='n' jid='somebody@localhost/r'/>"))
saw("a node and a subscription in one body", "both results in one response", "type='result' id='1'" in text and "subscription='subscribed'" in text)
session.request(first)
held = threading.Timer(0.3, lambda: session.request(second, "", pubsub(3, "<publish node='n'><item><update xmlns='urn:example:update'>&lt;news&gt;</update></item></publish>")))
held.start()
_, text = session.response(first)
saw("a request that is held, then a publication by another", "the held one brings notification and result", "&lt;news&gt;</update>" in text and "id='3'" in text)
held.join()
root, _ = session.ask(first, "type='terminate'")
other, _ = session.response(second)
saw("the end", "both requests are answered with `type='terminate'`", root.get("type") == "terminate" and other.get("type") == "terminate")
root, _ = session.ask(first)
saw("after the end", "`item-not-found`", root.get("condition") == "item-not-found")
print("done")
