"""Python's own HTTP clients against our HTTP server.

Usage: http_client.py PORT. Prints the rows of a table: what was done, what came, separated by a tab.
"""

import http.client
import sys
import urllib.error
import urllib.request

PORT = int(sys.argv[1])


def saw(what, got, holds):
    if not holds:
        print(f"FAIL {what}: not {got}", file=sys.stderr)
        sys.exit(1)
    print(f"{what}\t{got}", flush=True)


def answer(connection, method, path, body=None, headers={}, **more):
    connection.request(method, path, body, headers, **more)
    response = connection.getresponse()
    return response.status, response.read(), response.headers


def main():
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    status, _, headers = answer(connection, "PUT", "/topics/python", b"one")
    saw("`http.client`: PUT, then GET, on one connection", "201, 200", status == 201 and answer(connection, "GET", "/topics/python")[:2] == (200, b"one"))
    socket = connection.sock
    tag = headers["ETag"]
    status, body, headers = answer(connection, "GET", "/topics/python", headers={"If-None-Match": tag})
    saw("GET with `If-None-Match`", "304, no body, the same `ETag`", (status, body, headers["ETag"]) == (304, b"", tag))
    modified = answer(connection, "HEAD", "/topics/python")[2]["Last-Modified"]
    saw("HEAD, then GET with its `Last-Modified`", "304", answer(connection, "GET", "/topics/python", headers={"If-Modified-Since": modified})[0] == 304)
    saw("all of that", "one connection", connection.sock is socket)
    pieces = (letter * 1000 for letter in (b"a", b"b", b"c"))
    status = answer(connection, "PUT", "/topics/python", pieces, {"Transfer-Encoding": "chunked"}, encode_chunked=True)[0]
    length = len(answer(connection, "GET", "/topics/python")[1])
    second = connection.sock
    saw("PUT in chunks", "204, and all of it is there", status == 204 and length == 3000)
    statuses = {answer(connection, "GET", "/topics/python")[0] for _ in range(200)}
    saw("200 GETs in a row", "200 × 200", statuses == {200})
    saw("all of that", "one more connection: ours ends each behind a body in chunks", connection.sock is second)
    connection.close()

    url = f"http://127.0.0.1:{PORT}/topics/python"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, b"x" * 10, method="PUT"), timeout=20) as response:
        tag = response.headers["ETag"]
        saw("`urllib`: PUT", "204", response.status == 204)
    with opener.open(url, timeout=20) as response:
        saw("GET, connection closed after it", "200", (response.status, response.read()) == (200, b"x" * 10))
    try:
        opener.open(urllib.request.Request(url, headers={"If-None-Match": tag}), timeout=20)
        saw("GET with `If-None-Match`", "304", False)
    except urllib.error.HTTPError as error:
        saw("GET with `If-None-Match`", "304", error.code == 304)


main()
