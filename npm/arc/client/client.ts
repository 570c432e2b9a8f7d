// @ts-nocheck
// ArcClient: ARC 1.0 over HTTP, from the side that asks. The core says what is sent and what an answer means.

import { configError } from "../../errors.js";
import { call } from "../../platform/call.js";
import { chunks, Watch } from "../../platform/cancellation.js";
import { tellInsecureHosts } from "../../platform/insecure-hosts.js";
import { dataJson, optionsJson } from "../../platform/json.js";
import { checkKeys, numberOption } from "../../platform/options.js";
import { broken, cleaned, retryAfterOf, toError, unreachable } from "../../platform/peer-errors.js";
import { ready } from "../../platform/wasm.js";
import { bearerOf } from "../../token/bearer.js";
import { ownName } from "../../version.js";
import { ChatStream, iterable } from "./stream.js";

// What each method takes beside `targetAgent`; "!" must be there. Messages may be given as a string.
const methods = {
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

/** Asks agents, with a bearer token that is attached at each call. */
export class ArcClient {
  #endpoint;
  #requestAgent;
  #bearer;
  #fetch;
  #timeoutMs;
  #limits;

  /** `client.task.create(…)` and the other methods on tasks. */
  task;
  /** `client.chat.start(…)` and the other methods on chats. */
  chat;

  /** Makes a client. Does no I/O, and asks for no token yet. */
  static async create(options) {
    await ready();
    const client = new ArcClient(options);
    tellInsecureHosts(options.insecureHosts, "ArcClient");
    return client;
  }

  constructor(options) {
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
    const limit = (key, otherwise) => numberOption(limits, key, otherwise, 1, 2 ** 30, "limits");
    this.#limits = {
      answer: limit("maxAnswerBytes", LARGEST),
      event: limit("maxEventBytes", LARGEST),
      stream: limit("maxStreamBytes", 64 * 1024 * 1024),
    };
    this.task = this.#group("task");
    this.chat = this.#group("chat");
  }

  /** Calls any method. `params` goes as it is; with `params.stream: true` the answer is an iterable of events. */
  call(method, options) {
    return this.#start(options?.params?.stream === true, () => {
      checkKeys(options, ["params", ...common]);
      return [name("method", method), options, options.params];
    });
  }

  // The methods of `task` or `chat`.
  #group(group) {
    const members = {};
    for (const [method, known] of Object.entries(methods)) {
      const [owner, own] = method.split(".");
      if (owner !== group) continue;
      members[own] = (options) =>
        this.#start(options?.stream === true, () => {
          const names = known.map((param) => param.replace("!", ""));
          checkKeys(options, [...common, ...names]);
          const params = {};
          for (const [index, param] of names.entries()) {
            const value = options[param];
            if (value !== undefined) params[param] = messages.includes(param) ? toMessage(param, value) : value;
            else if (known[index].endsWith("!")) throw configError(param, `is missing: ${method} needs it`);
          }
          return [method, options, params];
        });
    }
    return Object.freeze(members);
  }

  // A promise of the answer; what is wrong with the arguments rejects it too. For a stream it can be iterated as it is.
  #start(isStream, read) {
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
      return this.#ask({ id, body, isStream, signal: options.signal, timeoutMs });
    })();
    return isStream ? iterable(answer) : answer;
  }

  // Asks once, and once more with a fresh token when the first was refused for being expired before anything was done.
  async #ask({ id, body, isStream, signal, timeoutMs }) {
    const watch = new Watch(signal, timeoutMs);
    const secrets = [];
    let stream;
    try {
      if (watch.signal.aborted) throw watch.error();
      let token = await watch.over(this.#bearer.get(watch.signal));
      secrets.push(token);
      let answer = await this.#send(id, body, token, isStream, watch, secrets);
      if (answer.failure?.repeat && this.#bearer.canRenew) {
        token = await watch.over(this.#bearer.renew(token, watch.signal));
        secrets.push(token);
        answer = await this.#send(id, body, token, isStream, watch, secrets);
      }
      if (answer.failure) throw toError(answer.failure, answer.peer, this.#bearer.canRenew);
      if (!isStream) return answer.result;
      const failed = (data) => {
        const told = cleaned(data, secrets);
        const failure = JSON.parse(call("arcEventFailure", JSON.stringify(told)));
        return toError(failure, { details: told.error?.details ?? told.details }, this.#bearer.canRenew);
      };
      const broke = (thrown) => unreachable(thrown, secrets);
      stream = new ChatStream(answer, { watch, limits: this.#limits, failed, broke });
      return stream;
    } finally {
      if (!stream) watch.stop();
    }
  }

  async #send(id, body, token, isStream, watch, secrets) {
    const response = await this.#post(body, token, isStream, watch, secrets);
    const header = (field) => response.headers.get(field) ?? undefined;
    const isEvents = /^text\/event-stream\s*(;|$)/i.test(header("content-type") ?? "");
    if (response.ok && isEvents) {
      if (isStream) return { response };
      response.body?.cancel().catch(() => {});
      throw broken("the answer is a stream, which was not asked for");
    }
    let answer;
    try {
      answer = JSON.parse(await textOf(response, this.#limits.answer, watch, secrets));
    } catch (thrown) {
      // Of an error the status is left; of a success nothing.
      if (!(thrown instanceof SyntaxError) && (response.ok || watch.signal.aborted)) throw thrown;
    }
    const head = headOf(answer, response.ok, secrets);
    const challenge = cleaned(header("www-authenticate"), secrets);
    const failure = call("arcAnswer", id, this.#requestAgent, response.status, challenge, JSON.stringify(head));
    if (failure === undefined) return { result: answer.result };
    const retryAfterSec = retryAfterOf(response.headers);
    return {
      failure: JSON.parse(failure),
      peer: { status: response.status, details: head?.error?.details, retryAfterSec },
    };
  }

  async #post(body, token, isStream, watch, secrets) {
    const fetch = this.#fetch;
    const request = {
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
    let response;
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

// The answer's text, bounded.
async function textOf(response, limit, watch, secrets) {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (...chunk) => {
    try {
      return decoder.decode(...chunk);
    } catch {
      throw broken("the answer is not UTF-8");
    }
  };
  let text = "";
  let length = 0;
  try {
    for await (const chunk of chunks(response, watch)) {
      length += chunk.length;
      if (length > limit) {
        const size = `it has ${length} bytes at least, and ${limit} are allowed`;
        throw broken(`the answer is longer than \`limits.maxAnswerBytes\`: ${size}`, { bytes: length, limit });
      }
      text += decode(chunk, { stream: true });
    }
  } catch (thrown) {
    throw unreachable(thrown, secrets);
  }
  return text + decode();
}

// What the core looks at. Of the result it is the kind alone: the caller gets it as it came. What an error quotes is cleaned.
function headOf(answer, isOk, secrets) {
  if (answer === null || typeof answer !== "object" || Array.isArray(answer)) return null;
  const { arc, id, responseAgent, targetAgent, result, error, message, detail } = answer;
  const isObject = typeof result === "object" && !Array.isArray(result);
  const kind = result === undefined || result === null ? result : isObject ? {} : 0;
  const said = isOk ? {} : { message, detail };
  return { arc, id, responseAgent, targetAgent, result: kind, ...cleaned({ error, ...said }, secrets) };
}

function toMessage(key, value) {
  if (typeof value === "string") return { role: "user", parts: [{ type: "TextPart", content: value }] };
  if (value !== null && typeof value === "object" && Array.isArray(value.parts)) return value;
  throw configError(key, "must be a string, or a message: { role, parts }");
}

function name(key, value) {
  if (typeof value === "string") return value;
  throw configError(key, value === undefined ? "is missing" : "must be a string");
}
