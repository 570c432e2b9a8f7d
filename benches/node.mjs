// The benchmark in Node.

import { serve } from "./serve.mjs";

serve();
