// Sessions that do nothing but answer heartbeats, each of a user of its own: their objects sleep, and nothing may wake one.

import { heartbeatSec, startHub, tokens } from "../gate-contenders.mjs";
import { cpuMicros } from "../measure.mjs";
import { framesOf, inParallel, open } from "./load.mjs";

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** The table. Throws where what is measured doesn't sleep at all: then it would say nothing that nothing was woken. */
export async function idleTable({ idle: { sessions: count, asleepSec, seconds, woken } }) {
  const { url, pid, close } = await startHub({ entry: "hub/worker-counting.mjs" });
  try {
    const now = async () => (await fetch(`${url.replace("ws", "http").replace("/arcp", "/counts")}`)).json();
    process.stderr.write(`idle hubs, ${count} …\n`);
    const sessions = await open(url, tokens(count, count));
    await pause(asleepSec);
    const [before, frames, cpu] = [await now(), framesOf(sessions), cpuMicros(pid)];
    await pause(seconds);
    const [after, used] = [await now(), cpuMicros(pid) - cpu];
    const heartbeats = (framesOf(sessions) - frames) / 2;
    await inParallel(sessions.slice(0, woken), woken, woken, "echo", { text: "hello" });
    const made = (await now()).made - after.made;
    if (made !== woken) throw new Error(`${woken} objects were spoken to, and ${made} of them had to be made anew`);
    const [anew, messages, alarms] = ["made", "messages", "wakings"].map((name) => after[name] - before[name]);
    return [
      `**Idle sessions**: ${count}, each of a user of its own, with a heartbeat every ${heartbeatSec} s, looked at for ${seconds} s, ${asleepSec} s after the last was opened. Then ${woken} have a job each, and so many objects have to be made anew`,
      "",
      "| heartbeats answered | objects made anew | messages to objects | alarms that went off | statements | CPU (ms a second) |",
      "|---|---|---|---|---|---|",
      `| ${heartbeats.toFixed(0)} | ${anew} | ${messages} | ${alarms} | ${after.statements - before.statements} | ${(used / 1000 / seconds).toFixed(1)} |`,
    ].join("\n");
  } finally {
    await close();
  }
}
