// The Worker that a stranger attacks at GET /arcp, and what such a stranger gets.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { features, rawSocket, session } from "./arcp.mjs";
import { startWrangler } from "./worker.mjs";

const tokens = { "tok-alice": "alice", "tok-bob": "bob" };
export const secret = "tok-alice";
export let worker;
export let url;

before(async () => {
  worker = await startWrangler({
    STATIC_TOKENS: tokens,
    ALLOWED_HOSTS: "127.0.0.1",
    ALLOWED_ORIGINS: "https://app.example",
  });
  url = `${worker.url.replace("http", "ws")}/arcp`;
});

after(() => worker?.close());

export const kinds = ["INVALID_REQUEST", "UNAUTHENTICATED"];

/** What comes after these frames: at most one `session.error`, then the close. */
export async function refused(frames, options) {
  const socket = await rawSocket(url, options);
  assert.ok(socket.open, "the upgrade succeeded");
  for (const each of frames) socket.send(each);
  const end = await socket.toEnd();
  assert.ok(end.frames.length <= 1, JSON.stringify(end.frames));
  const [error] = end.frames;
  if (error) {
    assert.equal(error.type, "session.error");
    assert.equal(error.arcp, "1.1");
    assert.match(error.id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
    assert.match(error.session_id, /^sess_/, "a throwaway session id: the TS client drops the frame without one");
    assert.deepEqual(Object.keys(error.payload).sort(), ["code", "message", "retryable"]);
    assert.doesNotMatch(JSON.stringify(error), /tok-/, "it cites nothing");
  }
  return { code: error?.payload.code, message: error?.payload.message, close: end.code, reason: end.reason };
}

/** The last of a file's attacks: the Worker still lets the right ones in. */
export function testThatItSurvived() {
  test("the Worker has survived all of this, and its log holds no token", async () => {
    const socket = await session(url, secret, { hello: { capabilities: { encodings: ["json"], features } } });
    socket.say("job.submit", { agent: "echo", input: { fine: true } });
    assert.deepEqual((await socket.until("job.result")).payload.result, { fine: true });
    await socket.close();
    for (const line of worker.log) assert.doesNotMatch(line, /tok-(alice|bob|eve)|rt_|rtk_/);
  });
}
