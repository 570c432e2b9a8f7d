#!/usr/bin/env node
// The command `arcgate-conformance`: any runtime of ARCP, held to the specification's rules.

import { existsSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { type Options, readOptions } from "../conformance/options.js";
import { junitReport } from "../conformance/report/junit.js";
import { exitCode, type Report } from "../conformance/report/report.js";
import { printable, summary, textReport } from "../conformance/report/text.js";
import { runConformance } from "../conformance/run.js";
import { documents } from "../documentation.js";
import { version } from "../version.js";
import { authoritiesFrom } from "./authorities.js";
import { Refused } from "./refused.js";

const help = `arcgate-conformance ${version}: an ARCP 1.1 runtime, held to the specification's rules

  npx -p arcgate arcgate-conformance ws://host/arcp --token … [options]

  --token <text>          a bearer token that the runtime takes; or ARCP_TOKEN
  --token2 <text>         one of another principal, for the rules on authorization; or ARCP_TOKEN2
  --agent <name>          gives its input back; echo
  --slow-agent <name>     reports progress and takes its time; count
  --slow-input <json>     its input, for some seconds of events, instead of { "to": 200, "delayMs": 100 }
  --chunk-agent <name>    gives its result in chunks; --chunk-input <json> is its input
  --only <rules>          these rules alone: 13,57,A7
  --timeout <seconds>     how long an answer may take; 8
  --ca <file>             certificates (PEM) of authorities that are trusted besides the public ones
  --format <name>         text, json or junit
  --output <file>         where the report goes, instead of to the terminal

  -h, --help      this
  -v, --version   the version

Each rule passes, fails, or is not applicable, with the reason and the frames that prove it, tokens left out.
A run takes up to two minutes: heartbeats have their time. Run it where abuse harms nobody.
Exit codes: 0 every MUST that could be judged passes, 1 one fails, 2 a wrong argument, a runtime that is out of reach, or
a report that can't be written (it is shown instead).
${documents}conformance/README.md
`;

async function run(args: readonly string[]): Promise<number> {
  const options = readOptions(args, process.env, (file) => authoritiesFrom(file).join(""));
  if (options === "version") process.stdout.write(`${version}\n`);
  else if (options === "help") process.stdout.write(help);
  else return report(options);
  return 0;
}

async function report({ target, format, output, only }: Options): Promise<number> {
  const isWatched = process.stderr.isTTY === true;
  const say = (text: string) => isWatched && process.stderr.write(`\r\u001b[K${text}`);
  // A run takes minutes: whether its report can be written is found out before.
  const isNew = output !== undefined && !existsSync(output);
  if (output !== undefined) write(output, "", "a");
  let made: Report;
  try {
    made = await runConformance({
      target,
      ...(only && { only }),
      onResult: ({ rule, title }, done, total) => say(`${done}/${total}  ${rule} ${title}`.slice(0, 100)),
    });
  } catch (error) {
    if (isNew) rmSync(output, { force: true });
    throw error;
  }
  say("");
  const text = written(made, format);
  if (output === undefined) process.stdout.write(text);
  else {
    try {
      write(output, text, "w");
    } catch (error) {
      process.stdout.write(text);
      throw error;
    }
    process.stdout.write(`${summary(made)}: ${output}\n`);
  }
  return exitCode(made);
}

function write(file: string, text: string, flag: "a" | "w"): void {
  try {
    writeFileSync(file, text, { flag });
  } catch (error) {
    throw new Refused(`--output ${file} can't be written (${(error as { code?: string }).code})`, 2);
  }
}

function written(report: Report, format: Options["format"]): string {
  if (format === "json") return `${JSON.stringify({ version, ...report }, null, 2)}\n`;
  return format === "junit" ? junitReport(report) : textReport(report);
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  process.stderr.write(`arcgate-conformance: ${printable(error.message)}\n`);
  process.exitCode = error.exitCode;
}
