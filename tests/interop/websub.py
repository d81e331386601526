"""A WebSub subscriber by hand, with nothing but Python's own library, at our hub.

Usage: websub.py PORT. Prints the rows of a table: what was done, what came, separated by a tab.
"""

import hashlib
import hmac
import http.client
import http.server
import queue
import sys
import threading
import urllib.parse

PORT = int(sys.argv[1])
HUB = f"http://127.0.0.1:{PORT}"
TOPIC = f"{HUB}/topics/python"
SECRET = b"only we know"
calls = queue.Queue()
meant = True


class Callback(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        question = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        if question["hub.mode"] == "denied":
            self.reply(200)
        elif meant:
            self.reply(200, question["hub.challenge"].encode())
        else:
            self.reply(404)
        calls.put(("question", question, b""))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(204)
        calls.put(("callback", dict(self.headers), body))

    def log_message(self, *arguments):
        pass


def saw(what, got, holds):
    if not holds:
        print(f"FAIL {what}: not {got}", file=sys.stderr)
        sys.exit(1)
    print(f"{what}\t{got}", flush=True)


def ask(method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    connection.request(method, path, body)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def main():
    global meant
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ask("PUT", "/topics/python", b"first")
    links = ask("GET", "/topics/python")[1]["Link"]
    saw("look for the hub", "a `Link` to it, and one to the topic itself", 'rel="hub"' in links and 'rel="self"' in links)

    def wish(mode, callback, topic=TOPIC):
        form = {"hub.mode": mode, "hub.topic": topic, "hub.callback": callback, "hub.lease_seconds": "600", "hub.secret": SECRET.decode()}
        return ask("POST", "/hub", urllib.parse.urlencode(form))[0]

    def heard():
        return calls.get(timeout=20)

    here = f"http://127.0.0.1:{server.server_port}/callback?topic=python"
    meant = False
    saw("subscribe", "202", wish("subscribe", here) == 202)
    kind, question, _ = heard()
    saw("not mean it", "a question, and no callback", kind == "question" and question["hub.topic"] == TOPIC)
    ask("PUT", "/topics/python", b"unheard")
    meant = True
    wish("subscribe", here)
    kind, question, _ = heard()
    saw("subscribe, and repeat the challenge", "the lease that was asked for", kind == "question" and question["hub.lease_seconds"] == "600")
    # The hub has read the answer when it has asked the next question.
    wish("subscribe", here)
    heard()
    payload = bytes(range(256))
    ask("PUT", "/topics/python", payload)
    kind, headers, body = heard()
    saw("PUT any bytes", "the same bytes, by `POST`", kind == "callback" and body == payload)
    names = {name.lower(): value for name, value in headers.items()}
    signature = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    saw("check `X-Hub-Signature` with `hmac`", "right", hmac.compare_digest(names["x-hub-signature"], signature))
    saw("read its `Link`", "the topic", f'<{TOPIC}>; rel="self"' in names["link"])
    wish("unsubscribe", here)
    kind, question, _ = heard()
    saw("unsubscribe, and repeat the challenge", "no callback any more", kind == "question" and question["hub.mode"] == "unsubscribe")
    saw("subscribe at another address", "403", wish("subscribe", "http://127.0.0.2:1/") == 403)
    nowhere = f"{HUB}/topics/nowhere"
    saw("subscribe to what does not exist", "404", wish("subscribe", here, nowhere) == 404)
    kind, denial, _ = heard()
    saw("listen at the callback", "`denied`, and why", denial["hub.mode"] == "denied" and denial["hub.topic"] == nowhere and "nowhere" in denial["hub.reason"])


main()
