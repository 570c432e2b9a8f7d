"""Drives the SDK's own ARCPClient: a list of actions in the variable SCRIPT, a JSON list of their outcomes on stdout.

A client is named by "as" (default "it"); each action has "do", and an outcome has "error" when it failed.
  connect    url, token, [features]            the welcome
  resume     of, url, token, [lastSeq], [resumeToken]   a new client takes over `of`'s session
  submit     agent, input, [idempotencyKey, traceId, maxRuntimeSec, lease]   job, and what accepted said
  result     [job]                              waits for the end: finalStatus, result
  events     [count]                            events until the end, or `count` of them
  chunks                                        the assembled bytes as base64
  cancel, list, subscribe, unsubscribe, ack     [job], [seq]
  frames     [type]                             raw frames since the last time; with `type` waits for the first such
  send       frame                              a frame past the client's own rules
  drop                                          the socket dies without a word
  close
"job" is the "name" that a submit or subscribe of this script gave, or an id.
"""

import asyncio
import base64
import json
import os
import sys

import structlog

from arcp import ClientInfo, Lease, SessionResume, WebSocketTransport
from arcp.client import ARCPClient

structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
PATIENCE = 15


class Recording:
    """A transport that keeps what it received."""

    def __init__(self, inner):
        self.inner = inner
        self.frames = []
        self.more = asyncio.Condition()

    @property
    def is_closed(self):
        return self.inner.is_closed

    async def send(self, frame):
        await self.inner.send(frame)

    async def recv(self):
        frame = await self.inner.recv()
        async with self.more:
            self.frames.append(frame)
            self.more.notify_all()
        return frame

    async def close(self):
        await self.inner.close()

    async def until(self, type):
        async with self.more:
            await self.more.wait_for(lambda: any(frame["type"] == type for frame in self.frames))
        found, self.frames = self.frames, []
        return found


clients = {}
transports = {}
jobs = {}
ids = {}


async def connect(a, name):
    transport = Recording(await WebSocketTransport.connect(a["url"], **a.get("options", {})))
    features = {"features": tuple(a["features"])} if "features" in a else {}
    client = ARCPClient(client=ClientInfo(name="python-driver", version="1.1.3"), token=a["token"], **features)
    if a["do"] == "resume":
        old = clients[a.get("of", "it")]
        resume = SessionResume(
            session_id=a.get("sessionId", old.session_id),
            resume_token=a.get("resumeToken", old.welcome.resume_token),
            last_event_seq=a.get("lastSeq", old.latest_event_seq),
        )
        welcome = await client.resume(transport, resume=resume)
    else:
        welcome = await client.connect(transport)
    clients[name], transports[name] = client, transport
    return {"welcome": welcome.model_dump(mode="json"), "features": list(client.negotiated_features)}


def known(name, handle):
    jobs[name], ids[name] = handle, handle.job_id


async def act(a):
    do, name = a["do"], a.get("as", "it")
    if do in ("connect", "resume"):
        return await connect(a, name)
    client, job = clients[name], a.get("job", "job")
    job_id = ids.get(job, job)
    if do == "submit":
        handle = await client.submit(
            agent=a["agent"],
            input=a.get("input"),
            lease_request=a.get("lease"),
            idempotency_key=a.get("idempotencyKey"),
            trace_id=a.get("traceId"),
            max_runtime_sec=a.get("maxRuntimeSec"),
        )
        known(a.get("name", "job"), handle)
        return {"job": handle.job_id, "accepted": handle.accepted.model_dump(mode="json")}
    if do == "result":
        end = await jobs[job].done
        return {"finalStatus": end.final_status, "result": end.result, "resultId": end.result_id, "size": end.result_size}
    if do == "events":
        events = []
        if a.get("count") != 0:
            async for event in jobs[job].events():
                events.append(event)
                if len(events) == a.get("count"):
                    break
        return {"events": events}
    if do == "chunks":
        return {"base64": base64.b64encode(await jobs[job].collect_chunks()).decode()}
    if do == "cancel":
        return await client.cancel_job(job_id, reason=a.get("reason", "enough"))
    if do == "list":
        page = await client.list_jobs(limit=a.get("limit"), cursor=a.get("cursor"))
        return page.model_dump(mode="json")
    if do == "subscribe":
        sub = await client.subscribe(job_id, history=a.get("history", False), from_event_seq=a.get("from"))
        known(a.get("name", "job"), sub.handle)
        return {"job": sub.job_id, "replayed": sub.replayed, "subscribedFrom": sub.subscribed_from}
    if do == "unsubscribe":
        return await client.unsubscribe(job_id)
    if do == "ack":
        return await client.ack(a.get("seq", client.latest_event_seq))
    if do == "frames":
        transport = transports[name]
        if "type" in a:
            return {"frames": await transport.until(a["type"])}
        found, transport.frames = transport.frames, []
        return {"frames": found}
    if do == "send":
        return await transports[name].send(a["frame"])
    if do == "drop":
        transports[name].inner._conn.transport.abort()
        await transports[name].inner._conn.wait_closed()
        return {"lastSeq": client.latest_event_seq}
    if do == "close":
        connection = transports[name].inner._conn
        await client.close()
        await connection.wait_closed()
        return {"code": connection.close_code, "reason": connection.close_reason}
    raise ValueError(f"no action {do}")


async def main():
    outcomes = []
    for a in json.loads(os.environ["SCRIPT"]):
        try:
            outcome = await asyncio.wait_for(act(a), a.get("patience", PATIENCE)) or {}
        except asyncio.TimeoutError:
            outcome = {"error": "nothing came", "do": a["do"]}
        except Exception as error:
            outcome = {
                "error": type(error).__name__,
                "code": getattr(error, "code", None),
                "message": str(error),
                "retryable": getattr(error, "retryable", None),
                "do": a["do"],
            }
        outcomes.append(outcome)
    print(json.dumps(outcomes), flush=True)
    os._exit(0)


asyncio.run(main())
