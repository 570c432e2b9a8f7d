// What the command is told.

import { parseArgs } from "node:util";
import { Refused } from "../bin/refused.js";
import type { Json } from "./messages.js";

export type Format = "text" | "json" | "junit";

/** A runtime, and what is there to try it with. */
export interface Target {
  url: URL;
  token: string;
  token2?: string;
  ca?: string;
  agent: string;
  slowAgent: string;
  /** Some events, over within two seconds. */
  shortInput: unknown;
  /** Many events over many seconds. */
  slowInput: unknown;
  /** Many events at once. */
  floodInput: unknown;
  /** Longer than two heartbeat intervals of 30 s. */
  longInput: unknown;
  /** An agent whose result comes in chunks. */
  chunkAgent?: string;
  chunkInput?: unknown;
  /** How long an answer may take. */
  timeoutMs: number;
}

export interface Options {
  target: Target;
  format: Format;
  output?: string;
  only?: string[];
}

const flags = {
  token: { type: "string" },
  token2: { type: "string" },
  agent: { type: "string" },
  "slow-agent": { type: "string" },
  "slow-input": { type: "string" },
  "chunk-agent": { type: "string" },
  "chunk-input": { type: "string" },
  timeout: { type: "string" },
  only: { type: "string" },
  format: { type: "string" },
  output: { type: "string" },
  ca: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

/** What is asked for. Tokens may stand in `ARCP_TOKEN` and `ARCP_TOKEN2`, where no list of processes shows them. */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  certificates: (file: string) => string,
): Options | "help" | "version" {
  const { values, positionals } = parsed(args);
  const text = (name: keyof typeof flags) => values[name] as string | undefined;
  if (values.version) return "version";
  if (values.help) return "help";
  const [address, extra] = positionals;
  if (address === undefined) throw wrong("say which runtime: arcgate-conformance ws://127.0.0.1:8787/arcp --token …");
  if (extra !== undefined) throw wrong("there is one argument too many");
  const token = text("token") ?? env.ARCP_TOKEN;
  if (!token) throw wrong("--token is missing: a bearer token that the runtime accepts (or ARCP_TOKEN)");
  const token2 = text("token2") ?? env.ARCP_TOKEN2;
  if (token2 === token) throw wrong("--token2 is the same token: it must be another principal's");
  const format = text("format") ?? "text";
  if (format !== "text" && format !== "json" && format !== "junit") throw wrong("--format is text, json or junit");
  const slow = text("slow-input") === undefined ? undefined : json("slow-input", text("slow-input"));
  const seconds = Number(text("timeout") ?? 8);
  if (!(seconds >= 1 && seconds <= 25)) throw wrong("--timeout is a number of seconds, from 1 to 25");
  const ca = text("ca");
  const chunkAgent = text("chunk-agent");
  const output = text("output");
  const only = text("only")
    ?.split(",")
    .map((rule) => rule.trim())
    .filter((rule) => rule !== "");
  if (only?.length === 0) throw wrong("--only names no rule: 13,57,A7");
  return {
    target: {
      url: addressOf(address),
      token,
      ...(token2 && { token2 }),
      ...(ca !== undefined && { ca: certificates(ca) }),
      agent: text("agent") ?? "echo",
      slowAgent: text("slow-agent") ?? "count",
      shortInput: slow ?? { to: 20, delayMs: 40 },
      slowInput: slow ?? { to: 200, delayMs: 100 },
      floodInput: slow ?? { to: 20_000, delayMs: 0 },
      longInput: slow ?? { to: 150, delayMs: 1000 },
      ...(chunkAgent !== undefined && { chunkAgent, chunkInput: json("chunk-input", text("chunk-input") ?? "null") }),
      timeoutMs: seconds * 1000,
    },
    format,
    ...(output !== undefined && { output }),
    ...(only !== undefined && { only }),
  };
}

function addressOf(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong("what is given is no address; ws://host/arcp or wss://host/arcp");
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw wrong("the address begins with ws:// or wss://");
  if (url.username || url.password) throw wrong("no credentials in the address: --token has its place");
  return url;
}

function json(name: string, text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null") as Json;
  } catch {
    throw wrong(`--${name} is no JSON`);
  }
}

function parsed(args: readonly string[]): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args, options: flags, allowPositionals: true, strict: true });
  } catch (error) {
    throw wrong(String((error as Error).message).split(/[.\n]/)[0] ?? "");
  }
}

function wrong(problem: string): Refused {
  return new Refused(`${problem}: arcgate-conformance --help`, 2);
}
