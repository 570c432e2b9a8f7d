// ArcClient: ARC 1.0 over HTTP, from the side that asks. The core says what is sent and what an answer means.

import { type ArcgateError, configError } from "../../errors.js";
import { Watch } from "../../platform/cancellation.js";
import { warnOfInsecureHosts } from "../../platform/insecure-hosts.js";
import { dataJson, optionsJson } from "../../platform/json.js";
import { call, ready } from "../../platform/modules/client.js";
import { checkKeys, numberOption } from "../../platform/options.js";
import {
  broken,
  cleaned,
  type PeerAnswer,
  type PeerFailure,
  retryAfterOf,
  toError,
  unreachable,
} from "../../platform/peer-errors.js";
import { type BearerSource, bearerOf } from "../../token/bearer.js";
import { ownName } from "../../version.js";
import { headOf, textOf } from "./answer.js";
import type { EventData } from "./event.js";
import { ChatStream, iterable } from "./stream.js";
import type { ArcCall, ArcChats, ArcClientOptions, ArcTasks, ChatAnswer } from "./types.js";

// What each method takes beside `targetAgent`; "!" must be there. Messages may be given as a string.
const methods: Readonly<Record<string, readonly string[]>> = {
  "task.create": ["initialMessage!", "priority", "metadata"],
  "task.send": ["taskId!", "message!"],
  "task.info": ["taskId!", "includeMessages", "includeArtifacts"],
  "task.cancel": ["taskId!", "reason"],
  "task.subscribe": ["taskId!", "callbackUrl!", "events"],
  "task.notification": ["taskId!", "event!", "timestamp!", "data!"],
  "chat.start": ["initialMessage!", "chatId", "stream", "metadata"],
  "chat.message": ["chatId!", "message!", "stream"],
  "chat.end": ["chatId!", "reason"],
};
// A gate's result has up to 10 MiB as JSON (`limits.maxAnswerBytes`), and up to twice that as JSON in a text, with all around it.
const LARGEST = 24 * 1024 * 1024;
const messages = ["initialMessage", "message"];
const common = ["targetAgent", "traceId", "signal", "timeoutMs"];

// What one call sends, and how its answer is taken.
interface Call {
  id: string;
  body: string;
  isStream: boolean;
  watch: Watch;
  /** The tokens that it was sent with: an answer may quote them. */
  secrets: string[];
}

// An answer: a stream, a result, or what went wrong.
interface Answer {
  response?: Response;
  result?: unknown;
  failure?: PeerFailure;
  peer?: PeerAnswer;
}

/**
 * Asks agents over ARC 1.0, with a bearer token that is attached at each call.
 *
 * ```js
 * import { ArcClient } from "arcgate";
 *
 * async function greet() {
 *   const client = await ArcClient.create({ endpoint: "https://agents.example/arc", requestAgent: "me", token });
 *   const { task } = await client.task.create({ targetAgent: "echo", initialMessage: "hello" });
 *   const answer = client.chat.start({ targetAgent: "echo", initialMessage: "hello", stream: true });
 *   for await (const { message } of answer) show(task.status, message?.parts);
 * }
 * ```
 */
export class ArcClient {
  #endpoint: string;
  #requestAgent: string;
  #bearer: BearerSource;
  #fetch: NonNullable<ArcClientOptions["fetch"]>;
  #timeoutMs: number;
  #limits: { answer: number; event: number; stream: number };

  /** The methods on tasks: `create`, `send`, `info`, `cancel`, `subscribe`, `notification`. */
  readonly task: ArcTasks;
  /** The methods on chats: `start`, `message`, `end`. */
  readonly chat: ArcChats;

  /** Makes a client. Does no I/O, and asks for no token yet. */
  static async create(options: ArcClientOptions): Promise<ArcClient> {
    await ready();
    const client = new ArcClient(options);
    warnOfInsecureHosts(options.insecureHosts, "ArcClient");
    return client;
  }

