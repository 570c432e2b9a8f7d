#!/usr/bin/env node
// The command `arcgate`: the package's gate on a machine of one's own.

import process from "node:process";
import { documents } from "../documentation.js";
import { version } from "../version.js";
import { readArguments } from "./arguments.js";
import { Refused } from "./refused.js";
import { serve } from "./serve.js";

const help = `arcgate ${version}: authentication of agents' traffic

  npx arcgate serve [options]     the gate on this machine, under workerd

Options of serve
  --port <number>          where it listens; 8787, or PORT; 0 takes a free one
  --host <address>         127.0.0.1, or HOST
  --vars <file>            variables, one NAME=value a line; those of the environment come before them
  --data <folder>          what must outlive the process; ./arcgate-data
  --revocations <address>  where POST revokes: a port on loopback, unix:<path>, or none; a socket in the data folder
  --ca <file>              certificates (PEM) of authorities that are trusted besides the public ones
  --print-config           writes workerd's configuration, and starts nothing

  -h, --help      this
  -v, --version   the version

Variables: PROVIDERS, STATIC_TOKENS, ARC_UPSTREAM, ARCP_UPSTREAM, … (${documents}operators.md).
None set means that everybody is refused.
SIGTERM or Ctrl-C ends it, once what is under way has had 10 s; a second one at once.
Exit codes: 0 ended when asked, 1 failed, 2 a wrong argument.
`;

async function run(args: readonly string[]): Promise<number> {
  const { command, options, ask } = readArguments(args);
  if (ask === "version") process.stdout.write(`${version}\n`);
  else if (ask === "help") process.stdout.write(help);
  else if (command === "serve") return serve(options);
  return 0;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  process.stderr.write(`arcgate: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
