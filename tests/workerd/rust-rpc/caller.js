// A Worker bound to others, which calls whatever it is told to by RPC.

/** Calls a member of another Worker, which may be a path, and says whether anybody answered. */
async function call(stub, path) {
  try {
    const called = path.split(".").reduce((member, name) => member[name], stub);
    return { path, answered: String(await called()) };
  } catch (error) {
    return { path, refused: error.message };
  }
}

export default {
  async fetch(request, env) {
    if (request.method !== "POST") return new Response("ok");
    const { binding, paths } = await request.json();
    return Response.json(await Promise.all(paths.map((path) => call(env[binding], path))));
  },
};
