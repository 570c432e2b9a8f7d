import { waysOf } from "../webpack-5/consumer.mjs";

export default { name: "Rspack", like: "webpack-5", ways: waysOf("rspack") };
