// A report as a page of docs/conformance/: what was tried, what failed and how that was seen, and every rule in a line.

const names = { pass: "pass", fail: "**fail**", notApplicable: "n/a" };
const levels = ["MUST", "SHOULD", "MAY"];
/** So many lines of evidence a failed rule shows, and so many characters of each. */
const LINES = 14;
const CHARACTERS = 300;

/** The page's text. Nothing of it depends on the machine but what the runtime said. */
export function page(report, { title, versions, version }) {
  const { rules: results } = report;
  const name = (text) => `\`${text}\``;
  const failed = results.filter(({ outcome }) => outcome === "fail");
  return `${[
    `# Conformance of ${title}`,
    `Made by \`npm run conformance\` on ${report.startedAt.slice(0, 10)}, by the runner of arcgate ${version}; [README.md](README.md) says how to read it. Tried: ${versions()}, in ${report.seconds} s. It takes sessions up again by ${name(report.resumes)}, and offers ${report.features.map(name).join(", ") || "no feature"}.`,
    counts(results),
    failed.length === 0 ? "Nothing failed." : `## What failed\n\n${failed.map(failure).join("\n\n")}`,
    `## All rules\n\n${table(results)}`,
  ].join("\n\n")}\n`;
}

function counts(results) {
  const lines = levels.map((level) => {
    const of = (outcome) => results.filter((one) => one.level === level && one.outcome === outcome).length;
    return `| ${level} | ${of("pass")} | ${of("fail")} | ${of("notApplicable")} |`;
  });
  return ["| | pass | fail | n/a |", "|---|---|---|---|", ...lines].join("\n");
}

/** Where it stands, and how much it binds. */
const place = (section) => (/^(v1|RFC)/.test(section) ? section : `§${section}`);
const force = ({ level, isStated }) => `${level}${isStated ? " (stated)" : ""}`;

function failure(result) {
  const { rule, section, title, reason, notes, frames } = result;
  const said = [reason, ...notes].map((text) => `- ${escaped(text)}`).join("\n");
  return `### ${rule}, ${place(section)}, ${force(result)}: ${escaped(title)}\n\n${said}\n\n${evidence(frames)}`;
}

function evidence(frames) {
  if (frames.length === 0) return "No frame shows it.";
  const short = shortened();
  const lines = frames.map(({ connection, direction, text }) => {
    const mark = { sent: "→", received: "←", happened: "·" }[direction];
    const whole = short(text);
    return `${connection} ${mark} ${whole.length > CHARACTERS ? `${whole.slice(0, CHARACTERS)}…` : whole}`;
  });
  // How it began, and how it ended.
  const half = LINES / 2;
  const shown =
    lines.length <= LINES + 1
      ? lines
      : [...lines.slice(0, half), `  … ${lines.length - LINES} more …`, ...lines.slice(-half)];
  return `\`\`\`text\n${shown.join("\n").replaceAll("```", "'''")}\n\`\`\``;
}

/** Ids and times in a few letters, in the order in which they come, so that two runs can be compared. */
function shortened() {
  const seen = new Map();
  const name = (id) => {
    if (!seen.has(id)) seen.set(id, seen.size + 1);
    return `#${seen.get(id)}`;
  };
  return (text) =>
    text
      .replaceAll(/\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g, name)
      .replaceAll(/(?<=_)[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g, name)
      .replaceAll(/\b[0-9a-f]{32}\b/g, name)
      .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, name)
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "<time>")
      .replaceAll(/127\.0\.0\.1:\d+/g, "<host>");
}

function table(results) {
  const lines = results.map((result) => {
    const { rule, section, by, title, outcome, reason, notes } = result;
    const why = [outcome === "fail" ? undefined : reason, ...notes].filter(Boolean).join("; ");
    const cells = [rule, place(section), by, force(result), title].map(escaped);
    return `| ${[...cells, names[outcome], escaped(why)].join(" | ")} |`;
  });
  return [
    "| rule | where | by | level | what | outcome | why, or which reading |",
    "|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

/** The line of docs/conformance/README.md about a page. */
export function row(name, text) {
  const title = /^# Conformance of (.*)$/m.exec(text)[1];
  const date = /on (\d{4}-\d\d-\d\d)/.exec(text)[1];
  const counted = levels.map((level) => {
    const [, ...numbers] = new RegExp(`^\\| ${level} \\| (\\d+) \\| (\\d+) \\| (\\d+) \\|$`, "m").exec(text);
    return numbers.join(", ");
  });
  return `| [${title}](${name}.md) | ${counted.join(" | ")} | ${date} |`;
}

const escaped = (text) => String(text).replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll(/\s+/g, " ");
