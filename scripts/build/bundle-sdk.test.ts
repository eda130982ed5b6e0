import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../generate/discover.ts';
import { bundle, bundleSdk } from './bundle.ts';

describe('the AWS SDK', () => {
  const sdk = new URL('functions/_core/clients/aws-sdk', root).pathname;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trunkline-bundle-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  async function bundled(source: string) {
    const file = join(folder, 'source.ts');
    await writeFile(file, source);
    return await bundle(join(folder, 'functions'), new Map([['own', file]]), '../aws-sdk');
  }

  test.each([
    ['an import that is not lazy', `export { SQSClient } from '${sdk}/sqs.ts';`],
    ['an import past its entries', `export const open = () => import('${sdk}/timed-handler.ts');`],
    ['a package of its own', `export const open = () => import('@aws-sdk/client-s3');`],
    [
      'one of its parts',
      `import { NodeHttpHandler } from '@smithy/node-http-handler'; console.log(NodeHttpHandler);`,
    ],
  ])('never gets into a function: %s stops the build', async (_, source) => {
    await expect(bundled(source)).rejects.toThrow('1 error');
  });

  test('stands beside it as chunks, of which an entry reads no more than it needs', async () => {
    const use = await bundled(`export const open = async () => (await import('${sdk}/sqs.ts')).SQSClient;`);
    expect(use.get('own')).toEqual(['sqs']);
    const text = await readFile(join(folder, 'functions', 'own.mjs'), 'utf8');
    expect(text).toContain('import("../aws-sdk/sqs.mjs")');
    expect(text.length).toBeLessThan(1_000);

    const files = await bundleSdk(join(folder, 'aws-sdk'));
    expect(files.get('sqs')).toEqual(expect.arrayContaining(['sqs.mjs']));
    expect(files.get('sqs')).not.toContain('s3.mjs');
    const { open } = await import(pathToFileURL(join(folder, 'functions', 'own.mjs')).href);
    expect(new (await open())({ region: 'us-east-1' })).toHaveProperty('send');
  });
});
