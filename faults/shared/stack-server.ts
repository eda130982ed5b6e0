import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { type Child, startChild } from './child-process.ts';
import { deployedEnvironment } from './server-environment.ts';

export interface StackServer extends Child {
  url: string;
  port: number;
  sqsUrl: string;
}

const Ready = z.object({ url: z.string(), sqsUrl: z.string() });

/** Starts the embedded stack (HTTP server, queue, workers; no clock) as production would, in a process of its own. */
export async function startStackServer(options: {
  databaseUrl: string;
  adminUrl: string;
  logFile: string;
  env?: Record<string, string>;
  nodeFlags?: string[];
}): Promise<StackServer> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'trunkline-stack-'));
  const child = await startChild(new URL('./stack-server.entry.ts', import.meta.url), {
    logFile: options.logFile,
    nodeFlags: options.nodeFlags ?? [],
    env: {
      ...deployedEnvironment,
      SQS_ENDPOINT: '',
      QUEUE_DRIVER: 'sqs',
      DATABASE_URL: options.databaseUrl,
      MIGRATION_DATABASE_URL: options.adminUrl,
      DATA_DIR: dataFolder,
      PORT: '0',
      ...options.env,
    },
  });
  const { url, sqsUrl } = Ready.parse(child.ready);
  return {
    ...child,
    url,
    port: Number(new URL(url).port),
    sqsUrl,
    async stop() {
      await child.stop();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}
