import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import postgres from 'postgres';
import * as z from 'zod';
import { forgetObjects } from '#core/clients/objects.ts';
import { databaseAddress, isLoopback } from '#core/database/database-address.ts';
import { closeDatabase } from '#core/database/pool.ts';
import { env, forgetEnv } from '#core/env.ts';
import { log } from '#core/log.ts';
import { forgetQueueClient } from '#core/work/queue.ts';
import { workers } from '../../functions/_generated/modules.ts';
import { EditedMigration, migrate } from '../../scripts/migrate.ts';
import { demo, seed } from '../seed.ts';
import { startClock } from './clock.ts';
import { takeDataFolder } from './data-folder.ts';
import { freePort } from './free-port.ts';
import { type LocalServer, requireFree, startHttpServer } from './http-server.ts';
import { keptPorts, type Ports, readKept, writeKept } from './kept.ts';
import { keepSms } from './local-sms.ts';
import { startObjectStore } from './object-store.ts';
import { localApiPassword, startPostgres } from './postgres.ts';
import { createQueues, poll, startQueueServer } from './queue-server.ts';
import { keepStackFacts, type StackFacts } from './running-stack.ts';
import { type StandIns, standInCredentials, startStandIns } from './stand-ins.ts';

export interface StackOptions {
  /** 0: any that is free. */
  port: number;
  host: string;
  dataFolder: string;
  postgresPort?: number;
  postgresFlags?: string[];
  /** Whether the demo data may be written to a database on another machine. */
  seedsAnywhere?: boolean;
  /** The schedules, by the clock; off in tests and benchmarks that run them by hand. */
  hasClock?: boolean;
}

export interface Stack {
  url: string;
  databaseUrl: string;
  adminUrl: string;
  sqsUrl: string;
  /** Whether the demo company, its owner and its key are there. */
  hasDemo: boolean;
  standIns: StandIns;
  server: LocalServer;
  stop(): Promise<void>;
}

/** Undoes what was started, in the opposite order, also where a step fails. */
class Undo {
  #steps: (() => Promise<unknown>)[] = [];
  add(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }
  async all(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      await step().catch((error: unknown) => log().warn({ err: error }, 'something did not stop cleanly'));
    }
  }
}

const setDefaults = (values: Record<string, string>): void => {
  for (const [name, value] of Object.entries(values)) process.env[name] ||= value;
  forgetEnv();
};

/** Objects go to the store that S3_ENDPOINT or S3_BUCKET names, else to one of our own in the data folder. */
async function startObjects(dataFolder: string, port: number, undo: Undo): Promise<StackFacts['objects']> {
  if (process.env.S3_ENDPOINT || process.env.S3_BUCKET) return undefined;
  const store = await startObjectStore({
    folder: join(dataFolder, 'objects'),
    port,
    allowedOrigins: () => [...env().ALLOWED_ORIGINS, new URL(env().PUBLIC_URL).origin],
  });
  const settings = {
    S3_ENDPOINT: store.url,
    S3_BUCKET: store.bucket,
    S3_ACCESS_KEY_ID: store.accessKeyId,
    S3_SECRET_ACCESS_KEY: store.secretAccessKey,
  };
  const before = Object.keys(settings).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, settings);
  forgetEnv();
  forgetObjects();
  undo.add(async () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    forgetEnv();
    forgetObjects();
    await store.stop();
  });
  return settings;
}

/** The stand-ins go on with what was set up at them before. Kept soon after each change, since a start may be killed. */
async function keepStandIns(standIns: StandIns, folder: string): Promise<() => Promise<void>> {
  const name = 'stand-ins.json';
  const before = await readKept(folder, name, z.unknown());
  try {
    if (before !== undefined) standIns.restore(before);
  } catch (error) {
    log().warn({ err: error }, 'what the stand-ins knew could not be read: they start anew');
  }
  let kept = '';
  const keep = async () => {
    const state = standIns.state();
    const text = JSON.stringify(state);
    if (text === kept) return;
    await writeKept(folder, name, state);
    kept = text;
  };
  const timer = setInterval(
    () => void keep().catch((err: unknown) => log().warn({ err }, 'the stand-ins’ state was not kept')),
    1_000,
  );
  timer.unref();
  return async () => {
    clearInterval(timer);
    await keep();
  };
}

const databaseName = 'trunkline';

/** The database: the one that DATABASE_URL names, else a Postgres of our own in the data folder. */
async function startDatabase(options: StackOptions, ports: Ports, undo: Undo): Promise<{ adminUrl: string }> {
  const given = process.env.DATABASE_URL;
  if (given) {
    const adminUrl = process.env.MIGRATION_DATABASE_URL ?? given;
    await migrate(adminUrl);
    return { adminUrl };
  }
  const server = await startPostgres({
    folder: join(options.dataFolder, 'postgres'),
    port: options.postgresPort ?? ports.postgres,
    ...(options.postgresFlags ? { flags: options.postgresFlags } : {}),
  });
  undo.add(async () => {
    delete process.env.DATABASE_URL;
    await server.stop();
  });
  const admin = postgres(server.adminUrl('postgres'), { max: 1, onnotice: () => {} });
  const [known] = await admin`select from pg_database where datname = ${databaseName}`;
  if (!known) await admin.unsafe(`create database ${databaseName}`);
  await admin.end();
  const adminUrl = server.adminUrl(databaseName);
  await migrate(adminUrl, localApiPassword).catch((error: unknown) => {
    if (!(error instanceof EditedMigration)) throw error;
    throw new Error(
      `${error.file} was edited after it was applied to the database in ${options.dataFolder}: delete that folder to start anew, or take the edit back.`,
      { cause: error },
    );
  });
  process.env.DATABASE_URL = server.apiUrl(databaseName);
  return { adminUrl };
}

