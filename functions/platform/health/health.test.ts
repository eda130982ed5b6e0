import { randomUUID } from 'node:crypto';
import { startFauxqs } from 'fauxqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { closeDatabase } from '#core/database/pool.ts';
import { forgetEnv } from '#core/env.ts';
import { countInvalidSignature, forgetMetrics } from '#core/metrics.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { request } from '#core/testing/company.ts';
import { deadLetterNameAt, forgetQueueClient, queueNameAt, queueNames, sqsClient } from '#core/work/queue.ts';
import { latencyBoundsMs } from '#integrations/inbound/public.ts';
import * as getDetailedHealth from './get-detailed-health.ts';
import * as getHealth from './get-health.ts';
import * as getLiveness from './get-liveness.ts';
import * as getMetrics from './get-metrics.ts';
import * as getReadiness from './get-readiness.ts';

const before = { ...process.env };
function set(variables: Record<string, string>): void {
  Object.assign(process.env, variables);
  forgetEnv();
}
afterEach(async () => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  set(before as Record<string, string>);
  forgetQueueClient();
  await closeDatabase();
});

const withoutDatabase = async () => {
  await closeDatabase();
  set({ DATABASE_URL: 'postgres://nobody:wrong@127.0.0.1:9/none' });
};

describe('GET /health', () => {
  test('tells anyone that the service works', async () => {
    const { status, body } = await request(getHealth);
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ status: 'ok', version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(body.data.databaseLatencyMs).toBeGreaterThan(0);
  });

  test('is 503 when the database is away', async () => {
    await withoutDatabase();
    const { status, body } = await request(getHealth);
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'UNAVAILABLE', details: [{ path: 'database' }] });
  });
});

describe('GET /health/live', () => {
  test('needs no database', async () => {
    await withoutDatabase();
    expect((await request(getLiveness)).status).toBe(200);
  });
});

describe('GET /health/ready', () => {
  test('is 200 when every migration has run', async () => {
    const { status, body } = await request(getReadiness);
    expect(body).toEqual({ success: true, data: { status: 'ready' } });
    expect(status).toBe(200);
  });

  test('is 503 that names a migration which has not', async () => {
    const sql = adminSql();
    const name = '0008_pipeline.sql';
    const [kept] = await sql`delete from trunkline_migrations.applied where name = ${name} returning *`;
    try {
      const { status, body } = await request(getReadiness);
      expect(status).toBe(503);
      expect(body.details).toEqual([{ path: 'migrations', message: `${name} has not run` }]);
    } finally {
      await sql`insert into trunkline_migrations.applied ${sql(kept ?? {})}`;
    }
  });

  test('is 503 when the database is away', async () => {
    await withoutDatabase();
    expect((await request(getReadiness)).status).toBe(503);
  });
});

async function hasEvent(provider: string, status: string, receivedSecondsAgo: number): Promise<void> {
  await adminSql()`insert into inbound_events (provider, dedupe_key, type, payload, status, received_at)
    values (${provider}, ${randomUUID()}, 'test', '{}', ${status}, now() - make_interval(secs => ${receivedSecondsAgo}))`;
}

/** A provider of the test's own: other tests' rows do not count. */
async function aBusyProvider(): Promise<string> {
  const provider = `p${randomUUID().slice(0, 8)}`;
  await hasEvent(provider, 'received', 120);
  await hasEvent(provider, 'received', 10);
  await hasEvent(provider, 'failed', 4_000);
  await hasEvent(provider, 'processed', 9_000);
  const counts = latencyBoundsMs.map((_, i) => (i === 2 ? 3 : 0));
  for (const processed of [4, 6]) {
    await adminSql()`insert into processing_tallies (provider, processed, failed, latency_ms_sum, latency_buckets)
      values (${provider}, ${processed}, 1, 50, ${[...counts, 1]})`;
  }
  return provider;
}

