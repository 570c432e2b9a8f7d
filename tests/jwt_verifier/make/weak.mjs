// A key that is too short to be used.

import { readFileSync } from "node:fs";

export const { weak } = JSON.parse(readFileSync(new URL("../../attacks/keys.json", import.meta.url), "utf8"));
