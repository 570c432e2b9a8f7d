// Prints the environment in which cargo, wasm-pack and the rest work by hand:  eval "$(npm run -s env)"

import { buildEnvironment } from "./setup/rust.mjs";
import { browsers } from "./setup/browsers.mjs";
import { main } from "./setup/steps.mjs";

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

await main(async () => {
  const { chromedriver, geckodriver } = browsers();
  const env = { ...(await buildEnvironment()), CHROMEDRIVER: chromedriver, GECKODRIVER: geckodriver };
  for (const [name, value] of Object.entries(env)) if (value) console.log(`export ${name}=${quote(value)}`);
});