/** Starts the whole backend in this process; everything it needs is inside the project. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const undo = new Undo();
  try {
    const port = options.port === 0 ? await freePort() : options.port;
    await requireFree({ port, host: options.host });
    const dataFolder = resolve(options.dataFolder);
    undo.add(await takeDataFolder(dataFolder));
    const ports = await keptPorts(dataFolder);
    const url = `http://${options.host === '0.0.0.0' ? '127.0.0.1' : options.host}:${port}`;
    const isDatabaseOwn = !process.env.DATABASE_URL;
    const { adminUrl } = await startDatabase({ ...options, dataFolder }, ports, undo);

    const standIns = await startStandIns((sms) => void keepSms(sms), ports);
    undo.add(() => standIns.close());
    undo.add(await keepStandIns(standIns, dataFolder));
    const queueServer = process.env.SQS_ENDPOINT ? undefined : await startQueueServer(ports.sqs);
    if (queueServer) undo.add(() => queueServer.stop());
    const ownObjects = await startObjects(dataFolder, ports.objects, undo);

    const isRetellLocal = !process.env.RETELL_API_URL && !process.env.RETELL_API_KEY;
    const isDialpadLocal = !process.env.DIALPAD_API_URL && !process.env.DIALPAD_API_KEY;
    const { TWILIO_API_URL, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN } = process.env;
    const isTwilioLocal = !TWILIO_API_URL && !TWILIO_ACCOUNT_SID && !TWILIO_AUTH_TOKEN;
    setDefaults({
      PUBLIC_URL: url,
      ...(queueServer ? { SQS_ENDPOINT: queueServer.url } : {}),
      ...(isRetellLocal
        ? { RETELL_API_URL: standIns.retell.url, RETELL_API_KEY: standInCredentials.RETELL_API_KEY }
        : {}),
      ...(isDialpadLocal
        ? {
            DIALPAD_API_URL: standIns.dialpad.url,
            DIALPAD_API_KEY: standInCredentials.DIALPAD_API_KEY,
            DIALPAD_WEBHOOK_SECRET: standInCredentials.DIALPAD_WEBHOOK_SECRET,
            DIALPAD_CLIENT_ID: standInCredentials.DIALPAD_CLIENT_ID,
            DIALPAD_CLIENT_SECRET: standInCredentials.DIALPAD_CLIENT_SECRET,
          }
        : {}),
      ...(isTwilioLocal
        ? {
            TWILIO_API_URL: standIns.twilio.url,
            TWILIO_ACCOUNT_SID: standInCredentials.TWILIO_ACCOUNT_SID,
            TWILIO_AUTH_TOKEN: standInCredentials.TWILIO_AUTH_TOKEN,
            TWILIO_PHONE_NUMBER: standInCredentials.TWILIO_PHONE_NUMBER,
            // They go to the local mailbox and cost nothing, so that every country may be tried.
            SMS_ENABLED: 'true',
            SMS_COUNTRIES: '*',
          }
        : {}),
    });
    forgetQueueClient();
    const hasDemo =
      !env().isProduction && (options.seedsAnywhere === true || isLoopback(databaseAddress(adminUrl).host));
    if (hasDemo) setDefaults({ DEFAULT_COMPANY_ID: demo.companyId });
    env();
    undo.add(closeDatabase);
    if (hasDemo) await seed(adminUrl);

    if (env().QUEUE_DRIVER === 'sqs') {
      await createQueues();
      for (const { queue, load } of workers) {
        const { contract, handler } = await load();
        undo.add(poll(queue, handler, contract));
      }
    }
    const server = await startHttpServer({ port, host: options.host });
    undo.add(() => server.close());
    if (isRetellLocal || isDialpadLocal) await standIns.pointAt(url);
    if (options.hasClock ?? true) undo.add(await startClock());

    await mkdir(dataFolder, { recursive: true });
    await keepStackFacts(dataFolder, {
      url,
      retell: standIns.retell.url,
      dialpad: standIns.dialpad.url,
      apiKey: demo.apiKey,
      ...(isDatabaseOwn ? { database: { url: env().DATABASE_URL, adminUrl } } : {}),
      ...(ownObjects ? { objects: ownObjects } : {}),
    });
    return {
      url,
      adminUrl,
      databaseUrl: env().DATABASE_URL,
      sqsUrl: env().SQS_ENDPOINT ?? '',
      hasDemo,
      standIns,
      server,
      stop: () => undo.all(),
    };
  } catch (error) {
    await undo.all();
    throw error;
  }
}
