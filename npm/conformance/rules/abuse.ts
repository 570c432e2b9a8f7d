// What no well-meaning client sends, and RFC 6455: a runtime stands it, and others notice nothing.

import type { Connection } from "../connection.js";
import type { Context } from "../context.js";
import { envelope, type Json } from "../messages.js";
import type { TriedRule } from "../rule.js";
import { Unmet } from "../verdict.js";
import { CONTINUATION, PING, TEXT } from "../websocket/frames.js";

const bytes = (text: string) => new TextEncoder().encode(text);

function helloText(context: Context, changes: Json = {}): string {
  return JSON.stringify(envelope("session.hello", context.helloPayload(), changes));
}

/** The runtime still works for others: the proof after each abuse. */
async function stillThere(context: Context, what: string): Promise<void> {
  const session = await context.session().catch((error) => {
    throw new Unmet(`after ${what} nobody is welcomed: ${(error as Error).message}`);
  });
  const { id } = await session.start({ agent: context.target.agent, input: "still there" });
  await session.end(id);
}

// Sends something instead of the hello; whatever comes of it, it is no welcome.
async function unwelcome(context: Context, what: string, send: (connection: Connection) => void): Promise<Connection> {
  const connection = await context.open();
  send(connection);
  const { welcome } = await context.greeting(connection);
  if (welcome) throw new Unmet(`${what} was welcomed`);
  await stillThere(context, what);
  return connection;
}

const should = { level: "SHOULD", by: "runtime" } as const;
// RFC 6455's own MUSTs, which are the platform's to keep: they do not decide whether a runtime keeps ARCP's.
const websocket = { level: "SHOULD", by: "both" } as const;

