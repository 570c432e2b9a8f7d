// §4, §6.1, §6.2: who is let in, and what is agreed on.

import type { Context } from "../context.js";
import { type Json, listOf, objectOf } from "../messages.js";
import { howRefused } from "../refusal.js";
import type { TriedRule } from "../rule.js";
import { describeError, type Session } from "../session.js";
import { Inapplicable, Unmet } from "../verdict.js";

/** "Immediate" has to have a bound. */
const IMMEDIATELY_MS = 3000;

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The agents of a welcome. */
export function agentsOf(session: Session): unknown[] {
  return listOf(objectOf(session.welcome.payload.capabilities).agents);
}

async function refusesHello(context: Context, what: string, payload: Json): Promise<void> {
  const connection = await context.open();
  connection.send("session.hello", payload);
  const { welcome, error } = await context.greeting(connection);
  if (welcome) throw new Unmet(`${what}: a session was given`);
  if (!error) throw new Unmet(`${what}: no session.error, ${await howRefused(connection, error)}`);
  if (!(await connection.ended(IMMEDIATELY_MS)))
    throw new Unmet(`${what}: ${describeError(error)}, and the connection stays open: whoever guesses may go on`);
  if (error.payload.code !== "UNAUTHENTICATED") context.note(`${what}: ${describeError(error)}, not UNAUTHENTICATED`);
}

