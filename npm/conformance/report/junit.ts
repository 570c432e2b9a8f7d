// JUnit's XML, as continuous integration reads it: a MUST that fails is a failure; a SHOULD that fails is skipped with its
// reason, for it fails no build.

import type { Result } from "../rule.js";
import { count, type Report } from "./report.js";
import { summary } from "./text.js";

export function junitReport(report: Report): string {
  const failures = count(report, "fail", "MUST");
  const skipped = count(report, "notApplicable") + count(report, "fail") - failures;
  const totals = `tests="${report.rules.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${report.seconds}"`;
  const name = escaped(`${report.specification}: ${report.runtime.name} ${report.runtime.version}`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `<testsuite name="${name}" timestamp="${report.startedAt}" ${totals}>`,
    ...report.rules.map(testcase),
    `<system-out>${escaped(summary(report))}</system-out>`,
    "</testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testcase({ rule, section, level, title, outcome, reason = "", notes, ms, frames }: Result): string {
  const name = escaped(`${rule} ${level} ${section}: ${title}`);
  const open = `<testcase classname="arcp.${rule}" name="${name}" time="${ms / 1000}"`;
  const evidence = frames.map(({ connection, ms, direction, text }) => `${ms} ms #${connection} ${direction} ${text}`);
  const output = [...notes, ...evidence].join("\n");
  const said = output && `<system-out>${escaped(output)}</system-out>`;
  if (outcome === "pass") return `${open}>${said}</testcase>`;
  if (outcome === "fail" && level === "MUST")
    return `${open}><failure message="${escaped(reason)}"/>${said}</testcase>`;
  const message = outcome === "fail" ? `${level} not met: ${reason}` : `not applicable: ${reason}`;
  return `${open}><skipped message="${escaped(message)}"/>${said}</testcase>`;
}

// XML 1.0 has no place for most control characters, nor for half a character.
function escaped(text: string): string {
  const entities: Record<string, string> = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "\n": "&#10;" };
  return (
    text
      .replace(/\p{Surrogate}/gu, "\ufffd")
      .replace(/[<>&"\n]/g, (character) => entities[character] ?? "")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
      .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
  );
}
