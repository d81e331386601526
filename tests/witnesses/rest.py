"""A witness for polling: http.client, with a loop and phases of its own at the interval of the run.

Usage: rest.py PORT TOPICS INTERVAL_SECONDS SEED. Waits for the server and its topics, says `ready NANOSECONDS`, and then
for each poll `TOPIC VERSION DUE INTENDED ARRIVAL`: the stamp in the payload; when the poll was to be sent and when its
response was complete, in nanoseconds of CLOCK_MONOTONIC. Ends when the server does.
"""

import heapq
import http.client
import random
import sys
import time

import listening
import stamp

PORT, TOPICS, INTERVAL, SEED = int(sys.argv[1]), int(sys.argv[2]), round(float(sys.argv[3]) * 1e9), int(sys.argv[4])
HEADERS = {"Pushbench-Witness": "1"}
PATIENCE = 60


def get(connection, topic):
    connection.request("GET", f"/topics/topic-{topic:06}", headers=HEADERS)
    response = connection.getresponse()
    return response.status, response.read().decode("ascii")


def connected():
    """Topics come to be while the run is prepared: asks until all are there."""
    listening.until_listening(PORT, PATIENCE)
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    while any(get(connection, topic)[0] != 200 for topic in range(TOPICS - 1, -1, -1)):
        time.sleep(0.02)
    return connection


def main():
    connection = connected()
    begin = time.monotonic_ns()
    print("ready", begin)
    chance = random.Random(SEED)
    polls = [(begin + chance.randrange(INTERVAL), topic) for topic in range(TOPICS)]
    heapq.heapify(polls)
    seen = []
    try:
        while True:
            intended, topic = polls[0]
            heapq.heapreplace(polls, (intended + INTERVAL, topic))
            wait = intended - time.monotonic_ns()
            if wait > 0:
                time.sleep(wait / 1e9)
            status, payload = get(connection, topic)
            seen.append((status, payload, intended, time.monotonic_ns()))
    except (http.client.HTTPException, ConnectionError):
        # The server has ended, and with it the trial.
        pass
    for status, payload, intended, arrival in seen:
        if status != 200:
            sys.exit(f"status {status}: {payload}")
        print(*stamp.read(payload), intended, arrival)


main()
