// The ARC front's upstream: a checked request goes there, and what comes back is handed on as far as the core lets it.

import type { ByteReader } from "../../platform/fetch.js";
import { MessageBody } from "../../platform/message-body.js";
import { call, callJson } from "../../platform/modules/gate.js";
import { retryAfterOf } from "../../platform/peer-errors.js";
import type { Principal } from "../../verify/types.js";
import { ownName } from "../../version.js";
import type { Deadline } from "../../worker/deadline.js";
import type { UpstreamIdentity } from "../../worker/upstream-auth.js";
import type { UpstreamTarget } from "../../worker/upstream-target.js";
import { EventSplitter } from "./event-splitter.js";
import { eventStream, type StreamStep } from "./event-stream.js";
import type { Reply } from "./reply.js";

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true });

/** What of an answer's head the core judges. */
interface Answer {
  status: number;
  contentType: string | undefined;
  retryAfter: string | undefined;
}

/** What it says of it, once its body is read where that counts: what to do, or what goes to the client. */
interface Verdict {
  stream?: Record<string, string>;
  slash?: boolean;
  status: number;
  headers: Record<string, string>;
  reply?: Reply;
}

/** What is sent. */
interface Sending {
  ticket: string;
  principal: Principal;
  token: string;
  body: Uint8Array<ArrayBuffer>;
  watch: Deadline;
}

/** What became of it: an answer, a stream that goes on, or a reply in its place. */
export type Forwarded =
  | { status: number; headers: Record<string, string>; bytes: Uint8Array<ArrayBuffer> }
  | { headers: Record<string, string>; reader: ByteReader }
  | { failure: string; reply: Reply; error?: unknown };

/** One upstream of one deployment. `auth` is an `upstreamAuth`, `target` an `upstreamTarget`. */
export class ArcUpstream {
  #target: UpstreamTarget;
  #auth: UpstreamIdentity;
  /** An answer, or an event of a stream, may have so many bytes. */
  readonly maxAnswerBytes: number;
  /** Whether this upstream has been found to live behind a slash at its path's end. */
  #hasSlash = false;
  /** Where requests go, once it has been put together. */
  #known: URL | undefined;

  constructor(target: UpstreamTarget, auth: UpstreamIdentity, maxAnswerBytes: number) {
    this.#target = target;
    this.#auth = auth;
    this.maxAnswerBytes = maxAnswerBytes;
  }

  /** Throws ERR_CONFIG where there could be no credential for anybody. */
  check(): Promise<void> {
    return this.#auth.check();
  }

  /** What this upstream is shown for a principal: `{ token }`, or `{ failure, error }`. */
  async credential(
    principal: Principal,
    presentedToken: string | undefined,
    watch: Deadline,
  ): Promise<{ token: string; failure?: undefined } | { failure: string; error: unknown }> {
    try {
      return await this.#auth.credential(principal, presentedToken, watch.signal);
    } catch (error) {
      if (watch.isEnded) return { failure: watch.outcome, error };
      const { code, retryable } = Object(error);
      return { failure: call("arcCredentialFailure", typeof code === "string" ? code : "", Boolean(retryable)), error };
    }
  }

  /**
   * Sends the checked bytes. Gives `{ status, headers, bytes }`, `{ headers, reader }` for a stream, or
   * `{ failure, reply, error? }`. Where the watch ends meanwhile, nothing of the connection is left.
   */
  async send(request: Request, { ticket, principal, token, body, watch }: Sending): Promise<Forwarded> {
    const { signal } = watch;
    const headers = callJson<Record<string, string>>(
      "arcForwardHeaders",
      ticket,
      JSON.stringify(principal),
      passedFields(request),
    );
    headers.authorization = `Bearer ${token}`;
    const failed = (failure: string, error?: unknown) => ({ failure, reply: replyTo(ticket, failure), error });
    try {
      for (let isSecond = false; ; isSecond = true) {
        const url = this.#url(request);
        // "manual" is what every runtime knows; a redirect is never followed.
        const init: RequestInit = {
          method: "POST",
          headers: { ...ownName, ...headers },
          body,
          redirect: "manual",
          signal,
        };
        const response = await watch.over(this.#target.fetch(url.href, init));
        const answer = {
          status: response.status,
          contentType: response.headers.get("content-type") ?? undefined,
          retryAfter: retryAfterOf(response.headers)?.toString(),
        };
        const verdict = this.#judge(ticket, answer);
        if (!verdict) return await this.#read(response, ticket, answer, watch, failed);
        if (verdict.stream) return { headers: verdict.stream, reader: readerOf(response, watch) };
        drop(response);
        if (verdict.slash) {
          if (isSecond || !isSlashed(response.headers.get("location"), url)) return failed("redirect");
          this.#hasSlash = true;
          this.#known = undefined;
          const lapsed = await watch.lapsed();
          if (lapsed) return failed(lapsed);
          continue;
        }
        return outcomeOf(verdict);
      }
    } catch (error) {
      return failed(watch.isEnded ? watch.outcome : "unreachable", error);
    }
  }

  async #read(
    response: Response,
    ticket: string,
    answer: Answer,
    watch: Deadline,
    failed: (failure: string, error?: unknown) => Forwarded,
  ): Promise<Forwarded> {
    // What an upstream says of the length need not be so: it is read piece by piece.
    const coming = new MessageBody(response, 0);
    const off = watch.onEnd(() => coming.cancel());
    const whole = coming.whole(this.maxAnswerBytes, watch).finally(off);
    // Where the watch has ended, that is what it failed of.
    const bytes = await watch.over(whole).catch((error) => unless(watch.isEnded, error));
    if (watch.isEnded) return failed(watch.outcome);
    if (bytes === undefined) {
      return failed("too_large", `the answer is longer than \`limits.maxAnswerBytes\` (${this.maxAnswerBytes})`);
    }
    const verdict = this.#judge(ticket, answer, described(bytes)) as Verdict;
    return verdict.reply ? outcomeOf(verdict) : { status: verdict.status, headers: verdict.headers, bytes };
  }

