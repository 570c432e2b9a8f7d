// The command's arguments.

import { parseArgs } from "node:util";
import { nearest } from "../platform/options.js";
import { Refused } from "./refused.js";

/** The options of `serve`, as they were given. */
export interface ServeOptions {
  port?: string;
  host?: string;
  vars?: string;
  data?: string;
  revocations?: string;
  ca?: string;
  printConfig?: boolean;
}

const flags = {
  port: { type: "string" },
  host: { type: "string" },
  // Not `--env-file`: Node takes that for its own, wherever it stands.
  vars: { type: "string" },
  data: { type: "string" },
  revocations: { type: "string" },
  ca: { type: "string" },
  "print-config": { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

/** What is asked for. Refuses what it doesn't know. */
export function readArguments(args: readonly string[]): {
  command?: "serve";
  options: ServeOptions;
  ask?: "help" | "version";
} {
  const { values, positionals } = parsed(args);
  const [command, extra] = positionals;
  const texts = values as Record<keyof typeof flags, string & boolean>;
  const options: ServeOptions = {
    port: texts.port,
    host: texts.host,
    vars: texts.vars,
    data: texts.data,
    revocations: texts.revocations,
    ca: texts.ca,
    printConfig: texts["print-config"],
  };
  if (texts.version) return { options, ask: "version" };
  if (texts.help || command === "help") return { options, ask: "help" };
  if (command === undefined) throw new Refused("say what to do: npx arcgate serve, or npx arcgate --help", 2);
  if (command !== "serve") throw new Refused(`there is no command ${command}; there is serve, and --help`, 2);
  if (extra !== undefined) throw new Refused(`${extra} is one argument too many: npx arcgate --help`, 2);
  return { command, options };
}

function parsed(args: readonly string[]): ReturnType<typeof parseArgs> {
  for (const arg of args) {
    const name = /^--([^=]+)/.exec(arg)?.[1];
    if (name === undefined || Object.hasOwn(flags, name)) continue;
    const near = name === "env-file" ? "vars" : nearest(name, Object.keys(flags));
    throw new Refused(`--${name} is not an option; ${near ? `did you mean --${near}?` : "npx arcgate --help"}`, 2);
  }
  try {
    return parseArgs({ args, options: flags, allowPositionals: true, strict: true });
  } catch (error) {
    // The first sentence says which option lacks its value, or has one that it doesn't take.
    throw new Refused(`${String((error as Error).message).split(/[.\n]/)[0]}: npx arcgate --help`, 2);
  }
}
