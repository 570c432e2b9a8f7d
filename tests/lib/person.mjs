// A person with a browser, as far as the provider's login pages need one: cookies, redirects, two forms.

/**
 * Follows a login's URL through the provider's pages as `name`, until they redirect to `redirectUri`: gives that URL.
 * `jar` keeps the person logged in at the provider for the next time.
 */
export async function logIn(url, redirectUri, { name = "alice", jar = new Map() } = {}) {
  let next = { url: String(url) };
  for (let hop = 0; hop < 20; hop += 1) {
    const response = await fetch(next.url, {
      method: next.body ? "POST" : "GET",
      body: next.body,
      headers: { cookie: [...jar].map(([key, value]) => `${key}=${value}`).join("; ") },
      redirect: "manual",
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair] = cookie.split(";");
      const at = pair.indexOf("=");
      jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const location = response.headers.get("location");
    const page = await response.text();
    if (location) {
      const target = new URL(location, next.url).href;
      if (target.startsWith(redirectUri)) return target;
      next = { url: target };
      continue;
    }
    const action = page.match(/<form[^>]* action="([^"]+)"/)?.[1];
    if (!action) throw new Error(`the provider shows no form: ${response.status} ${page.slice(0, 200)}`);
    const prompt = page.match(/name="prompt" value="([^"]+)"/)?.[1];
    next = {
      url: new URL(action, next.url).href,
      body: new URLSearchParams({ prompt, ...(prompt === "login" && { login: name, password: "any" }) }),
    };
  }
  throw new Error("the provider redirects without end");
}
