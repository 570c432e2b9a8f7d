// Runs a job over an ARCP session, behind the gate that `npm start` runs: its progress as it comes, then its result.
// Node 22 or newer, which has a WebSocket.

import { ArcpClient, TokenManager } from "arcgate";

const { ISSUER = "http://127.0.0.1:9000", GATE = "http://127.0.0.1:8787/arcp" } = process.env;
const { CLIENT_ID = "demo", CLIENT_SECRET = "demo-secret" } = process.env;

const token = await TokenManager.create({
  type: "client_credentials",
  issuer: ISSUER,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  clientAuth: "client_secret_post",
  resource: GATE,
});

try {
  const session = await ArcpClient.connect(GATE.replace("http", "ws"), {
    client: { name: "example-session", version: "1.0.0" },
    auth: { scheme: "bearer", token },
  });
  // With a key, a job whose acceptance is lost with the connection is asked for again, and not run twice.
  const job = await session.submit({ agent: "count", input: { to: 3 }, idempotencyKey: crypto.randomUUID() });
  for await (const { kind, body } of job) {
    if (kind === "progress") console.log(`${body.current} of ${body.total}`);
  }
  console.log(`result: ${await job.result}`);
  await session.close();
} catch (error) {
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  token.close();
}
