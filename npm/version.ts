// The version of this package, and how it says so to servers.

/** The version of this package. */
export const version = "0.1.0" as string;

// A browser names itself, and asks the other origin's permission first for whoever does it in its place.
const isBrowser = /^Mozilla\//.test(globalThis.navigator?.userAgent ?? "");

/**
 * The header fields by which a request says whose it is: firewalls in front of providers refuse those that don't, and Workers
 * say nothing by themselves. None in browsers. @internal
 */
export const ownName: Readonly<Record<string, string>> = isBrowser ? {} : { "user-agent": `arcgate/${version}` };