export const abuseRules: TriedRule[] = [
  {
    rule: "A20",
    section: "6.2",
    ...should,
    title: "who connects and says nothing is closed within 40 s",
    longMs: 60_000,
    async run(context) {
      const connection = await context.open();
      if (!(await connection.ended(40_000))) throw new Unmet("still open after 40 s without a hello");
      const seconds = context.frames.at(-1)?.ms ?? 0;
      context.note(`closed after ${(seconds / 1000).toFixed(1)} s`);
    },
  },
  {
    rule: "A21",
    section: "v1.0 5.1",
    ...should,
    title: "a hello of another version of the protocol is not welcomed",
    async run(context) {
      await unwelcome(context, "a hello with arcp 99.0", (connection) =>
        connection.sendText(helloText(context, { arcp: "99.0" })),
      );
    },
  },
  {
    rule: "A22",
    section: "v1.0 4.1",
    ...should,
    title: "messages are text frames: a binary one is no message",
    async run(context) {
      await unwelcome(context, "a binary hello", (connection) =>
        connection.sendFrame({ opcode: 2, data: bytes(helloText(context)) }, "(binary) session.hello"),
      );
    },
  },
  {
    rule: "A23",
    section: "14",
    ...should,
    title: "a hello of 8 MB is not read to its end",
    async run(context) {
      const client = { name: "x".repeat(8_000_000), version: "1" };
      const text = JSON.stringify(envelope("session.hello", context.helloPayload({ payload: { client } })));
      await unwelcome(context, "a hello of 8 MB", (connection) =>
        connection.sendFrame({ opcode: TEXT, data: bytes(text) }, "a session.hello of 8 MB"),
      );
    },
  },
  {
    rule: "A24",
    section: "5",
    ...should,
    title: "what is no JSON, no object, or nested a hundred thousand deep harms nobody",
    async run(context) {
      const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
      for (const text of ["{", "[]", "null", '"session.hello"', deep]) {
        const session = await context.session();
        session.connection.sendText(text);
        await session.connection.ended(300);
      }
      await stillThere(context, "bad JSON");
    },
  },
  {
    rule: "A25",
    section: "v1.0 5.1",
    ...should,
    title: "a frame under another session's id is not worked on",
    async run(context) {
      const session = await context.session();
      const from = session.connection.received.length;
      const submit = { agent: context.target.agent, input: "another session" };
      session.connection.send("job.submit", submit, { session_id: "sess_01ARZ3NDEKTSV4RRFFQ69G5FAV" });
      const accepted = await session.connection.seek(({ type }) => type === "job.accepted", { from, ms: 1500 });
      if (accepted) throw new Unmet("a job was accepted under the id of another session");
    },
  },
  {
    rule: "A26",
    section: "v1.0 15",
    ...should,
    title: "a message type that is unknown does not end the session",
    async run(context) {
      const session = await context.session();
      session.send("x-vendor.conformance.unknown", { a: 1 });
      session.send("session.conformance_unknown", { a: 1 });
      await session.settle();
      const { id } = await session.start({ agent: context.target.agent, input: "and on" });
      await session.end(id);
    },
  },
  {
    rule: "A27",
    section: "14",
    ...should,
    title: "who does not read holds up nobody else, and loses nothing in silence",
    async run(context) {
      const slow = await context.session({ features: ["progress", "list_jobs"] });
      const input = context.target.floodInput;
      slow.connection.pauseReading();
      slow.send("job.submit", { agent: context.target.slowAgent, input });
      const startMs = performance.now();
      await stillThere(context, "a client that does not read");
      const seconds = (performance.now() - startMs) / 1000;
      context.note(`another session's job took ${seconds.toFixed(1)} s meanwhile`);
      slow.connection.resumeReading();
      const end = await slow.connection.seek(({ type }) => type === "job.result" || type === "job.error", {
        ms: 15_000,
      });
      if (slow.connection.closed) return context.note("the slow reader was closed, and may come back");
      if (!end) {
        // A runtime that makes its steps slowly is not there yet, and silent it is not.
        const heard = slow.numbered().length;
        await context.pause(1000);
        if (slow.numbered().length === heard) throw new Unmet("the slow reader's job never ends for it");
        context.note("its job was still telling of its steps 15 s later");
      }
      let last = 0;
      for (const { seq, message } of slow.numbered()) {
        if (seq !== last + 1 && !String(message.payload.kind).startsWith("x-vendor."))
          throw new Unmet(`the slow reader hears ${seq} after ${last}`);
        last = seq;
      }
    },
  },
  {
    rule: "A40",
    section: "RFC 6455 5.4",
    ...websocket,
    title: "a message in fragments is one message, with a ping between them",
    async run(context) {
      const connection = await context.open();
      const data = bytes(helloText(context));
      const third = Math.floor(data.length / 3);
      connection.sendFrame({ opcode: TEXT, fin: false, data: data.slice(0, third) }, "session.hello, first third");
      connection.sendFrame({ opcode: PING, data: bytes("between") }, "a WebSocket ping");
      const middle = data.slice(third, 2 * third);
      connection.sendFrame({ opcode: CONTINUATION, fin: false, data: middle }, "session.hello, second third");
      connection.sendFrame({ opcode: CONTINUATION, data: data.slice(2 * third) }, "session.hello, last third");
      const { welcome } = await context.greeting(connection);
      if (!welcome) throw new Unmet("a hello in three fragments was not welcomed");
      context.adopt(connection, welcome);
    },
  },
  {
    rule: "A41",
    section: "RFC 6455 5.5.2",
    ...websocket,
    title: "a WebSocket ping is answered by a pong",
    async run(context) {
      const { connection } = await context.session();
      connection.sendFrame({ opcode: PING, data: bytes("there?") }, "a WebSocket ping");
      if (!(await connection.until(() => connection.pongs > 0, 3000))) throw new Unmet("no pong within 3 s");
    },
  },
  {
    rule: "A42",
    section: "RFC 6455 8.1",
    ...websocket,
    title: "a text that is no UTF-8 fails the connection",
    async run(context) {
      const session = await context.session();
      const data = new Uint8Array([...bytes('{"a":"'), 0xff, 0xfe, ...bytes('"}')]);
      session.connection.sendFrame({ opcode: TEXT, data }, "a text with the bytes FF FE");
      const closed = await session.connection.ended(3000);
      if (!closed) throw new Unmet("the connection goes on");
      if (closed.code !== 1007) context.note(`closed with ${closed.code}, not 1007`);
    },
  },
  {
    rule: "A43",
    section: "RFC 6455 5.1",
    ...websocket,
    title: "a frame that is not masked fails the connection",
    async run(context) {
      const session = await context.session();
      const submit = envelope("job.submit", { agent: context.target.agent, input: 1 }, { session_id: session.id });
      const data = bytes(JSON.stringify(submit));
      session.connection.sendFrame({ opcode: TEXT, data, masked: false }, "job.submit, not masked");
      const isAccepted = ({ type }: { type: string }) => type === "job.accepted";
      if (await session.connection.seek(isAccepted, { ms: 3000 }))
        throw new Unmet("a frame without a mask was worked on");
      if (session.connection.isOpen) throw new Unmet("the connection goes on");
    },
  },
  {
    rule: "A44",
    section: "RFC 6455 5.5.1",
    ...websocket,
    title: "a close is answered by a close",
    async run(context) {
      const session = await context.session();
      session.connection.close();
      const closed = await session.connection.ended(3000);
      if (!closed || closed.code === 1006) throw new Unmet("no close frame within 2 s");
    },
  },
];
