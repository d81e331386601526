"""Reads the shared resources of changes with nothing of ours: the feed of the Simple Update Protocol, and bitmaps of a window.

Usage: changes.py KIND PORT, where KIND is feed, roaring or gzip. Prints the rows of a table: what was done, what came, separated by a tab.
Needs pyroaring for roaring, else Python's own library alone.
"""

import gzip
import http.client
import json
import sys
import time

KIND, PORT = sys.argv[1], int(sys.argv[2])
OUTSIDE = 1000
connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)


def ask(method, path, body=None, **fields):
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in fields.items()})
    answer = connection.getresponse()
    return answer, answer.read()


def put(topic, payload):
    answer, _ = ask("PUT", f"/topics/{topic}", payload)
    assert answer.status in (201, 204), answer.status


def row(what, came):
    print(f"{what}\t{came}")


def feed():
    put("mine", b"first")
    topic, _ = ask("GET", "/topics/mine")
    name = topic.getheader("X-SUP-ID").rpartition("#")[2]
    assert name
    row("GET of a topic", "its id, in `X-SUP-ID`")

    def read():
        answer, body = ask("GET", "/changes", Accept_Encoding="gzip")
        assert answer.status == 200 and answer.getheader("Content-Encoding") == "gzip"
        return answer, json.loads(gzip.decompress(body))

    answer, document = read()
    assert sorted(document) == ["available_periods", "period", "since_time", "updated_time", "updates"], document
    assert all(len(pair) == 2 for pair in document["updates"])
    assert name not in [pair[0] for pair in document["updates"]], "a new topic is no change"
    row("GET of the feed, unpacked by `gzip` and read by `json`", "the five members of the protocol")
    same, _ = ask("GET", "/changes", Accept_Encoding="gzip", If_None_Match=answer.getheader("ETag"))
    assert same.status in (200, 304), same.status
    assert answer.getheader("Cache-Control").startswith("public, max-age=")
    put("mine", b"second")
    deadline = time.monotonic() + 20
    while True:
        _, document = read()
        if name in [pair[0] for pair in document["updates"]]:
            break
        assert time.monotonic() < deadline, document
        time.sleep(0.05)
    row("PUT of the topic, then GET of the feed", "its id, and an update id")
    longest = max(document["available_periods"].items(), key=lambda pair: int(pair[0]))
    answer, body = ask("GET", longest[1])
    assert answer.status == 200 and json.loads(body)["period"] == int(longest[0])
    row("GET of the longest of `available_periods`", "a document of that period")


def bitmap():
    put("mine", b"first")
    topic, _ = ask("GET", "/topics/mine")
    position = int(topic.getheader("X-Bitmap-Position"))
    row("GET of a topic", "its bit, in `X-Bitmap-Position`")

    def directory():
        answer, body = ask("GET", "/windows")
        assert answer.status == 200
        return json.loads(body)

    before = directory()
    assert before["encoding"] == KIND and before["bits"] >= OUTSIDE + 1, before
    put("mine", b"second")
    first = before["open"]
    last = directory()["open"]
    seen = []
    for number in range(first, last + 1):
        deadline = time.monotonic() + 20
        while True:
            answer, body = ask("GET", f"/windows/{number}", Accept_Encoding="gzip")
            if answer.status == 200:
                break
            assert answer.status == 404 and time.monotonic() < deadline, answer.status
            time.sleep(0.05)
        assert "immutable" in answer.getheader("Cache-Control")
        if KIND == "roaring":
            from pyroaring import BitMap

            seen.append(position in BitMap.deserialize(body))
        else:
            assert answer.getheader("Content-Encoding") == "gzip"
            bits = gzip.decompress(body)
            seen.append(bool(bits[position // 8] >> position % 8 & 1))
        same, _ = ask("GET", f"/windows/{number}", Accept_Encoding="gzip", If_None_Match=answer.getheader("ETag"))
        assert same.status == 304, same.status
    assert sum(seen) == 1, seen
    row("PUT of the topic, then GET of the window, once it is closed", "200, immutable; again with its tag: 304")
    row("read it with `pyroaring`" if KIND == "roaring" else "unpack it with `gzip`", "its bit is set, in one window alone")
    later, _ = ask("GET", f"/windows/{last + 1000}")
    assert later.status == 404
    row("GET of a window to come", "404")


feed() if KIND == "feed" else bitmap()
