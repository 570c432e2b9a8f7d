// The sockets of a connection that is being closed: whoever doesn't answer is cut off in time, and nobody who does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Answers, Line, SILENT_ANSWER_MS } from "../../pkg/arcp/gate/socket.js";
import { randomHalves } from "../../pkg/platform/random.js";

const answerMs = 5000;

function fakeSocket() {
  return {
    closes: [],
    close(code, reason) {
      this.closes.push([code, reason]);
    },
    answers() {
      this.onclose({ code: 1000 });
    },
  };
}

function connection(names) {
  const log = [];
  const owner = { received() {}, closed() {}, gone: (line) => log.push(`gone ${line.socket.name}`) };
  const answers = new Answers();
  const lines = names.map((name) => {
    const socket = Object.assign(fakeSocket(), { name });
    return new Line(socket, owner, answers, () => log.push(`cut ${name}`));
  });
  return { log, lines };
}

const close = { code: 1000, reason: "closed" };

test("each line that doesn't answer a close is cut off when its own time is over, whichever came first", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { log, lines } = connection(["upstream", "client"]);
  const [upstream, client] = lines;
  upstream.close(close);
  client.close(close, SILENT_ANSWER_MS);
  t.mock.timers.tick(SILENT_ANSWER_MS - 1);
  assert.deepEqual(log, []);
  t.mock.timers.tick(2);
  assert.deepEqual(log, ["gone client", "cut client"]);
  t.mock.timers.tick(answerMs);
  assert.deepEqual(log.slice(2), ["gone upstream", "cut upstream"]);
  t.mock.timers.tick(answerMs);
  assert.equal(log.length, 4);
});

test("a line that answers is not cut off, and the other one still is", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { log, lines } = connection(["upstream", "client"]);
  for (const line of lines) line.close(close);
  lines[1].socket.answers();
  assert.deepEqual(log, ["gone client"]);
  t.mock.timers.tick(answerMs + 1);
  assert.deepEqual(log, ["gone client", "gone upstream", "cut upstream"]);
});

test("when all have answered, no timer is left", (t) => {
  let running = 0;
  t.mock.method(globalThis, "setTimeout", () => {
    running += 1;
    return running;
  });
  t.mock.method(globalThis, "clearTimeout", (timer) => {
    if (timer !== undefined) running -= 1;
  });
  const { lines } = connection(["upstream", "client"]);
  for (const line of lines) line.close(close);
  assert.equal(running, 1);
  for (const { socket } of lines) socket.answers();
  assert.equal(running, 0);
});

test("no number of a seed is given twice", () => {
  const seeds = Array.from({ length: 1000 }, () => randomHalves().join());
  assert.equal(new Set(seeds).size, seeds.length);
});
