"""A sensor that sends back what it is sent, and obeys its console besides, if it has one."""

from readings import run as obey

ECHO = "/test/echo/1.0.0"


async def run(sensor) -> None:
    sensor.swarm.set_stream_handler(ECHO, echo)
    await obey(sensor)


async def echo(stream) -> None:
    data = await stream.read()
    while data:
        await stream.write(data)
        data = await stream.read()
