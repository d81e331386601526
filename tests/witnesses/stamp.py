"""The stamp that every payload begins with, read by code that shares nothing with the program that wrote it."""

import re

STAMP = re.compile(r"pushbench (\d+) (\d+) (-?\d+) ")


def read(payload):
    """Topic, version and due time (nanoseconds from the start of the window) of a payload."""
    found = STAMP.match(payload)
    if found is None:
        raise ValueError(f"no stamp in {payload[:64]!r}")
    topic, version, due = found.groups()
    return int(topic), int(version), int(due)
