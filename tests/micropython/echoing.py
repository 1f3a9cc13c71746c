"""A sensor that sends back what it is sent, and obeys its console besides."""

from console import obey_lines
from readings import do

ECHO = "/test/echo/1.0.0"


async def run(sensor) -> None:
    sensor.swarm.set_stream_handler(ECHO, echo)
    await obey_lines(sensor, do)


async def echo(stream) -> None:
    data = await stream.read()
    while data:
        await stream.write(data)
        data = await stream.read()
