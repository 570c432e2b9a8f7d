// For people: what failed first and with its frames, then what passed, then what could not be judged.

import type { Result } from "../rule.js";
import { count, type Report } from "./report.js";

/** So much of a frame is shown here; the JSON has more. */
const WIDTH = 400;
/** So many frames of a failure are shown, from the end. */
const SHOWN = 16;

export function textReport(report: Report): string {
  const of = (outcome: Result["outcome"]) => report.rules.filter((rule) => rule.outcome === outcome);
  const failed = of("fail").flatMap((rule) => [line("FAIL", rule), ...rule.frames.slice(-SHOWN).map(frame), ""]);
  const lines = [
    `${report.specification} against ${report.url}`,
    `${printable(`${report.runtime.name} ${report.runtime.version}`)}, ${report.startedAt}, ${report.seconds} s`,
    `features: ${printable(report.features.join(", ")) || "none"}; resumes by ${report.resumes}`,
    "",
    ...failed,
    ...of("pass").map((rule) => line("pass", rule)),
    "",
    ...of("notApplicable").map((rule) => line(" -- ", rule)),
    "",
    summary(report),
  ];
  return `${lines.join("\n")}\n`;
}

/** What a runtime says moves no cursor and colours nothing: control characters are shown by their numbers. */
export function printable(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is shown otherwise
    /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** One line: how many passed, and how many MUSTs did not. */
export function summary(report: Report): string {
  const failed = count(report, "fail");
  const musts = count(report, "fail", "MUST");
  return `${count(report, "pass")} passed, ${failed} failed (${musts} MUST, ${failed - musts} others), ${count(report, "notApplicable")} not applicable`;
}

function line(mark: string, { rule, level, isStated, section, title, reason, notes }: Result): string {
  const where = /^(v1|RFC)/.test(section) ? section : `§${section}`;
  const more = printable([reason, ...notes].filter(Boolean).join("; "));
  return `${mark} ${rule.padStart(3)} ${level}${isStated ? "*" : ""} ${where}: ${title}${more && `\n          ${more}`}`;
}

function frame({ connection, ms, direction, text }: Result["frames"][number]): string {
  const mark = { sent: "-->", received: "<--", happened: "   " }[direction];
  const shown = printable(text.length > WIDTH ? `${text.slice(0, WIDTH)}…` : text);
  return `          ${String(ms).padStart(6)} ms  #${connection} ${mark} ${shown}`;
}