  private constructor(options: ArcClientOptions) {
    checkKeys(options, ["endpoint", "requestAgent", "token", "fetch", "timeoutMs", "limits", "insecureHosts"]);
    const { endpoint, requestAgent, token, fetch, limits = {} } = options;
    checkKeys(limits, ["maxAnswerBytes", "maxEventBytes", "maxStreamBytes"], "limits");
    if (fetch !== undefined && typeof fetch !== "function") throw configError("fetch", "must be a function");
    this.#endpoint = String(endpoint ?? "");
    this.#requestAgent = name("requestAgent", requestAgent);
    call("arcClientCheck", this.#endpoint, this.#requestAgent, optionsJson({ insecureHosts: options.insecureHosts }));
    this.#bearer = bearerOf(token);
    this.#fetch = fetch ?? ((...request) => globalThis.fetch(...request));
    this.#timeoutMs = numberOption(options, "timeoutMs", 60_000, 1, 2 ** 31 - 1, "options");
    const limit = (key: keyof typeof limits, otherwise: number) =>
      numberOption(limits, key, otherwise, 1, 2 ** 30, "limits");
    this.#limits = {
      answer: limit("maxAnswerBytes", LARGEST),
      event: limit("maxEventBytes", LARGEST),
      stream: limit("maxStreamBytes", 64 * 1024 * 1024),
    };
    this.task = this.#group("task") as object as ArcTasks;
    this.chat = this.#group("chat") as object as ArcChats;
  }

