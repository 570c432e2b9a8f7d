// The package in the tools of its users, each way of each.

import { consumers, declare } from "./harness/consumers.mjs";

declare(await consumers(), () => true);
