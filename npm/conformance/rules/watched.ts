// Rules that every frame of the run is held to, whatever else was tried with it.

import type { Received } from "../connection.js";
import { errorCodes, eventKinds, type Json, jobOf, listOf, type Message, messageTypes, objectOf } from "../messages.js";
import type { Level, Side, WatchedRule } from "../rule.js";
import type { Secrets } from "../secrets.js";

type Judge = (message: Message, raw: Json, received: Received) => { wrong: string } | "seen" | undefined;

function watched(
  rule: string,
  section: string,
  level: Level,
  by: Side,
  title: string,
  judge: Judge,
  unseen = "no message came",
): WatchedRule {
  const watch = (received: Received) => received.message && judge(received.message, received.raw, received);
  return { rule, section, level, by, title, watch, unseen };
}

function said(value: unknown): string {
  if (value === undefined) return "absent";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return JSON.stringify(value).slice(0, 80);
}

const isSequence = (value: unknown) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isUlid = (text: string) => /(^|_)[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text);
const isUuid7 = (text: string) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(text);
const numbered = new Set(["job.event", "job.result", "job.error"]);

/** The rules, with the secrets that no frame may show. */
export function watchedRules(secrets: Secrets): WatchedRule[] {
  const ends = new Map<unknown, { next: number; isOver: boolean }>();
  return [
    watched(
      "1",
      "3",
      "MAY",
      "both",
      "may ping when idle: with a nonce and a time",
      ({ type, payload }) => {
        if (type !== "session.ping") return undefined;
        const isWhole = typeof payload.nonce === "string" && typeof payload.sent_at === "string";
        return isWhole ? "seen" : { wrong: "a session.ping without nonce or sent_at" };
      },
      "a permission: no ping came",
    ),
    watched(
      "19",
      "6.4",
      "MUST",
      "both",
      "heartbeats have no `event_seq`",
      ({ type, event_seq }) => {
        if (type !== "session.ping" && type !== "session.pong") return undefined;
        return event_seq === undefined || event_seq === null
          ? "seen"
          : { wrong: `${type} has event_seq ${said(event_seq)}` };
      },
      "no heartbeat came",
    ),
    watched(
      "23",
      "6.5",
      "MAY",
      "runtime",
      "may signal back-pressure",
      ({ payload }) => (objectOf(payload.body).phase === "back_pressure" ? "seen" : undefined),
      "a permission: no such signal came",
    ),
    watched(
      "31",
      "7.1",
      "MAY",
      "runtime",
      "`credentials` are optional, and a list",
      ({ type, payload }) => {
        if (type !== "job.accepted" || payload.credentials === undefined || payload.credentials === null)
          return undefined;
        return Array.isArray(payload.credentials) ? "seen" : { wrong: `credentials: ${said(payload.credentials)}` };
      },
      "a permission: no credentials came",
    ),
    watched(
      "56",
      "8.2",
      "MUST",
      "runtime",
      "progress: `current` is not negative",
      ({ payload }) => {
        if (payload.kind !== "progress") return undefined;
        const { current } = objectOf(payload.body);
        return typeof current === "number" && current >= 0 ? "seen" : { wrong: `current is ${said(current)}` };
      },
      "no progress came",
    ),
    watched(
      "60",
      "8.4",
      "MUST",
      "runtime",
      "chunks have an id and count from 0, in order",
      ({ payload, ...message }, _, { connection }) => {
        if (payload.kind !== "result_chunk") return undefined;
        const { result_id, chunk_seq } = objectOf(payload.body);
        if (typeof result_id !== "string") return { wrong: `result_id is ${said(result_id)}` };
        const key = `${connection.number} ${String(message.job_id)} ${result_id}`;
        const one = ends.get(key) ?? { next: 0, isOver: false };
        ends.set(key, { ...one, next: one.next + 1 });
        return chunk_seq === one.next ? "seen" : { wrong: `chunk_seq ${said(chunk_seq)} where ${one.next} was next` };
      },
      "no result came in chunks: see --chunk-agent",
    ),
    watched(
      "61",
      "8.4",
      "MUST",
      "runtime",
      "chunks have data, an encoding and `more`",
      ({ payload }) => {
        if (payload.kind !== "result_chunk") return undefined;
        const { data, encoding, more } = objectOf(payload.body);
        if (typeof data !== "string") return { wrong: `data is ${typeof data}` };
        if (encoding !== "utf8" && encoding !== "base64") return { wrong: `encoding is ${said(encoding)}` };
        return typeof more === "boolean" ? "seen" : { wrong: `more is ${said(more)}` };
      },
      "no result came in chunks: see --chunk-agent",
    ),
    watched(
      "63",
      "8.4",
      "MUST",
      "runtime",
      "chunks or an inline result, never both; the end names `result_id`",
      (message, _, { connection }) => {
        const { type, payload } = message;
        const key = `${connection.number} ${String(jobOf(message))}`;
        if (payload.kind === "result_chunk") ends.set(key, { next: 0, isOver: false });
        if (type !== "job.result" || !ends.has(key) || payload.final_status !== "success") return undefined;
        if (payload.result !== undefined && payload.result !== null) return { wrong: "an inline result after chunks" };
        return typeof payload.result_id === "string" ? "seen" : { wrong: "job.result names no result_id after chunks" };
      },
      "no result came in chunks: see --chunk-agent",
    ),
    watched(
      "99",
      "12",
      "MUST",
      "runtime",
      "LEASE_EXPIRED and BUDGET_EXHAUSTED are not retryable",
      ({ payload }) => {
        if (payload.code !== "LEASE_EXPIRED" && payload.code !== "BUDGET_EXHAUSTED") return undefined;
        return payload.retryable === false
          ? "seen"
          : { wrong: `${payload.code}: retryable ${said(payload.retryable)}` };
      },
      "neither code came",
    ),
    watched("117", "v1.0 5.1", "MUST", "both", "`arcp` is the version", (_, { arcp }) =>
      arcp === "1.1" || arcp === "1" ? "seen" : { wrong: `arcp is ${said(arcp)}` },
    ),
    watched("118", "v1.0 5.1", "MUST", "both", "`id` is there", (_, { id }) =>
      typeof id === "string" && id !== "" ? "seen" : { wrong: `id is ${said(id)}` },
    ),
    watched("119", "v1.0 5.1", "MUST", "both", "`type` is there", (_, { type }) =>
      typeof type === "string" && type !== "" ? "seen" : { wrong: `type is ${said(type)}` },
    ),
    watched(
      "120",
      "v1.0 5.1",
      "MUST",
      "both",
      "`session_id` is on every frame after the welcome, and is this session's",
      ({ type, session_id }, _, { connection }) => {
        if (connection.sessionId === undefined || type === "session.welcome") return undefined;
        if (session_id === connection.sessionId) return "seen";
        return { wrong: `${type}: session_id is ${session_id === undefined ? "absent" : "another session's"}` };
      },
      "no session came about",
    ),
    watched(
      "121",
      "v1.0 5.1",
      "MUST",
      "runtime",
      "`event_seq` is on events, results and job errors",
      (message) => {
        if (!numbered.has(message.type)) return undefined;
        // What refuses a request is told by job.error by some, and belongs to no job.
        if (message.type === "job.error" && message.payload.final_status === undefined) return undefined;
        return isSequence(message.event_seq)
          ? "seen"
          : { wrong: `${message.type}: event_seq is ${said(message.event_seq)}` };
      },
      "no event came",
    ),
    watched("122", "v1.0 5.1", "MUST", "both", "`payload` is there, and an object", (_, { type, payload }) =>
      typeof payload === "object" && payload !== null && !Array.isArray(payload)
        ? "seen"
        : { wrong: `${String(type)}: payload is ${said(payload)}` },
    ),
    watched("151", "v1.0 15", "SHOULD", "both", "additions are under `x-vendor`", ({ type, payload }) => {
      if (!messageTypes.has(type) && !type.startsWith("x-vendor.")) return { wrong: `a message of the type ${type}` };
      const { kind } = payload;
      if (type !== "job.event" || typeof kind !== "string") return "seen";
      return eventKinds.has(kind) || kind.startsWith("x-vendor.") ? "seen" : { wrong: `an event of the kind ${kind}` };
    }),
    watched(
      "A9",
      "12",
      "MUST",
      "runtime",
      "an error has one of the codes, a message, and says whether to retry",
      ({ type, payload }) => {
        if (type !== "session.error" && type !== "job.error") return undefined;
        const { code, message, retryable } = payload;
        if (typeof code !== "string" || !(errorCodes.has(code) || code.startsWith("x-vendor.")))
          return { wrong: `the code ${said(code)}` };
        if (typeof message !== "string") return { wrong: `${code}: message is ${said(message)}` };
        return typeof retryable === "boolean" ? "seen" : { wrong: `${code}: retryable is ${said(retryable)}` };
      },
      "no error came",
    ),
    watched(
      "A10",
      "v1.0 6.2",
      "MUST",
      "runtime",
      "no frame tells a token again: the bearer's never, the session's only in its welcome",
      ({ type }, _, { text }) => {
        if (type === "session.welcome") return undefined;
        return secrets.isIn(text) ? { wrong: `${type} holds a token` } : "seen";
      },
    ),
    watched(
      "A11",
      "8.1",
      "MUST",
      "runtime",
      "an event has a kind, and a body that is an object",
      ({ type, payload, job_id }) => {
        if (type !== "job.event") return undefined;
        if (typeof job_id !== "string") return { wrong: `job_id is ${said(job_id)}` };
        if (typeof payload.kind !== "string") return { wrong: `kind is ${said(payload.kind)}` };
        return typeof payload.body === "object" && payload.body !== null && !listOf(payload.body).length
          ? "seen"
          : { wrong: `body is ${said(payload.body)}` };
      },
      "no event came",
    ),
    {
      rule: "A12",
      section: "v1.0 5.1",
      level: "SHOULD",
      by: "both",
      title: "`id` is a ULID or a UUIDv7, with or without a prefix",
      watch: ({ message }) => {
        if (!message) return undefined;
        const id = String(message.id);
        return isUlid(id) || isUuid7(id) ? "seen" : { wrong: `the id ${id.slice(0, 60)}` };
      },
      unseen: "no message came",
    },
    {
      rule: "123",
      section: "v1.0 5.2",
      level: "MUST",
      by: "both",
      title: "JSON objects in UTF-8; integers fit 64 bits",
      watch: ({ message, isBinary, text }) => {
        if (!message) return { wrong: isBinary ? "a binary frame" : "a text that is no JSON object" };
        const long = /[:,[]\s*-?(\d{19,})\s*[,\]}]/.exec(text)?.[1];
        return long && BigInt(long) > 9_223_372_036_854_775_807n
          ? { wrong: "an integer of more than 64 bits" }
          : "seen";
      },
      unseen: "no message came",
    },
  ];
}
