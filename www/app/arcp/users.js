// Who connects here: the user of this page, and bob, who is somebody else.

/** `connect(who, options)` opens a session of theirs with the gate. `who` is "demo" or "bob". */
export function startUsers({ arcgate, settings }) {
  const [demo] = settings.clients;
  const secrets = { demo, bob: settings.bob };
  const managers = {};

  function managerOf(who) {
    const { id, secret } = secrets[who];
    managers[who] ??= arcgate.TokenManager.create({
      type: "client_credentials",
      issuer: settings.issuer,
      clientId: id,
      clientSecret: secret,
      clientAuth: "client_secret_post",
      resource: settings.audience,
      scope: "arc.agent.caller arc.task.controller",
    });
    return managers[who];
  }

  return {
    async connect(who, options = {}) {
      return arcgate.ArcpClient.connect(new URL("/arcp", location.origin.replace("http", "ws")).href, {
        client: { name: "playground", version: arcgate.version },
        auth: { scheme: "bearer", token: await managerOf(who) },
        ...options,
      });
    },
  };
}
