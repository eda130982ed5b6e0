/** Settings of a server as it is deployed: production, with secrets of its own. Used on this machine only. */
export const deployedEnvironment = {
  NODE_ENV: 'production',
  LOG_LEVEL: 'info',
  JWT_SECRET: 'bench-and-faults-jwt-secret-of-this-machine-only',
  API_KEY_SECRET: 'bench-and-faults-key-secret-of-this-machine-only',
  ENCRYPTION_KEY: 'YmVuY2gtYW5kLWZhdWx0cy1lbmNyeXB0aW9uLWtleSE=',
  INTERNAL_API_SECRET: 'bench-and-faults-internal-secret-of-this-machine-only',
  METRICS_TOKEN: 'bench-and-faults-metrics-token',
  DIALPAD_WEBHOOK_SECRET: 'bench-and-faults-dialpad-webhook-secret',
  RETELL_API_KEY: 'key_bench_and_faults_retell_00001',
  RETELL_API_URL: 'http://127.0.0.1:9',
  DIALPAD_API_KEY: 'bench-and-faults-dialpad-key',
  DIALPAD_API_URL: 'http://127.0.0.1:9',
  JWT_EXPIRES_IN: '2h',
  // The limiter works on each request, and lets all of them in.
  RATE_LIMIT_API: '90000000/1m',
  RATE_LIMIT_API_HOUR: '900000000/1h',
  RATE_LIMIT_AUTH: '90000000/1m',
  RATE_LIMIT_STRICT: '90000000/1m',
  RATE_LIMIT_TEAM: '90000000/1m',
  RATE_LIMIT_WEBHOOK: '90000000/1m',
} as const;
