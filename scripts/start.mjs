// `npm start`: what is missing is installed, the module built, and the Worker and an OpenID provider started.

import { join } from "node:path";
import { build } from "./build.mjs";
import { root } from "./setup/cache.mjs";
import { endGroup, startGroup } from "./setup/processes.mjs";
import { main, Stop, step } from "./setup/steps.mjs";
import { setup } from "./setup.mjs";
import { playground } from "./start/playground.mjs";
import { isFree } from "./start/ports.mjs";
import { givenVariables } from "./start/variables.mjs";
import { answering, startWorker } from "./start/worker.mjs";

const port = portFrom("PORT", 8787);
const idpPort = portFrom("IDP_PORT", 9000);
const origin = `http://127.0.0.1:${port}`;
const issuer = `http://127.0.0.1:${idpPort}`;

function portFrom(name, otherwise) {
  const text = process.env[name] || String(otherwise);
  return /^\d+$/.test(text) && Number(text) > 0 && Number(text) < 65536 ? Number(text) : text;
}

async function checkPort(number, name, whose) {
  if (typeof number !== "number") throw new Stop(`${name}=${number} is no port: give a number from 1 to 65535`);
  if (!(await isFree(number)))
    throw new Stop(`port ${number} (${whose}) is in use: give another, e.g. ${name}=${number + 1} npm start`);
}

const started = [];
let ending;

function end(code) {
  ending ??= Promise.all(started.map((close) => close())).then(() => process.exit(code));
  return ending;
}

async function start() {
  await checkPort(port, "PORT", "the Worker's");
  await checkPort(idpPort, "IDP_PORT", "the OpenID provider's");
  if (port === idpPort) throw new Stop("PORT and IDP_PORT are the same: give two different ones");
  await setup(["npm", "wasm"]);
  await build();

  const { given, has } = givenVariables();
  const variables = { ...given };
  if (!has("PROVIDERS"))
    variables.PROVIDERS = JSON.stringify({ local: { issuer, audience: [`${origin}/arc`, `${origin}/arcp`] } });
  variables.PLAYGROUND = playground({ issuer, origin, trusted: !has("PROVIDERS") });

  console.log("Start");
  await step("OpenID provider", "issues the tokens that the Worker verifies", async () => {
    const child = startGroup(process.execPath, [join(root, "tests/idp/cli.mjs")], {
      env: { PORT: String(port), IDP_PORT: String(idpPort) },
      onLine: (line) => line.startsWith("OpenID provider:") || console.log(`[provider] ${line}`),
    });
    started.push(() => endGroup(child));
    await answering(`${issuer}/.well-known/openid-configuration`, child, "the OpenID provider");
    child.ended.then(() => stopped("the OpenID provider"));
  });
  await step("Worker", "wrangler dev, Cloudflare's runtime on this machine", async () => {
    let quiet = true; // wrangler's own words while it starts are shown only if it fails
    const worker = await startWorker({ port, variables, onLine: (line) => quiet || console.log(`[worker] ${line}`) });
    quiet = false;
    started.push(worker.close);
    worker.ended.then(() => stopped("the Worker"));
  });
  console.log(nextSteps(has("PROVIDERS")));
  await new Promise(() => {}); // until Ctrl-C
}

function stopped(name) {
  if (ending) return;
  console.error(`\narcgate: ${name} has ended; ending the rest`);
  end(1);
}

function nextSteps(ownProviders) {
  const scope = "arc.agent.caller arc.task.controller arc.chat.controller";
  const request = {
    arc: "1.0",
    id: "1",
    method: "task.create",
    requestAgent: "me",
    targetAgent: "echo",
    params: { initialMessage: { role: "user", parts: [{ type: "TextPart", content: "hello" }] } },
  };
  return `
The playground:          ${origin}/
The OpenID provider:     ${issuer}/.well-known/openid-configuration

1. Get a token${ownProviders ? " (from the local provider; PROVIDERS is set, so the Worker may trust only yours)" : ""}:

TOKEN=$(curl -s ${issuer}/token -d grant_type=client_credentials -d client_id=demo -d client_secret=demo-secret -d 'scope=${scope}' -d resource=${origin}/arc | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

2. Call an agent with it:

curl -s ${origin}/arc -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '${JSON.stringify(request)}'

Ctrl-C ends everything.
`;
}

// Under npm, the end of npm is the end of this too, however it came.
if (process.env.npm_lifecycle_event) {
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || end(1), 1000).unref();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => end(signal === "SIGINT" ? 130 : 143));

await main(async () => {
  try {
    await start();
  } catch (error) {
    if (!ending) await Promise.all(started.map((close) => close()));
    throw error;
  }
});
