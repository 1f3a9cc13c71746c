"""An application of a sensor: puts and gets records as it is told over the board's console.

    put temperature 21.5          say that /edge/<peer id>/temperature is 21.5: version, keepers
    get /edge/12D3KooW../wind     what somebody says: version, value
    ping                          each neighbour: ms
    keepers                       neighbours that keep records
    links                         how the cables are doing

Each line is answered by lines that begin as it does, the last one with "end".  Where the cable is
on the console's own port there is no console, and nothing to do here.
"""

from console import obey_lines

from edge.errors import LocalError
from edge.records import names
from edge.records.record import decode

CONSOLE = "/serial/usb"


async def run(sensor) -> None:
    """For as long as the sensor runs."""
    links = [str(link.address) for link in sensor.transport.links()]
    if not [address for address in links if address.startswith(CONSOLE)]:
        await obey_lines(sensor, do)


async def do(sensor, head: str, words: list) -> None:
    verb = words[0]
    if verb == "put" and len(words) > 2:
        value = " ".join(words[2:])
        print(head, *await sensor.put(words[1], value.encode()))
    elif verb == "get":
        value = await sensor.get(names.key_of(words[-1]))
        if value is not None:
            record = decode(value).record
            print(head, record.version, str(record.value)[2:-1])
    elif verb == "ping":
        for connection in sensor.swarm.connections():
            print(head, connection.remote_peer, *await sensor.ping.ping(connection.remote_peer))
    elif verb == "keepers":
        for connection in sensor.keepers():
            print(head, connection.remote_peer)
    elif verb == "links":
        for link in sensor.transport.links():
            print(head, link)
    else:
        raise LocalError("no such command")
