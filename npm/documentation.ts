// Where the documents are, of the version in use.

import { version } from "./version.js";

/** The folder of the documents. */
export const documents = `https://github.com/arcgate/arcgate/blob/v${version}/docs/`;
