import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type ObjectStore, startObjectStore } from '#local/stack/object-store.ts';
import { forgetObjects } from '../clients/objects.ts';
import { forgetEnv } from '../env.ts';

const names = ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;

/** Gives the tests of a file, or of a describe(), an object store of their own, to which objects() leads. */
export function useObjectStore(): void {
  let folder: string;
  let store: ObjectStore;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trunkline-objects-'));
    store = await startObjectStore({ folder });
    process.env.S3_ENDPOINT = store.url;
    process.env.S3_BUCKET = store.bucket;
    process.env.S3_ACCESS_KEY_ID = store.accessKeyId;
    process.env.S3_SECRET_ACCESS_KEY = store.secretAccessKey;
    forgetEnv();
    forgetObjects();
  });
  afterAll(async () => {
    for (const name of names) delete process.env[name];
    forgetEnv();
    forgetObjects();
    await store.stop();
    await rm(folder, { recursive: true, force: true });
  });
}
