// What a test file says, as node:test's spec reporter has it, and after its failing tests how the file ended: a process that dies, or
// a promise that fails when the tests are over, is a failure of the file, of which the spec reporter says "test failed".

import { Readable } from "node:stream";
import { spec } from "node:test/reporters";

/** So many lines of standard error are repeated at the end. */
const LINES = 40;

export default async function* reporter(source) {
  const errors = [];
  const late = [];
  const ends = [];
  async function* seen() {
    for await (const event of source) {
      const { type, data } = event;
      if (type === "test:stderr") errors.push(data.message);
      if (type === "test:diagnostic" && /generated asynchronous activity after/.test(data.message))
        late.push(data.message);
      if (type === "test:fail") ends.push(endOf(data));
      yield event;
    }
  }
  yield* Readable.from(seen()).pipe(new spec());
  if (ends.length === 0) return;
  yield* ends.filter(Boolean);
  for (const message of late) yield `after a test had ended:\n${indented(message)}\n`;
  const lines = errors.join("").trimEnd().split("\n").slice(-LINES);
  if (lines.join("")) yield `the last that was said on standard error:\n${indented(lines.join("\n"))}\n`;
}

// Of a file: its exit code, or the signal that ended it.
function endOf({ name, details: { error } }) {
  if (error.exitCode === undefined && error.signal === undefined) return undefined;
  return `\n${name} ended by ${error.signal ? `signal ${error.signal}` : `exit code ${error.exitCode}`}\n`;
}

const indented = (text) => text.replace(/^(?=.)/gm, "  ");
