// The timelines of keys, with the package's driver.

import { use } from "./jwks/provider.mjs";
import { startPackage } from "./jwks/start.mjs";
import { timelines } from "./jwks/timelines.mjs";

use(startPackage);
timelines();
