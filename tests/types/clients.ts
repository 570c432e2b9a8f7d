// What the types must allow, and what they must not: asking agents, logging in, sessions. Compiled and never run.

import { ArcClient, ArcpClient, type CreateFetchOptions, createFetch, type Job, TokenManager } from "arcgate";
import { check, type Equal } from "./check.js";

declare const arc: ArcClient;
const asked: Promise<ArcClient> = ArcClient.create({
  endpoint: "https://a.example/arc",
  requestAgent: "me",
  token: "t",
});
ArcClient.create({
  endpoint: new URL("https://a.example/arc"),
  requestAgent: "me",
  token: { getToken: async ({ forceRefresh } = {}) => (forceRefresh ? "a" : "b"), invalidate() {} },
  fetch: (...request) => fetch(...request),
  limits: { maxEventBytes: 1 },
});
ArcClient.create({ endpoint: "", requestAgent: "", token: async () => "t" });
// @ts-expect-error a token must be given
ArcClient.create({ endpoint: "https://a.example/arc", requestAgent: "me" });
// @ts-expect-error clients are made by create
new ArcClient();

async function asking() {
  const { task } = await arc.task.create({ targetAgent: "echo", initialMessage: "hi", traceId: "t" });
  const status: "COMPLETED" | string = task.status;
  const whole = await arc.chat.start({ targetAgent: "echo", initialMessage: "hi" });
  const chatId: string = whole.chat.chatId;
  for await (const event of arc.chat.message({ targetAgent: "echo", chatId, message: "hi", stream: true })) {
    check<Equal<typeof event.type, "message" | "done" | "other">>();
  }
  const stream = await arc.chat.start({ targetAgent: "echo", initialMessage: "hi", stream: true });
  await stream.return();
  const result = await arc.call("x.y", { targetAgent: "echo", params: { a: 1 } });
  check<Equal<typeof result, unknown>>();
  for await (const event of arc.call("chat.start", { targetAgent: "echo", params: { stream: true as const } }))
    void event;
  // @ts-expect-error an agent must be named
  arc.task.info({ taskId: "t" });
  // @ts-expect-error the option is priority
  arc.task.create({ targetAgent: "echo", initialMessage: "hi", prio: "LOW" });
  // @ts-expect-error no such priority
  arc.task.create({ targetAgent: "echo", initialMessage: "hi", priority: "low" });
  return [asked, status];
}
void asking;

async function loggingIn() {
  const manager = await TokenManager.create(
    { type: "authorization_code", issuer: "https://i.example", clientId: "c", redirectUri: "https://p.example/" },
    { storage: "encrypted", shareAcrossTabs: true, onEvent: ({ type }) => type === "signed_out" },
  );
  const url: URL = await manager.beginLogin({ returnTo: "/inbox" });
  const { claims, returnTo } = await manager.completeLogin(url);
  check<Equal<typeof returnTo, string | undefined>>();
  check<Equal<typeof claims, Record<string, unknown> | undefined>>();
  const end: URL | undefined = await manager.logout();
  check<Equal<typeof manager.claims, Record<string, unknown> | undefined>>();
  const unsubscribe: () => void = manager.subscribe(({ state, claims }) => {
    check<Equal<typeof state, "empty" | "valid" | "refreshing" | "failed">>();
    check<Equal<typeof claims, Record<string, unknown> | undefined>>();
  });
  unsubscribe();
  await manager.beginLogin({ authorizationParams: { prompt: "none", max_age: "60" } });
  // @ts-expect-error parameters are texts
  manager.beginLogin({ authorizationParams: { max_age: 60 } });
  // It stands wherever the platform's does.
  const options: CreateFetchOptions = { origins: ["https://a.example"], fetch };
  const library: { fetch?: typeof fetch; send?: (url: string | URL, init?: RequestInit) => Promise<Response> } = {
    fetch: createFetch(manager, options),
    send: createFetch(async () => "t", { origins: ["https://a.example"] as const }),
  };
  void library;
  const waitUntil = (_: Promise<unknown>) => {};
  createFetch((asked) => manager.getToken({ ...asked, waitUntil }), options);
  // @ts-expect-error where a token may go must be said
  createFetch("t", {});
  // @ts-expect-error a page comes back somewhere
  TokenManager.create({ type: "authorization_code", issuer: "https://i.example", clientId: "c" });
  return end;
}
void loggingIn;

async function session() {
  const client = await ArcpClient.connect("wss://a.example/arcp", {
    client: { name: "a", version: "1" },
    auth: { scheme: "bearer", token: async () => "t" },
    reconnect: { maxDelayMs: 1000 },
    shouldRetry: ({ code }) => code !== 1008,
    WebSocket,
    onEvent: (event) => {
      if (event.type === "lost") check<Equal<typeof event.jobs, string[]>>();
    },
  });
  ArcpClient.connect("wss://a.example", { client: { name: "a", version: "1" }, auth: { scheme: "none" } });
  ArcpClient.connect("wss://a.example", {
    client: { name: "a", version: "1" },
    auth: { scheme: "x-vendor.a.b", token: "k" },
  });
  // @ts-expect-error a bearer needs a token
  ArcpClient.connect("wss://a.example", { client: { name: "a", version: "1" }, auth: { scheme: "bearer" } });
  // @ts-expect-error clients are made by connect
  new ArcpClient();
  const job: Job = await client.submit({ agent: "count", input: { to: 3 }, idempotencyKey: "k" });
  for await (const event of job) {
    check<Equal<typeof event.ts, string>>();
    if (event.kind === "progress") check<Equal<typeof event.body.total, number | undefined>>();
    if (event.kind === "x-vendor.acme.step") check<Equal<typeof event.body.of, unknown>>();
    if (event.kind === "metric") check<Equal<typeof event.body.more, unknown>>();
    // @ts-expect-error the protocol has no such kind
    if (event.kind === "proggress") return;
  }
  for await (const { kind, body } of await client.submit({ agent: "count" })) {
    if (kind === "progress") check<Equal<typeof body.current, number>>();
    else if (kind === "result_chunk") check<Equal<typeof body.encoding, "utf8" | "base64">>();
    else check<Equal<typeof body.current, unknown>>();
  }
  check<Equal<Awaited<typeof job.result>, unknown>>();
  await job.cancel("enough");
  const { jobs, nextCursor } = await client.listJobs({ status: "running", limit: 5 });
  const other = await client.subscribe(jobs[0]?.id ?? "", { history: true });
  // @ts-expect-error the option is fromEventSeq
  client.subscribe("j", { from: 1 });
  const closed: { code: string; reason: string } = await client.closed;
  return [nextCursor, other, closed];
}
void session;
