import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import { newId } from '#core/database/ids.ts';
import { encryptSecret, placeOf } from '#core/security/secrets.ts';
import { makeWebhookSecret } from '../../functions/outgoing/webhooks/shared/signing.ts';
import { type Child, startChild } from './child-process.ts';
import type { Ground } from './ground.ts';
import type { Heard } from './receivers.entry.ts';
import { deployedEnvironment } from './server-environment.ts';

/** The dispatcher and the sender in a process of their own; private receivers and http are allowed, as on this machine. */
export const startOutgoingWorker = (ground: Ground, queueUrl: string): Promise<Child> =>
  startChild(new URL('./outgoing-worker.entry.ts', import.meta.url), {
    logFile: ground.logFile,
    env: {
      ...deployedEnvironment,
      NODE_ENV: 'test',
      ENCRYPTION_KEY: process.env.ENCRYPTION_KEY ?? '',
      QUEUE_DRIVER: 'sqs',
      DATABASE_URL: ground.url,
      SQS_ENDPOINT: queueUrl,
      LOG_LEVEL: 'warn',
    },
  });

/** Receivers in a process of their own. */
export interface Receivers {
  /** Every kind of bad one. */
  kinds: string[];
  good(host: string, afterMs?: number): Promise<string>;
  bad(kind: string, host: string): Promise<string>;
  heard(): Promise<Heard[]>;
  count(): Promise<number>;
  forget(): Promise<void>;
  redirectsFollowed(): Promise<number>;
  stop(): Promise<void>;
}

export async function startReceivers(ground: Ground): Promise<Receivers> {
  const child = await startChild(new URL('./receivers.entry.ts', import.meta.url), {
    logFile: ground.logFile,
  });
  return {
    kinds: child.ready as string[],
    good: async (host, afterMs) => (await child.ask('good', { host, afterMs })) as string,
    bad: async (kind, host) => (await child.ask('bad', { kind, host })) as string,
    heard: async () => (await child.ask('heard')) as Heard[],
    count: async () => (await child.ask('count')) as number,
    forget: async () => void (await child.ask('forget')),
    redirectsFollowed: async () => (await child.ask('redirectsFollowed')) as number,
    stop: () => child.stop(),
  };
}

/** Makes a company's webhook. @returns its id and secret. */
export async function addWebhook(
  sql: Sql,
  companyId: string,
  url: string,
): Promise<{ id: string; secret: string }> {
  const secret = makeWebhookSecret();
  const id = randomUUID();
  const sealed = encryptSecret(secret, placeOf('webhook_endpoints.secret', { id, company_id: companyId }));
  await sql`insert into webhook_endpoints (id, company_id, url, host, secret)
    values (${id}, ${companyId}, ${url}, ${new URL(url).hostname}, ${sealed})`;
  return { id, secret };
}

/** Stores events as features do, with the moment in their data. @returns their ids. */
export async function storeOutbox(sql: Sql, companyId: string, count: number): Promise<string[]> {
  const rows = Array.from({ length: count }, (_, number) => ({
    id: newId(),
    subject_id: randomUUID(),
    data: { number, atMs: Date.now() },
  }));
  await sql`insert into outbox (id, company_id, type, subject_id, dedupe_key, data, occurred_at)
    select id, ${companyId}, 'call.started', subject_id, id::text, data, now()
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as r (id uuid, subject_id uuid, data json)`;
  return rows.map(({ id }) => id);
}
