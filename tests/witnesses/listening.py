"""Whether somebody listens, found out without a connection: one that comes to nothing would be counted as a subscriber's."""

import time

LISTENING = "0A"


def until_listening(port, patience):
    """Waits until somebody listens on a port of this machine (proc(5), /proc/net/tcp)."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with open("/proc/net/tcp") as table:
            rows = [line.split() for line in table][1:]
        if any(row[3] == LISTENING and int(row[1].split(":")[1], 16) == port for row in rows):
            return
        time.sleep(0.02)
    raise SystemExit(f"nobody listens on port {port}")
