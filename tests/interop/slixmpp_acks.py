"""slixmpp with its stream management (XEP-0198) against our XMPP server: both ends ask, both ends acknowledge.

Usage: slixmpp_acks.py PORT plaintext, with a server that has `acks=on`. Prints the rows of a table, how many stanzas it sent and got, then "done".
"""

import asyncio

from slixmpp_client import SERVICE, TIMEOUT, Client, payload, saw, stanzas


async def main():
    client = Client("acknowledged")
    client.register_plugin("xep_0198", {"allow_resume": False})
    enabled = asyncio.get_running_loop().create_future()
    acked = asyncio.Queue()
    asked = asyncio.Queue()
    client.add_event_handler("sm_enabled", enabled.set_result)
    client.add_event_handler("stanza_acked", acked.put_nowait)
    management = client.plugin["xep_0198"]
    answer = management.send_ack
    management.send_ack = lambda: (asked.put_nowait(management.handled), answer())
    saw("acknowledgements", "login with stream management", "`<enabled/>`", await client.login() and await asyncio.wait_for(enabled, TIMEOUT) is not None)
    service = client.plugin["xep_0060"]
    await service.create_node(SERVICE, "acked")
    await service.subscribe(SERVICE, "acked", bare=False)
    for number in range(20):
        await service.publish(SERVICE, "acked", payload=payload(str(number)))
        await client.told("publish")
    # slixmpp asks just before it sends the fifth one.
    sent = [await asyncio.wait_for(acked.get(), TIMEOUT) for _ in range(19)]
    saw("acknowledgements", "22 requests, asking before every fifth", "19 of them acknowledged by then", len(sent) == 19)
    handled = [await asyncio.wait_for(asked.get(), TIMEOUT) for _ in range(4)]
    saw("acknowledgements", "42 stanzas come, the server asks behind every tenth", "asked four times", handled == sorted(handled) and handled[0] >= 10)
    await client.leave()


asyncio.run(main())
print(f"sent {stanzas['out']} got {stanzas['in']}")
print("done")