  /** Any method, by its name; the result as it came. With `params.stream: true` an iterable of events. Throws as {@link ArcTasks} says. */
  call<P extends object>(
    method: string,
    options: ArcCall & { params: P },
  ): P extends { readonly stream: true } ? ChatAnswer : Promise<unknown> {
    const { stream } = Object(options?.params) as { stream?: unknown };
    const answer = this.#start(stream === true, () => {
      checkKeys(options, ["params", ...common]);
      return [name("method", method), options, options.params];
    });
    return answer as P extends { readonly stream: true } ? ChatAnswer : Promise<unknown>;
  }

  // The methods of `task` or `chat`.
  #group(group: string): Readonly<Record<string, (options: ArcCall) => Promise<unknown>>> {
    const members: Record<string, (options: ArcCall) => Promise<unknown>> = {};
    for (const [method, known] of Object.entries(methods)) {
      const [owner, own] = method.split(".") as [string, string];
      if (owner !== group) continue;
      members[own] = (options) => {
        const { stream } = Object(options) as { stream?: unknown };
        return this.#start(stream === true, () => [method, options, paramsOf(method, known, options)]);
      };
    }
    return Object.freeze(members);
  }

  // A promise of the answer; what is wrong with the arguments rejects it too. For a stream it can be iterated as it is.
  #start(isStream: boolean, read: () => [method: string, options: ArcCall, params: unknown]): Promise<unknown> {
    const answer = (async () => {
      const [method, options, params] = read();
      if (params === null || typeof params !== "object" || Array.isArray(params)) {
        throw configError("params", "must be an object");
      }
      const id = crypto.randomUUID();
      const target = name("targetAgent", options.targetAgent);
      const trace = options.traceId === undefined ? undefined : name("traceId", options.traceId);
      const body = call(
        "arcRequest",
        method,
        id,
        this.#requestAgent,
        target,
        trace,
        dataJson(params, "params", { isText: true }),
      );
      const timeoutMs = numberOption(options, "timeoutMs", this.#timeoutMs, 1, 2 ** 31 - 1, "options");
      return this.#ask({ id, body, isStream, watch: new Watch(options.signal, timeoutMs), secrets: [] });
    })();
    return isStream ? iterable(answer as Promise<ChatStream>) : answer;
  }

  // Asks once, and once more with a fresh token when the first was refused for being expired before anything was done.
  async #ask(asked: Call): Promise<unknown> {
    const { watch, secrets } = asked;
    let stream: ChatStream | undefined;
    try {
      if (watch.signal.aborted) throw watch.error();
      const token = await watch.over(this.#bearer.get(watch.signal));
      const { person } = this.#bearer;
      secrets.push(token);
      let answer = await this.#send(asked, token);
      if (answer.failure?.repeat && this.#bearer.canRenew) {
        const where = this.#endpoint;
        const { signal } = watch;
        const fresh = await watch.over(this.#bearer.renew(token, { where, isOver: true, person, signal }));
        if (fresh !== undefined) {
          secrets.push(fresh);
          answer = await this.#send(asked, fresh);
          this.#bearer.tried(where, !answer.failure?.repeat);
        }
      }
      if (answer.failure) throw toError(answer.failure, answer.peer ?? {}, this.#bearer.canRenew);
      if (!asked.isStream) return answer.result;
      const failed = (data: EventData) => this.#failureOf(cleaned(data, secrets));
      const broke = (thrown: unknown) => unreachable(thrown, secrets);
      stream = new ChatStream(answer, { watch, limits: this.#limits, failed, broke });
      return stream;
    } finally {
      if (!stream) watch.stop();
    }
  }

  // The error that an event of a stream tells of.
  #failureOf(data: EventData): ArcgateError {
    const failure: PeerFailure = JSON.parse(call("arcEventFailure", JSON.stringify(data)));
    const details = (data.error as { details?: unknown } | null | undefined)?.details ?? data.details;
    return toError(failure, { details }, this.#bearer.canRenew);
  }

  async #send(asked: Call, token: string): Promise<Answer> {
    const { id, isStream, watch, secrets } = asked;
    const response = await this.#post(asked, token);
    const header = (field: string) => response.headers.get(field) ?? undefined;
    const isEvents = /^text\/event-stream\s*(;|$)/i.test(header("content-type") ?? "");
    if (response.ok && isEvents) {
      if (isStream) return { response };
      response.body?.cancel().catch(() => {});
      throw broken("the answer is a stream, which was not asked for");
    }
    let answer: unknown;
    try {
      answer = JSON.parse(await textOf(response, this.#limits.answer, watch, secrets));
    } catch (thrown) {
      // Of an error the status is left; of a success nothing.
      if (!(thrown instanceof SyntaxError) && (response.ok || watch.signal.aborted)) throw thrown;
    }
    const head = headOf(answer, response.ok, secrets);
    const challenge = cleaned(header("www-authenticate"), secrets);
    const failure = call("arcAnswer", id, this.#requestAgent, response.status, challenge, JSON.stringify(head));
    if (failure === undefined) return { result: (answer as { result?: unknown }).result };
    const peer = {
      status: response.status,
      details: head?.error?.details,
      retryAfterSec: retryAfterOf(response.headers),
    };
    return { failure: JSON.parse(failure), peer };
  }

  async #post({ body, isStream, watch, secrets }: Call, token: string): Promise<Response> {
    const fetch = this.#fetch;
    const request: RequestInit = {
      method: "POST",
      // The bearer goes where it was meant to go, and nowhere that an answer names.
      redirect: "manual",
      headers: {
        ...ownName,
        authorization: `Bearer ${token}`,
        "content-type": "application/arc+json",
        accept: `application/arc+json, application/json${isStream ? ", text/event-stream" : ""}`,
      },
      body,
      signal: watch.signal,
    };
    const pending = (async () => fetch(this.#endpoint, request))();
    let response: Response;
    try {
      response = await watch.over(pending);
    } catch (thrown) {
      pending.then(({ body }) => body?.cancel()).catch(() => {});
      throw unreachable(thrown, secrets);
    }
    const { type, status, redirected } = response;
    if (type === "opaqueredirect" || redirected || (status >= 300 && status < 400)) {
      response.body?.cancel().catch(() => {});
      throw broken(
        "the endpoint answers with a redirect, which no token follows: give the final address as `endpoint`",
      );
    }
    return response;
  }
}

// The parameters of a method, out of the options of a call of it.
function paramsOf(method: string, known: readonly string[], options: ArcCall): Record<string, unknown> {
  const names = known.map((param) => param.replace("!", ""));
  checkKeys(options, [...common, ...names]);
  const params: Record<string, unknown> = {};
  for (const [index, param] of names.entries()) {
    const value = (options as ArcCall & Record<string, unknown>)[param];
    if (value !== undefined) params[param] = messages.includes(param) ? toMessage(param, value) : value;
    else if (known[index]?.endsWith("!")) throw configError(param, `is missing: ${method} needs it`);
  }
  return params;
}

function toMessage(key: string, value: unknown): unknown {
  if (typeof value === "string") return { role: "user", parts: [{ type: "TextPart", content: value }] };
  if (value !== null && typeof value === "object" && Array.isArray((value as { parts?: unknown }).parts)) return value;
  throw configError(key, "must be a string, or a message: { role, parts }");
}

function name(key: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw configError(key, value === undefined ? "is missing" : "must be a string");
}
