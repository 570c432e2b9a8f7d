"""The SDK's own ARCPRuntime on a free port, as the peer for clients and as the upstream of the gateway.

Configuration: one JSON object in the variable PEER.
  tokens       token -> principal: StaticBearerVerifier
  jwt          {secret, issuer, audience}: JWTVerifier (HS256) instead
  heartbeat    seconds between its pings (30), null for none
  resume       seconds that a dropped session can be resumed (600)
  features     instead of all that it has
  quiet        true: tells nothing but its port and logs nothing, for measurements

It prints one JSON object a line: {"listening": port}, then what it sees: {"connection": n, "header": {...}},
{"connection": n, "in": frame}, {"connection": n, "principal": "..."}. So a test knows every byte that reached it,
and which verifier's word it was.
"""

import asyncio
import json
import logging
import os
import sys

import structlog

from arcp import Capabilities, RuntimeInfo
from arcp._errors import InvalidRequestError
from arcp._transport.websocket import WebSocketTransport
from arcp.runtime import ARCPRuntime, JWTVerifier, StaticBearerVerifier
from websockets.asyncio.server import serve

config = json.loads(os.environ.get("PEER", "{}"))
logging.basicConfig(stream=sys.stderr, level=logging.CRITICAL)
structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
quiet = config.get("quiet", False)
if quiet:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def say(**what):
    print(json.dumps(what), flush=True)


async def echo(value, ctx):
    return value


async def count(value, ctx):
    to = value["to"]
    for n in range(1, to + 1):
        await asyncio.sleep(value.get("delayMs", 0) / 1000)
        await ctx.progress(n, total=to)
    return to


async def stream(value, ctx):
    """Chunks: the texts of `text`, or with `bytes` as many numbered bytes, in pieces of `size`."""
    async with ctx.stream_result() as out:
        if "bytes" in value:
            data = bytes(n % 256 for n in range(value["bytes"]))
            for at in range(0, len(data), value["size"]):
                await out.write(data[at : at + value["size"]])
        for text in value.get("text", []):
            await out.write(text)
        await out.close(summary=value.get("summary"))


async def fail(value, ctx):
    if value and value.get("code") == "INVALID_REQUEST":
        raise InvalidRequestError("the agent refuses this")
    raise RuntimeError("it broke")


async def slow(value, ctx):
    """Runs until it is cancelled; with `ticks` it makes progress every so many milliseconds."""
    await ctx.status("waiting")
    n = 0
    while True:
        await asyncio.sleep((value or {}).get("ticks", 3_600_000) / 1000)
        n += 1
        await ctx.progress(n)


gates = {}


async def gated(value, ctx):
    """Makes `before` steps, waits until another job opens the gate `name` with `open`, makes `after` more."""
    gate = gates.setdefault(value["name"], asyncio.Event())
    if value.get("open"):
        gate.set()
        return "opened"
    for n in range(value["before"]):
        await ctx.progress(n + 1)
    await gate.wait()
    for n in range(value["after"]):
        await ctx.progress(value["before"] + n + 1)
    return value["before"] + value["after"]


async def kinds(value, ctx):
    """One event of every kind."""
    await ctx.log("info", "a log line", {"n": 1})
    await ctx.thought("a thought")
    await ctx.status("working", "a status")
    await ctx.metric({"name": "cost.inference", "value": 0.25, "unit": "USD"})
    await ctx.tool_call({"tool_call_id": "t1", "name": "grep", "arguments": {"q": "x"}})
    await ctx.tool_result({"tool_call_id": "t1", "output": {"hits": 2}})
    await ctx.progress(1, total=2, units="files", message="half")
    for kind, body in [
        ("artifact_ref", {"uri": "https://files.example/a", "content_type": "text/plain", "byte_size": 3}),
        ("delegate", {"delegate_id": "del_1", "agent": "echo", "input": {}}),
        ("x-vendor.acme.mood", {"mood": "good"}),
    ]:
        await ctx.job.emit_event(kind, body)
    return "done"


AGENTS = {"echo": echo, "count": count, "stream": stream, "fail": fail, "slow": slow, "gated": gated, "kinds": kinds}


class Telling:
    """A verifier that also tells the test whom it saw."""

    def __init__(self, verifier):
        self.verifier = verifier

    async def verify(self, token):
        identity = await self.verifier.verify(token)
        say(principal=identity.principal)
        return identity


class Recording(WebSocketTransport):
    def __init__(self, connection, number):
        super().__init__(connection)
        self.number = number

    async def recv(self):
        frame = await super().recv()
        say(connection=self.number, **{"in": frame})
        return frame


async def main():
    jwt = config.get("jwt")
    verifier = JWTVerifier(**jwt) if jwt else StaticBearerVerifier(config.get("tokens", {}))
    options = {name: config[key] for key, name in (("heartbeat", "heartbeat_interval_sec"), ("resume", "resume_window_sec")) if key in config}
    if "features" in config:
        options["capabilities"] = Capabilities(features=tuple(config["features"]))
    bearer = verifier if quiet else Telling(verifier)
    runtime = ARCPRuntime(runtime=RuntimeInfo(name="python-peer", version="1.1.3"), bearer=bearer, **options)
    for name, agent in AGENTS.items():
        runtime.register_agent(name, agent)
    runtime.register_agent_version("versioned", "1.0.0", echo)
    runtime.register_agent_version("versioned", "2.0.0", echo)
    runtime.set_default_agent_version("versioned", "2.0.0")
    connections = 0

    async def accept(connection):
        nonlocal connections
        if quiet:
            return await runtime.accept(WebSocketTransport(connection))
        connections += 1
        number = connections
        say(connection=number, path=connection.request.path, header=dict(connection.request.headers.raw_items()))
        if connection.request.path != "/arcp":
            await connection.close(1008, "path not allowed")
            return
        transport = Recording(connection, number)
        try:
            await runtime.accept(transport)
        finally:
            await transport.close()
            await connection.wait_closed()
            say(connection=number, closed=connection.close_code)

    async with serve(accept, host="127.0.0.1", port=config.get("port", 0)) as server:
        say(listening=server.sockets[0].getsockname()[1])
        await server.serve_forever()


asyncio.run(main())
