# The Worker on a machine of your own, without wrangler: `npm run serve`, or by hand (docs/upstream.md)
#
#   workerd serve worker/workerd.capnp --socket-addr http=127.0.0.1:8787 --directory-path state=/var/lib/arcgate
#
# The variables come from the environment. TLS is the business of what stands before it.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = .services,
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "arcgate")],
);

# By themselves, for a configuration of yours that imports this one: another socket, say, for the entrypoint `revocations`.
const services :List(Workerd.Service) = [
  (name = "arcgate", worker = .arcgate),
  # What must outlive the process: --directory-path state=… says where.
  (name = "state", disk = (path = "/var/lib/arcgate", writable = true)),
  # The providers and the upstreams, which the configuration names: on the internet, on this machine, or beside it.
  (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
];

const arcgate :Workerd.Worker = (
  # Made by `npm run serve`; or by esbuild, with *.wasm as an external.
  modules = [
    (name = "index.js", esModule = embed "../dist/workerd/index.js"),
    (name = "core.wasm", wasm = embed "../dist/workerd/core.wasm"),
  ],
  compatibilityDate = "2026-10-01",
  # A client that goes away is told to the Worker, and so to agents and upstreams.
  compatibilityFlags = ["enable_request_signal"],
  bindings = [
    (name = "RUNTIME_HUB", durableObjectNamespace = "RuntimeHub"),
    (name = "PROVIDERS", fromEnvironment = "PROVIDERS"),
    (name = "STATIC_TOKENS", fromEnvironment = "STATIC_TOKENS"),
    (name = "ARC_UPSTREAM", fromEnvironment = "ARC_UPSTREAM"),
    (name = "ARCP_UPSTREAM", fromEnvironment = "ARCP_UPSTREAM"),
    (name = "UPSTREAM_AUTH", fromEnvironment = "UPSTREAM_AUTH"),
    (name = "UPSTREAM_KEY", fromEnvironment = "UPSTREAM_KEY"),
    (name = "UPSTREAM_ISSUER", fromEnvironment = "UPSTREAM_ISSUER"),
    (name = "UPSTREAM_AUDIENCE", fromEnvironment = "UPSTREAM_AUDIENCE"),
    (name = "UPSTREAM_TOKENS", fromEnvironment = "UPSTREAM_TOKENS"),
    (name = "RESUME_KEY", fromEnvironment = "RESUME_KEY"),
    (name = "ARC_SCOPES", fromEnvironment = "ARC_SCOPES"),
    (name = "ALLOWED_ORIGINS", fromEnvironment = "ALLOWED_ORIGINS"),
    (name = "ALLOWED_HOSTS", fromEnvironment = "ALLOWED_HOSTS"),
    (name = "INSECURE_HOSTS", fromEnvironment = "INSECURE_HOSTS"),
    (name = "DEV_MODE", fromEnvironment = "DEV_MODE"),
    (name = "MAX_CONNECTIONS", fromEnvironment = "MAX_CONNECTIONS"),
    (name = "REVOCATIONS", durableObjectNamespace = "RevocationStore"),
  ],
  durableObjectNamespaces = [
    # The embedded runtime behind /arcp, and what was revoked.
    (className = "RuntimeHub", uniqueKey = "arcgate-runtime-hub", enableSql = true),
    (className = "RevocationStore", uniqueKey = "arcgate-revocations", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "state"),
);
