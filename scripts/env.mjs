// Prints the environment in which cargo, wasm-pack and the rest work by hand:  eval "$(npm run -s env)"
// The drivers are found on the PATH: naming both in variables would let one run the other's tests.

import { buildEnvironment } from "./setup/rust.mjs";
import { main } from "./setup/steps.mjs";

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

await main(async () => {
  for (const [name, value] of Object.entries(await buildEnvironment())) {
    console.log(`export ${name}=${quote(value)}`);
  }
});
