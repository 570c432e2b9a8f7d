import { route } from "@react-router/dev/routes";

export default [
  route("server", "routes/server.jsx"),
  route("client", "routes/client.jsx"),
  route("api", "routes/api.js"),
];