  // Undefined before the body is read that the core wants to know of.
  #judge(ticket: string, { status, contentType, retryAfter }: Answer, body?: object): Verdict | undefined {
    const said = body && JSON.stringify(body);
    const verdict = call("arcJudge", ticket, status, contentType, retryAfter, said, this.#auth.mode === "passthrough");
    return verdict === undefined ? undefined : JSON.parse(verdict);
  }

  // A service binding sees the host that the client called. Where there is a URL, each request goes there.
  #url(request: Request): URL {
    if (this.#known) return this.#known;
    const url = new URL(this.#target.url ?? new URL("/arc", request.url));
    if (this.#hasSlash && !url.pathname.endsWith("/")) url.pathname += "/";
    if (this.#target.url) this.#known = url;
    return url;
  }
}

/** Hands an upstream's events on as they come, whole ones only, as fast as they are read. `ended(outcome)` is told once. */
export function handOn(
  reader: ByteReader,
  { ticket, limit, watch, ended }: { ticket: string; limit: number; watch: Deadline; ended: (outcome: string) => void },
): ReadableStream<Uint8Array> {
  const events = new EventSplitter(limit);
  const last = (outcome: string) =>
    outcome === "gone" ? undefined : encoder.encode(call("arcForwardEvents", ticket, outcome));
  const failed = (outcome: string): StreamStep => ({ outcome, bytes: last(outcome) });
  const next = async (): Promise<StreamStep> => {
    try {
      for (;;) {
        events.check();
        const { done, value } = await reader.read();
        // What is no whole event at the end of a stream is none.
        if (done) return { outcome: "output" };
        const bytes = events.push(value);
        if (bytes) return { bytes };
      }
    } catch (thrown) {
      return failed(thrown instanceof RangeError ? "too_large" : "unreachable");
    }
  };
  return eventStream(watch, {
    next,
    last,
    ended: (outcome) => {
      reader.cancel().catch(() => {});
      ended(outcome);
    },
  });
}

/** The answer in the place of an upstream's. */
export function replyTo(ticket: string, failure: string): Reply {
  // Nobody reads it; it says that the request broke off.
  return failure === "gone" ? callJson<Reply>("arcBroken") : callJson<Reply>("arcForwardReply", ticket, failure);
}

// The same place with a slash at its end, by the server's own account. Only what we are configured with is asked: the scheme,
// which servers behind a proxy get wrong, stays ours.
function isSlashed(location: string | null, url: URL): boolean {
  let target: URL;
  try {
    target = new URL(location ?? "", url);
  } catch {
    return false;
  }
  return target.hostname === url.hostname && target.pathname === `${url.pathname}/` && target.search === url.search;
}

// Of a verdict that ends it: everything else is read, handed on or asked once more.
function outcomeOf({ reply }: Verdict): Forwarded {
  const { reason } = reply as Reply;
  return { failure: reason, reply: reply as Reply };
}

let names: string[] | undefined;

// The client's header fields of which the core says that something goes on: lines of name and value.
function passedFields({ headers }: Request): string {
  names ??= call("arcForwardNames").split("\n");
  const lines: string[] = [];
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) lines.push(name, value);
  }
  return lines.join("\n");
}

// What counts of an answer's body, for the core. The bytes themselves go to the client as they came.
function described(bytes: Uint8Array): object {
  let answer: unknown;
  try {
    answer = JSON.parse(strict.decode(bytes));
  } catch {
    return {};
  }
  const { arc, id, result, error } = Object(answer);
  return {
    version: typeof arc === "string" ? arc : undefined,
    id: typeof id === "string" || typeof id === "number" ? JSON.stringify(id) : undefined,
    hasResult: (result ?? undefined) !== undefined || (result === null && !error),
    hasError: Boolean(error),
    code: typeof error?.code === "number" ? error.code : undefined,
  };
}

function readerOf(response: Response, watch: Deadline): ByteReader {
  const reader = (response.body ?? new Blob([]).stream()).getReader();
  watch.onEnd(() => void reader.cancel().catch(() => {}));
  return reader;
}

function unless(isEnded: boolean, error: unknown): undefined {
  if (!isEnded) throw error;
}

function drop(response: Response): void {
  response.body?.cancel().catch(() => {});
}
