// Authorities of one's own: the providers and upstreams of a private network have their certificates from them.

import { readFileSync } from "node:fs";
import { Refused } from "./refused.js";

/** The certificates of a file. */
export function authoritiesFrom(file: string | undefined): string[] {
  if (file === undefined) return [];
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Refused(`--ca ${file} can't be read (${(error as { code?: string }).code})`, 2);
  }
  // A key beside them is nobody's business.
  const found = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  if (found === null) throw new Refused(`--ca ${file} has no certificate in it: give it as PEM`, 2);
  return found.map((certificate) => `${certificate}\n`);
}
