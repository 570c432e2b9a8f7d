// What a script says while it works: one line a step, with what it is for and how long it took.

/** Ends a script with one line that says what to do; never a stack trace. */
export class Stop extends Error {}

const live = process.stdout.isTTY;

function seconds(since) {
  const s = (Date.now() - since) / 1000;
  return s < 10 ? `${s.toFixed(1)} s` : `${Math.round(s)} s`;
}

/**
 * Runs one step. `work` gets a function for saying where it stands and may return
 * what to say instead of "ok".
 */
export async function step(name, purpose, work) {
  const since = Date.now();
  const head = `  ${name}: ${purpose}`;
  let status = "";
  const draw = () =>
    process.stdout.write(`\r\x1b[K${head} … ${status || seconds(since)}`.slice(0, (process.stdout.columns ?? 100) + 3));
  if (live) draw();
  // Without a terminal, a long step still shows that it is alive.
  const timer = setInterval(
    () => (live ? draw() : console.log(`  ${name}: still at it, ${seconds(since)} ${status}`)),
    live ? 1000 : 30_000,
  );
  try {
    const result = await work((text) => {
      status = `${seconds(since)} ${text}`;
    });
    clearInterval(timer);
    const outcome = result === "already there" ? result : `${result ?? "ok"} ${seconds(since)}`;
    console.log(`${live ? "\r\x1b[K" : ""}${head} … ${outcome}`);
  } catch (error) {
    clearInterval(timer);
    console.log(`${live ? "\r\x1b[K" : ""}${head} … failed after ${seconds(since)}`);
    throw error;
  }
}

/** Runs a script's main function: a Stop is one line and exit code 1. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`\narcgate: ${error.message}`);
    process.exitCode = 1;
  }
}
