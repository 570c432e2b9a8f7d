// Asks the agent behind the gate that `npm start` runs, with a token by client credentials.

import { ArcClient, TokenManager } from "arcgate";

const { ISSUER = "http://127.0.0.1:9000", GATE = "http://127.0.0.1:8787/arc" } = process.env;
const { CLIENT_ID = "demo", CLIENT_SECRET = "demo-secret" } = process.env;

const token = await TokenManager.create({
  type: "client_credentials",
  issuer: ISSUER,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  clientAuth: "client_secret_post",
  scope: "arc.agent.caller arc.task.controller arc.chat.controller",
  resource: GATE,
});
const agents = await ArcClient.create({ endpoint: GATE, requestAgent: "example-script", token });

try {
  const { task } = await agents.task.create({ targetAgent: "echo", initialMessage: "hello" });
  console.log(task.status, task.messages.at(-1).parts[0].content);
  for await (const event of agents.chat.start({ targetAgent: "echo", initialMessage: "and again", stream: true })) {
    if (event.type === "message") console.log(event.message.parts[0].content);
  }
} catch (error) {
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
