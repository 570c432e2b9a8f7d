"""The ARC SDK's own client against a gate: what its user gets, and what was on the wire.

Reads a list of calls from the variable CALLS, and prints one JSON list of outcomes.
"""

import asyncio
import json
import os

import arc


def text(content):
    return {"role": "user", "parts": [{"type": "TextPart", "content": content}]}


async def one(call):
    client = arc.Client(call["endpoint"], token=call.get("token"), request_agent="python", use_quantum_safe=False)
    wire = []

    async def keep(response):
        if "event-stream" not in response.headers.get("content-type", ""):
            await response.aread()
        wire.append(response)

    client.http_client.event_hooks["response"] = [keep]
    outcome = {}
    try:
        method = call.get("method", "task.create")
        agent = call.get("agent", "echo")
        if method == "task.create":
            answer = await client.task.create(agent, text(call["text"]), trace_id="trace-py")
        elif method == "task.info":
            answer = await client.task.info(agent, "task-none")
        else:
            answer = await client.chat.start(agent, text(call["text"]), stream=call.get("stream", False))
        if hasattr(answer, "__aiter__"):
            answer = [event async for event in answer]
        outcome["answer"] = answer
    except Exception as error:
        outcome["error"] = type(error).__name__
        outcome["message"] = str(error)
    finally:
        await client.close()
    if wire:
        outcome["status"] = wire[0].status_code
        outcome["challenge"] = wire[0].headers.get("www-authenticate")
        outcome["type"] = wire[0].headers.get("content-type")
        if "json" in outcome["type"]:
            outcome["body"] = wire[0].json()
    return outcome


async def main():
    calls = json.loads(os.environ["CALLS"])
    print(json.dumps([await one(call) for call in calls]))


asyncio.run(main())
