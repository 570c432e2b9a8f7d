export default { compatibilityDate: "2026-10-01", telemetry: false, devtools: { enabled: false } };