describe('GET /health/detailed', () => {
  test('adds up what waits and what was done', async () => {
    const provider = await aBusyProvider();
    const { status, body } = await request(getDetailedHealth);
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ status: 'ok', queues: [], database: { pendingMigrations: [] } });
    const waiting = body.data.events.waiting.filter((row: { provider: string }) => row.provider === provider);
    expect(waiting).toMatchObject([
      { status: 'failed', events: 1 },
      { status: 'received', events: 2 },
    ]);
    expect(body.data.events.oldestWaitingSeconds).toBeGreaterThanOrEqual(120);
    expect(body.data.events.processed).toContainEqual({ provider, events: 10, failures: 2 });
  });

  test('says that the login may create temporary objects, and how to take that right away', async () => {
    const sql = adminSql();
    expect((await request(getDetailedHealth)).body.data.database.warnings).toEqual([]);
    const [{ name } = { name: '' }] = await sql`select quote_ident(current_database()) as name`;
    await sql.unsafe(`grant temporary on database ${name} to trunkline_api`);
    try {
      const { body } = await request(getDetailedHealth);
      const [warning, ...others] = body.data.database.warnings;
      expect(others).toEqual([]);
      expect(warning).toContain('The login trunkline_api may create temporary objects.');
      await sql.unsafe(warning.slice(warning.indexOf('revoke temporary'))); // the remedy that it names
    } finally {
      await sql.unsafe(`revoke temporary on database ${name} from trunkline_api`);
    }
    expect((await request(getDetailedHealth)).body.data.database.warnings).toEqual([]);
  });

  test('counts the queues, and their dead letters', async () => {
    const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
    const queues = queueNames.flatMap((name) => [name, `${name}-dead`]);
    for (const name of queues) server.createQueue(`trunkline-${name}`);
    try {
      set({ QUEUE_DRIVER: 'sqs', SQS_ENDPOINT: `http://127.0.0.1:${server.port}` });
      await sqsClient().sendMessage(queueNameAt('inbound'), '{"ids":[]}');
      await sqsClient().sendMessage(deadLetterNameAt('jobs'), '{"ids":[]}');
      const { body } = await request(getDetailedHealth);
      const depth = { visible: 0, inFlight: 0, delayed: 0, deadLetters: 0 };
      expect(body.data.queues).toEqual([
        { queue: 'inbound', ...depth, visible: 1 },
        { queue: 'outbox', ...depth },
        { queue: 'deliveries', ...depth },
        { queue: 'jobs', ...depth, deadLetters: 1 },
        { queue: 'dials', ...depth },
        { queue: 'bulk', ...depth },
        { queue: 'documents', ...depth },
      ]);
      expect(body.data.status).toBe('degraded');
    } finally {
      await server.stop();
    }
  });

  test('does without queues that do not answer', async () => {
    set({ QUEUE_DRIVER: 'sqs', SQS_ENDPOINT: 'http://127.0.0.1:9' });
    const { status, body } = await request(getDetailedHealth);
    expect(status).toBe(200);
    expect(body.data.queues).toEqual([]);
  });
});

describe('GET /health/metrics', () => {
  beforeEach(() => forgetMetrics());

  test('is Prometheus text', async () => {
    const provider = await aBusyProvider();
    await request(getLiveness);
    countInvalidSignature('retell');
    const { status, headers, text } = await request(getMetrics);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? -?[\d.e+-]+)$/);
    }
    const lines = text.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'trunkline_database_up 1',
        `trunkline_events{provider="${provider}",status="processed"} 10`,
        `trunkline_events{provider="${provider}",status="received"} 2`,
        `trunkline_events{provider="${provider}",status="failed"} 1`,
        `trunkline_processing_failures_total{provider="${provider}"} 2`,
        `trunkline_processing_latency_seconds_bucket{provider="${provider}",le="0.01"} 0`,
        `trunkline_processing_latency_seconds_bucket{provider="${provider}",le="0.025"} 6`,
        `trunkline_processing_latency_seconds_bucket{provider="${provider}",le="600"} 6`,
        `trunkline_processing_latency_seconds_bucket{provider="${provider}",le="+Inf"} 8`,
        `trunkline_processing_latency_seconds_sum{provider="${provider}"} 0.1`,
        `trunkline_processing_latency_seconds_count{provider="${provider}"} 8`,
        'trunkline_requests_total{method="GET",route="/health/live",status="200"} 1',
        'trunkline_request_duration_seconds_count{method="GET",route="/health/live"} 1',
        'trunkline_invalid_signatures_total{provider="retell"} 1',
      ]),
    );
  });

  test('says so when the database is away', async () => {
    await withoutDatabase();
    const { status, text } = await request(getMetrics);
    expect(status).toBe(200);
    expect(text).toContain('trunkline_database_up 0\n');
    expect(text).not.toContain('trunkline_events');
  });
});

describe('with a METRICS_TOKEN', () => {
  test.each([getMetrics, getDetailedHealth])('only its bearer is answered', async (endpoint) => {
    set({ METRICS_TOKEN: 'a-token-for-the-metrics' });
    expect((await request(endpoint)).status).toBe(401);
    expect((await request(endpoint, {}, { authorization: 'Bearer another-token-entirely' })).status).toBe(
      401,
    );
    const { status } = await request(endpoint, {}, { authorization: 'Bearer a-token-for-the-metrics' });
    expect(status).toBe(200);
  });
});
