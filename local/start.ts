/** `npm start`: the whole backend on this machine, with no account anywhere. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { makeContext } from '#core/context.ts';
import { EnvironmentError, env, saysDevelopment } from '#core/env.ts';
import { log } from '#core/log.ts';
import * as anchorAuditLogs from '../functions/identity/audit/anchor-audit-logs.schedule.ts';
import * as sweep from '../functions/integrations/inbound/sweep.schedule.ts';
import { syncRetellAgents, syncRetellCalls } from '../functions/integrations/sync/public.ts';
import * as sweepJobs from '../functions/platform/jobs/sweep-jobs.schedule.ts';
import { demo } from './seed.ts';
import { type Stack, startStack } from './stack/embedded-stack.ts';
import { dataFolder } from './stack/running-stack.ts';
import { secondAccounts } from './stack/stand-ins.ts';

if (existsSync('.env')) process.loadEnvFile('.env');
const isDevelopmentSaid = saysDevelopment();
process.env.NODE_ENV ||= 'development'; // nothing else says so: what is deployed is production unless told otherwise

/** The account's past, so that there is something to see at once; the clock goes on from there. */
async function firstSync(): Promise<void> {
  const ctx = makeContext({
    requestId: 'start',
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'jobs' },
    waitUntil: () => {},
  });
  const { DEFAULT_COMPANY_ID } = env();
  if (!DEFAULT_COMPANY_ID) return;
  const scope = { companyId: DEFAULT_COMPANY_ID, appId: null };
  await syncRetellAgents(ctx, scope);
  await syncRetellCalls(ctx, scope, { trigger: 'schedule', budgetMs: 60_000 });
}

function greet(stack: Stack, seconds: number): void {
  const lines = [
    `Trunkline is ready after ${seconds.toFixed(1)} s.`,
    '',
    `  API         ${stack.url}/api/calls`,
    `  docs        ${stack.url}/docs   (also /redoc, /api/openapi.json, /api/routes)`,
    `  health      ${stack.url}/health/detailed`,
    `  Postgres    ${stack.adminUrl}`,
    `  SQS         ${stack.sqsUrl}`,
    `  files       ${env().S3_ENDPOINT ?? 'Amazon S3'}, bucket ${env().S3_BUCKET}`,
    `  stand-ins   Retell ${stack.standIns.retell.url}, Dialpad ${stack.standIns.dialpad.url}, Twilio ${stack.standIns.twilio.url}`,
  ];
  const { RESEND_API_KEY, SMTP_URL, isProduction } = env();
  if (!RESEND_API_KEY && !SMTP_URL && !isProduction) {
    lines.push(`  mailbox     ${stack.url}/dev/mailbox   (every mail and SMS that would be sent)`);
  }
  if (env().RETELL_API_URL === stack.standIns.retell.url) {
    lines.push(
      `  own keys    Retell ${secondAccounts.retell.apiKey}, Dialpad ${secondAccounts.dialpad.apiKey}   (a second account, for trying: docs/providers.md)`,
    );
  }
  if (stack.hasDemo) {
    lines.push(
      '',
      `  demo user   ${demo.email}, password "${demo.password}"`,
      `  demo key    ${demo.apiKey}`,
      `  operators   x-internal-secret: ${env().INTERNAL_API_SECRET}   (INTERNAL_API_SECRET, for /internal/*)`,
      '',
      'Try:',
      `  curl -s '${stack.url}/api/calls?limit=3' -H 'x-api-key: ${demo.apiKey}'`,
      `  curl -s '${stack.url}/api/calls/stats/summary' -H 'x-api-key: ${demo.apiKey}'`,
      `  curl -s '${stack.url}/api/auth/login' -H 'content-type: application/json' -d '{"email":"${demo.email}","password":"${demo.password}"}'`,
      '',
      'In another terminal, `npm run simulate` sends a day of a call center in a minute, and `npm run listen` receives what',
      'goes out as webhooks. `npm run make-admin` and `npm run verify-audit` know this stack, too. Ctrl-C stops everything;',
      'the data stays, and so do ports, tokens and webhooks of the stand-ins, but not the calls and messages in their own lists.',
    );
    const folder = resolve(dataFolder());
    if (folder !== resolve('.data'))
      lines.push('', `Give these commands the same DATA_DIR: DATA_DIR=${folder} npm run simulate`);
  } else if (!isProduction) {
    lines.push(
      '',
      'The database is on another machine, and the demo user and key are known to everybody: they were not written. If it is',
      'for development only, start with NODE_ENV=development.',
    );
  }
  console.log(lines.join('\n'));
}

/** @throws Error with one sentence */
function portOf(text: string | undefined): number {
  const port = text === undefined || text === '' ? 8888 : Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(
    `PORT must be a number from 0 to 65535 (0: any that is free), not ${JSON.stringify(text)}.`,
  );
}

const started = performance.now();
try {
  process.env.LOG_LEVEL ||= 'warn';
  const stack = await startStack({
    port: portOf(process.env.PORT),
    host: process.env.HOST || '127.0.0.1',
    dataFolder: dataFolder(),
    seedsAnywhere: isDevelopmentSaid,
  });
  let isStopping = false;
  const stop = async () => {
    if (isStopping) return;
    isStopping = true;
    console.log('\nStopping.');
    await stack.stop();
    process.exit(0);
  };
  // The library that runs Postgres would end the process on a signal before our work has ended.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal);
    process.on(signal, stop);
  }
  greet(stack, (performance.now() - started) / 1000);
  // What a killed stack left waiting is taken up now; its queue went with it.
  await Promise.all([firstSync(), sweep.run(), sweepJobs.run(), anchorAuditLogs.run()]).catch(
    (error: unknown) => log().error({ err: error }, 'the first work after the start failed'),
  );
} catch (error) {
  const isOurs = error instanceof EnvironmentError || (error instanceof Error && !('code' in error));
  console.error(isOurs && error instanceof Error ? error.message : error);
  process.exit(1);
}
