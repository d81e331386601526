"""The library `websockets` against our WebSocket server.

Usage: websockets_client.py PORT. Prints the rows of a table: what was done, what came, separated by a tab; then what it sent and got.
"""

import base64
import json
import struct
import sys

from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

URL = f"ws://127.0.0.1:{sys.argv[1]}/updates"


def saw(what, got, holds):
    if not holds:
        print(f"FAIL {what}: not {got}", file=sys.stderr)
        sys.exit(1)
    print(f"{what}\t{got}", flush=True)


def opened(**more):
    return connect(URL, open_timeout=20, close_timeout=20, proxy=None, max_size=1 << 22, **more)


def said(socket):
    return json.loads(socket.recv(timeout=20))


def name(text):
    return struct.pack("!H", len(text)) + text.encode()


def in_json():
    with opened(compression=None) as writer, opened(compression=None) as reader:
        saw("open, asking for no subprotocol and no compression", "neither", (writer.subprotocol, writer.response.headers.get("Sec-WebSocket-Extensions")) == (None, None))
        writer.send('{"publish":"news","id":1,"payload":"old"}')
        saw("publish", "an acknowledgement", said(writer) == {"acknowledged": 1})
        reader.send('{"subscribe":["news","later"]}')
        saw("subscribe to two topics, one of them new", "the value that there is, then the confirmation", [said(reader), said(reader)] == [{"topic": "news", "payload": "old"}, {"subscribed": 2}])
        awkward = "\0 \"quotes\" \\ \u2028 \U0001F4E8\r\n"
        writer.send(json.dumps({"publish": "later", "id": 2, "payload": awkward}))
        saw("publish text that JSON must escape", "the same text", said(reader) == {"topic": "later", "payload": awkward} and said(writer) == {"acknowledged": 2})
        writer.send(json.dumps({"publish": "news", "id": 3, "base64": base64.b64encode(bytes(range(256))).decode()}))
        saw("publish bytes that are no text", "the same bytes in base64", base64.b64decode(said(reader)["base64"]) == bytes(range(256)) and said(writer) == {"acknowledged": 3})
        writer.send(['{"publish":"news",', '"id":4,"payload":"in ', 'pieces"}'])
        saw("publish in three fragments", "one message", said(reader) == {"topic": "news", "payload": "in pieces"} and said(writer) == {"acknowledged": 4})
        saw("ping", "a pong with the same payload", writer.ping(b"there?").wait(20))
        writer.send(json.dumps({"publish": "news", "id": 5, "payload": "x" * (1 << 20)}))
        saw("publish 1 MiB", "all of it", len(said(reader)["payload"]) == 1 << 20 and said(writer) == {"acknowledged": 5})
        writer.send(json.dumps({"publish": "news", "id": 6, "payload": "x" * ((1 << 20) + 1)}))
        answer = said(writer)
        saw("publish a byte more than the limit", "a refusal, and the connection goes on", answer["id"] == 6 and "refused" in answer and writer.ping().wait(20))
        for number in range(1000):
            writer.send(json.dumps({"publish": "news", "id": 10 + number, "payload": str(number)}))
        saw("1,000 publications at once", "all of them, in order", [said(reader)["payload"] for _ in range(1000)] == [str(number) for number in range(1000)])
        saw("their acknowledgements", "all of them, in order", [said(writer)["acknowledged"] for _ in range(1000)] == list(range(10, 1010)))
    saw("close", "1000 from both", (writer.close_code, reader.close_code) == (1000, 1000))


def in_bytes():
    with opened(compression=None, subprotocols=["something.else", "pushbench.binary"]) as socket:
        saw("open with `pushbench.binary`", "that", socket.subprotocol == "pushbench.binary")
        socket.send(b"\x01" + name("bytes"))
        saw("subscribe in bytes", "the confirmation", socket.recv(timeout=20) == b"\x82\0\0\0\x01")
        payload = bytes(range(256))
        socket.send(b"\x02" + struct.pack("!I", 7) + name("bytes") + payload)
        saw("publish any bytes", "the same bytes, then the acknowledgement", [socket.recv(timeout=20), socket.recv(timeout=20)] == [b"\x81" + name("bytes") + payload, b"\x83\0\0\0\x07"])
        socket.send("text")
        try:
            socket.recv(timeout=20)
            code = None
        except ConnectionClosedError as error:
            code = error.rcvd.code
        saw("text where bytes were agreed on", "1003", code == 1003)


def compressed():
    for window, answer in (15, "no window of its own"), (12, "a window of 2^12 bytes, as asked for"):
        extension = ClientPerMessageDeflateFactory(server_max_window_bits=window, client_max_window_bits=12)
        with opened(compression=None, extensions=[extension]) as socket:
            agreed = socket.response.headers.get("Sec-WebSocket-Extensions") or ""
            saw(f"open with permessage-deflate, server_max_window_bits={window}", "agreed, without context takeover", "server_no_context_takeover; client_no_context_takeover" in agreed)
            socket.send('{"subscribe":["deflate"]}')
            while "subscribed" not in said(socket):
                pass
            payload = "<entry>and so on</entry>" * 2000
            for number in 1, 2:
                socket.send(json.dumps({"publish": "deflate", "id": number, "payload": payload}))
                got = [said(socket), said(socket)]
                assert got == [{"topic": "deflate", "payload": payload}, {"acknowledged": number}], got
            saw(f"publish 48 kB twice, compressed ({answer})", "the same", True)


def refused():
    for what, url, more, status in (
        ("open another path", URL.replace("updates", "other"), {}, 404),
    ):
        try:
            connect(url, open_timeout=20, proxy=None, **more)
            got = 101
        except InvalidStatus as error:
            got = error.response.status_code
        saw(what, str(status), got == status)


in_json()
in_bytes()
compressed()
refused()
print("done")
