"""The ARC SDK's own servers, as peers for clients: python arc_server.py PORT open|guarded|router|asserted

open: ARCServer with its authentication off. guarded: with a validator of ours. router: ARCRouter, which has none.
asserted: with the ARCP SDK's JWTVerifier, told by ASSERTED (JSON) what to take.
"""

import asyncio
import json
import os
import sys

import uvicorn
from fastapi import FastAPI

import arc
from arc.core.streaming import create_chat_stream_generator
from arc.exceptions import TaskNotFoundError, TokenExpiredError
from arc.fastapi import ARCRouter
from arc.server.sse import SSEResponse, create_chat_stream, create_sse_response

NOW = "2026-01-01T00:00:00Z"
executions = []


def texts(parts):
    return "".join(part["content"] for part in parts)


async def task_create(params, context):
    executions.append(context["request_id"])
    message = {"role": "agent", "parts": params["initialMessage"]["parts"]}
    status = {"executions": len(executions), "token": context["auth"].get("token") if "auth" in context else None}
    return {"type": "task", "task": {"taskId": "t1", "status": "COMPLETED", "createdAt": NOW, "messages": [message], "metadata": status}}


async def task_info(params, context):
    raise TaskNotFoundError(params["taskId"])


async def task_done(params, context):
    return {"success": True, "message": json.dumps(params, sort_keys=True)}


async def task_broken(params, context):
    raise RuntimeError("not to be seen")


async def words(text):
    for word in text.split():
        await asyncio.sleep(0.01)
        yield word


async def parts(text, fail=False):
    async for word in words(text):
        yield {"role": "agent", "parts": [{"type": "TextPart", "content": word}]}
    if fail:
        raise RuntimeError("it broke")


async def chat_start(params, context):
    text = texts(params["initialMessage"]["parts"])
    if not params.get("stream"):
        message = {"role": "agent", "parts": [{"type": "TextPart", "content": text}]}
        return {"type": "chat", "chat": {"chatId": "c1", "status": "ACTIVE", "message": message}}
    how = (params.get("metadata") or {}).get("how")
    if how == "no-done":
        return create_chat_stream("c1", parts(text))
    if how == "fails":
        return create_chat_stream("c1", parts(text, fail=True))
    if how == "generator-fails":

        async def failing():
            async for word in words(text):
                yield word
            raise RuntimeError("it broke")

        return create_sse_response(create_chat_stream_generator("c1", failing()))
    if how == "for-ever":

        async def ticks():
            while True:
                await asyncio.sleep(0.02)
                yield {"event": "stream", "data": {"chatId": "c1", "message": {"role": "agent", "parts": []}}}

        return SSEResponse(ticks())
    return create_sse_response(create_chat_stream_generator("c1", words(text), context["request_id"]))


HANDLERS = {
    "task.create": task_create,
    "task.info": task_info,
    "task.send": task_done,
    "task.cancel": task_broken,
    "task.subscribe": task_done,
    "task.notification": task_done,
    "chat.start": chat_start,
    "chat.message": task_done,
    "chat.end": task_done,
}


class Validator:
    """Takes "fresh…" tokens, with all scopes unless the token says "poor"; calls "old…" ones expired."""

    async def validate_token(self, token):
        if token.startswith("old"):
            raise TokenExpiredError("Token expired: Signature has expired")
        if not token.startswith("fresh"):
            raise ValueError("Invalid signature")
        return {"sub": "me", "scope": "arc.task.controller arc.agent.caller"}


class Asserted:
    """The ARCP SDK's own verifier, where the ARC SDK asks for one."""

    def __init__(self):
        from arcp.runtime import JWTVerifier

        self.verifier = JWTVerifier(**json.loads(os.environ["ASSERTED"]))

    async def validate_token(self, token):
        identity = await self.verifier.verify(token)
        return {"sub": identity.principal, "scope": " ".join(identity.scopes)}


def make(mode):
    if mode == "router":
        app = FastAPI()
        router = ARCRouter()
        for method, handler in HANDLERS.items():
            router.agent_handler("echo", method)(handler)
        app.include_router(router, prefix="/arc")

        @app.get("/health")
        async def health():
            return {"status": "ok"}

        return app
    server = arc.Server(server_id="peer")
    for method, handler in HANDLERS.items():
        server.agent_handler("echo", method)(handler)
    if mode == "guarded":
        server.use_jwt_validator(Validator())
    if mode == "asserted":
        server.use_jwt_validator(Asserted())
    return server.app


if __name__ == "__main__":
    uvicorn.run(make(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