export const handshakeRules: TriedRule[] = [
  {
    rule: "6",
    section: "4",
    level: "MUST",
    isStated: true,
    by: "both",
    title: "WebSocket is there on networks",
    async run(context) {
      await context.open();
    },
  },
  {
    rule: "7",
    section: "5",
    level: "MUST",
    by: "both",
    title: "unknown members of the envelope are ignored",
    async run(context) {
      const unknown = { "x-vendor.conformance.more": { a: [1, null] }, priority: 7 };
      const session = await context.session({ changes: unknown });
      const { id } = await session.start({ agent: context.target.agent, input: "unknown members" }, unknown);
      await session.end(id);
    },
  },
  {
    rule: "8",
    section: "6.1",
    level: "MUST",
    isStated: true,
    by: "both",
    title: "the bearer token is in `auth.token` of the hello",
    async run(context) {
      await context.session();
    },
  },
  {
    rule: "9",
    section: "6.2",
    level: "MUST",
    isStated: true,
    by: "both",
    title: "features in force: the intersection of hello and welcome",
    async run(context) {
      const offered = ["list_jobs", "subscribe"];
      const session = await context.session({ features: offered });
      const { features } = objectOf(session.welcome.payload.capabilities);
      if (!Array.isArray(features)) throw new Unmet("the welcome has no list `capabilities.features`");
      if (!features.every((feature) => typeof feature === "string")) throw new Unmet("a feature is no text");
      const isWhole = features.some((feature) => !offered.includes(feature));
      context.note(`the welcome names ${isWhole ? "the runtime's whole list" : "the intersection"}`);
    },
  },
  {
    rule: "10",
    section: "6.2",
    level: "MUST",
    by: "both",
    title: "nothing outside of the intersection is used",
    async run(context) {
      const session = await context.session({ features: [] });
      const { id } = await session.start({ agent: context.target.slowAgent, input: context.target.shortInput });
      await session.end(id);
      const kinds = session.heard(id).map(({ payload }) => payload.kind);
      for (const kind of ["progress", "result_chunk"])
        if (kinds.includes(kind)) throw new Unmet(`an event of the kind ${kind}, without the feature`);
      // Refused or passed over: both are no use of it.
      const list = await session.list().catch(() => undefined);
      if (list?.accepted) throw new Unmet("session.jobs, without the feature list_jobs");
      if (session.connection.all("session.ping").length) throw new Unmet("session.ping, without the feature heartbeat");
    },
  },
  {
    rule: "114",
    section: "v1.0 4.1",
    level: "MUST",
    by: "both",
    title: "WebSocket text frames with JSON, over TLS",
    async run(context) {
      const { url } = context.target;
      const session = await context.session();
      const { id } = await session.start({ agent: context.target.agent, input: "in text frames" });
      await session.end(id);
      const odd = session.connection.received.find(({ message }) => message === undefined);
      if (odd) throw new Unmet(odd.isBinary ? "a binary frame came" : "a text came that is no JSON object");
      if (url.protocol === "wss:") return;
      if (!loopback.test(url.hostname)) throw new Unmet("a token goes to it by ws:// over a network: TLS is required");
      context.note("ws:// to this machine: TLS was not tried");
    },
  },
  {
    rule: "131",
    section: "v1.0 6.1",
    level: "MUST",
    by: "runtime",
    title: "a missing or wrong token: session.error, and the close at once",
    async run(context) {
      const { auth, ...others } = context.helloPayload();
      const token = `${context.target.token.slice(0, -4)}AAAA`;
      const scheme = "bearer";
      const wrong = token === context.target.token ? `${token}B` : token;
      context.run.secrets.addBearer(wrong);
      await refusesHello(context, "a wrong token", { ...others, auth: { scheme, token: wrong } });
      await refusesHello(context, "an empty token", { ...others, auth: { scheme, token: "" } });
      await refusesHello(context, "no token", { ...others, auth: { scheme } });
      await refusesHello(context, "no auth", others);
      if (auth === undefined) throw new Inapplicable("no token to leave out");
    },
  },
  {
    rule: "132",
    section: "v1.0 6.2",
    level: "MUST",
    by: "both",
    title: "the resume token is opaque, and a credential",
    async run(context) {
      const session = await context.session();
      const { resumeToken } = session;
      if (typeof resumeToken !== "string" || resumeToken === "") throw new Unmet("the welcome has no resume_token");
      if (resumeToken === session.id) throw new Unmet("the resume token is the session's id, which is no secret");
      if (resumeToken.includes(context.target.token)) throw new Unmet("the resume token holds the bearer token");
      const window = session.welcome.payload.resume_window_sec;
      if (typeof window !== "number" || !(window >= 0)) throw new Unmet("resume_window_sec is no number of seconds");
    },
  },
  {
    rule: "152",
    section: "7.5",
    level: "SHOULD",
    by: "both",
    title: "agents are told with their versions, whether or not the client asked for versions",
    async run(context) {
      const session = await context.session({ features: [] });
      const agents = agentsOf(session);
      if (!agents.length) throw new Inapplicable("the welcome lists no agents");
      const flat = agents.find((agent) => typeof agent === "string");
      if (flat !== undefined) throw new Unmet(`${JSON.stringify(flat)}: a name without its versions`);
      const odd = agents.find((agent) => typeof objectOf(agent).name !== "string");
      if (odd !== undefined) throw new Unmet("an agent without a name");
    },
  },
  {
    rule: "A1",
    section: "6.1",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "nothing is done for a stranger: no job, no list, no session without a hello",
    async run(context) {
      const tries: [string, Json][] = [
        ["job.submit", { agent: context.target.agent, input: "stranger" }],
        ["session.list_jobs", {}],
        ["session.resume", { session_id: "sess_conformance", resume_token: "rt_conformance", last_event_seq: 0 }],
      ];
      for (const [type, payload] of tries) {
        const connection = await context.open();
        connection.send(type, payload);
        const granted = await connection.seek(({ type }) => /^(job\.|session\.(jobs|welcome))/.test(type), {
          ms: 1000,
        });
        if (granted && granted.message.type !== "job.error")
          throw new Unmet(`${type} before the hello was answered with ${granted.message.type}`);
        if (connection.isOpen) context.note(`after ${type} before the hello the connection stays open`);
        connection.cut();
      }
    },
  },
  {
    rule: "A2",
    section: "6.2",
    level: "SHOULD",
    by: "runtime",
    title: "one hello a connection: a second one is refused, and changes nobody's identity",
    async run(context) {
      const session = await context.session();
      const from = session.connection.received.length;
      const token = context.target.token2 ?? context.target.token;
      session.connection.send("session.hello", context.helloPayload({ token }));
      const { welcome } = await context.greeting(session.connection, from);
      if (welcome) throw new Unmet("a second hello was welcomed on the same connection");
    },
  },
];
