// Redirects, followed here where they can be seen: the token goes no further than the origin that it is for. Not every platform takes
// it off by itself (RFC 9110 §15.4, and the Fetch Standard's HTTP-redirect fetch).

type Input = RequestInfo | URL;
type Send = (input: Input, init: RequestInit) => Promise<Response>;

const MOST = 20;
const statuses = [301, 302, 303, 307, 308];
// What describes a body, and goes with it.
const ofBody = ["content-encoding", "content-language", "content-length", "content-location", "content-type"];
// What is for the first origin alone.
const ofOrigin = ["authorization", "cookie", "host", "proxy-authorization"];

/** A request with the token in its headers. */
interface Started {
  url: URL;
  request: Request | undefined;
  init: RequestInit & { headers: Headers };
  /** Whether its body can be sent again. */
  canRepeat: boolean;
}

/** Sends a request, `next()` of it, and follows where it is redirected to. `left()` is called when that is another origin. */
export async function redirected(send: Send, next: () => Input, started: Started, left: () => void): Promise<Response> {
  const { request, canRepeat } = started;
  const init: RequestInit & { headers: Headers } = { ...started.init, redirect: "manual" };
  let { url } = started;
  let method = (init.method ?? request?.method ?? "GET").toUpperCase();
  let hasBody = (init.body ?? request?.body ?? undefined) !== undefined;
  let response = await send(next(), init);
  for (let hops = 0; ; hops += 1) {
    const place = response.headers.get("location");
    if (!statuses.includes(response.status) || place === null) return hops === 0 ? response : marked(response);
    response.body?.cancel().catch(() => {});
    if (hops === MOST) throw new TypeError(`more than ${MOST} redirects`);
    const to = new URL(asText(place), url);
    if (!/^https?:$/.test(to.protocol)) throw new TypeError("a redirect to what is no http or https URL");
    if (turnsToGet(response.status, method)) {
      Object.assign(init, { method: "GET", body: undefined });
      method = "GET";
      hasBody = false;
      for (const name of ofBody) init.headers.delete(name);
    } else if (hasBody && !canRepeat) {
      throw new TypeError("a redirect of a request whose body is a stream, which can't be sent again");
    }
    const isElsewhere = to.origin !== url.origin;
    url = to;
    if (isElsewhere) {
      for (const name of ofOrigin) init.headers.delete(name);
      left();
      // Nothing is left that would have to be watched.
      return marked(await send(again(), { ...init, redirect: "follow" }));
    }
    response = await send(again(), init);
  }

  // The same request for another place.
  function again(): Input {
    if (!request) return url.href;
    if (!request.body) return new Request(url, request);
    return new Request(
      url,
      hasBody && init.body === undefined ? (next() as Request) : { method, signal: request.signal },
    );
  }
}

// A field is bytes, each of which came as a character of its own; a place in one is UTF-8, as browsers and Node's `fetch` read it.
function asText(place: string): string {
  if (/^[\0-\x7f]*$/.test(place) || /[^\0-\xff]/.test(place)) return place;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(place, (byte) => byte.charCodeAt(0)));
  } catch {
    // Another encoding, or a platform that has read it as text already.
    return place;
  }
}

function turnsToGet(status: number, method: string): boolean {
  return status === 303 ? !["GET", "HEAD"].includes(method) : status < 303 && method === "POST";
}

// As the platform says of those that it has followed.
function marked(response: Response): Response {
  return Object.defineProperty(response, "redirected", { value: true });
}
