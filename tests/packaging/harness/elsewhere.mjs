// What was built, where nothing of the package and of its project is.

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Takes a folder or file of the project there. Gives its new place, which is gone when the way is over. */
export function takeElsewhere({ project, atEnd }, name) {
  const folder = mkdtempSync(join(tmpdir(), "arcgate-elsewhere-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(project, name), join(folder, name), { recursive: true });
  return join(folder, name);
}
