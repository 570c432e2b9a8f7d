// A page that logs people in, calls its own server in their name, asks an agent, and runs a job over a session.

import { ArcpClient } from "arcgate/client";
import { StrictMode, Suspense, useState } from "react";
import { createRoot } from "react-dom/client";
import { SessionProvider, useSession, useToken, useUser } from "./auth.jsx";
import { session } from "./session.js";

function LogIn() {
  const { manager, problem } = useSession();
  const logIn = async () => location.assign(await manager.beginLogin({ returnTo: location.href }));
  return (
    <p>
      <button type="button" onClick={logIn}>
        Log in
      </button>{" "}
      {problem}
    </p>
  );
}

// A button, and what came of pressing it.
function Action({ name, run }) {
  const [said, setSaid] = useState("");
  const press = async () => {
    try {
      for await (const text of run()) setSaid(text);
    } catch (error) {
      setSaid(error.code ?? error.message);
    }
  };
  return (
    <p>
      <button type="button" onClick={press}>
        {name}
      </button>{" "}
      <output>{said}</output>
    </p>
  );
}

function LoggedIn({ user }) {
  const { manager, api, agents } = useSession();
  const state = useToken();
  const logOut = async () => {
    const url = await manager.logout();
    if (url) location.assign(url);
  };
  async function* whoAmI() {
    const response = await api("/api/me");
    yield response.ok ? `The server knows ${(await response.json()).id}` : `refused: ${response.status}`;
  }
  async function* ask() {
    const { task } = await agents.task.create({ targetAgent: "echo", initialMessage: "hello from React" });
    yield task.messages.at(-1).parts[0].content;
  }
  async function* count() {
    const client = await ArcpClient.connect(`${location.origin.replace("http", "ws")}/arcp`, {
      client: { name: "example-page", version: "1.0.0" },
      auth: { scheme: "bearer", token: manager },
    });
    const job = await client.submit({ agent: "count", input: { to: 3 }, idempotencyKey: crypto.randomUUID() });
    for await (const { kind, body } of job) if (kind === "progress") yield `${body.current} of ${body.total}`;
    yield `counted to ${await job.result}`;
    await client.close();
  }
  return (
    <>
      <p>
        Logged in as {user.sub}. The token is {state}.{" "}
        <button type="button" onClick={logOut}>
          Log out
        </button>
      </p>
      <Action name="Ask the server" run={whoAmI} />
      <Action name="Ask the agent" run={ask} />
      <Action name="Count" run={count} />
    </>
  );
}

function App() {
  const user = useUser();
  return user ? <LoggedIn user={user} /> : <LogIn />;
}

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <Suspense fallback={<p>…</p>}>
      <SessionProvider session={session}>
        <App />
      </SessionProvider>
    </Suspense>
  </StrictMode>,
);
