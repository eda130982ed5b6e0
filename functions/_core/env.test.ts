import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { EnvironmentError, parseEnv } from './env.ts';

const base = { DATABASE_URL: 'postgres://api@db.example.com/x' };
const secrets = {
  JWT_SECRET: 'j'.repeat(32),
  API_KEY_SECRET: 'a'.repeat(32),
  INTERNAL_API_SECRET: 'i'.repeat(32),
  ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  METRICS_TOKEN: 'm'.repeat(16),
};

describe('production', () => {
  test.each([
    [{ NODE_ENV: 'production' }],
    [{ NETLIFY: 'true' }],
    [{ AWS_LAMBDA_FUNCTION_NAME: 'api' }],
    [{ AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' }],
    [{ PUBLIC_URL: 'https://api.example.com' }],
    [{ PUBLIC_URL: 'http://api.example.com' }],
    [{ PUBLIC_URL: 'http://8.8.8.8:8888' }],
    [{ PUBLIC_URL: 'https://localhost' }],
  ])('is where there is %j: no development secret is taken', (given) => {
    expect(() => parseEnv({ ...base, ...given })).toThrow(EnvironmentError);
    const { mode, isProduction } = parseEnv({ ...base, ...secrets, ...given });
    expect([mode, isProduction]).toEqual(['production', true]);
  });

  test.each([
    [{}, 'development'],
    [{ PUBLIC_URL: 'http://localhost:8888' }, 'development'],
    [{ PUBLIC_URL: 'http://192.168.1.5:8888' }, 'development'],
    [{ PUBLIC_URL: 'http://[::1]:8888' }, 'development'],
    [{ NETLIFY: 'true', NETLIFY_DEV: 'true', AWS_LAMBDA_FUNCTION_NAME: 'x' }, 'development'],
    [{ NETLIFY_LOCAL: 'true', PUBLIC_URL: 'https://x.example.com' }, 'development'],
    [{ NODE_ENV: 'test', PUBLIC_URL: 'https://api.example.com' }, 'test'],
    [{ NODE_ENV: 'development', PUBLIC_URL: 'https://tunnel.example.com' }, 'development'],
  ])('is not where there is %j', (given, mode) => {
    expect(parseEnv({ ...base, ...given })).toMatchObject({ mode, isProduction: false });
  });

  test('is told by nobody else than env.ts, and set to development by local commands alone', async () => {
    const folders = ['functions', 'scripts', 'local', 'faults', 'netlify', 'bench'];
    const lists = await Promise.all(
      folders.map(async (folder) =>
        (await readdir(folder, { recursive: true })).map((name) => `${folder}/${name}`),
      ),
    );
    const files = lists.flat().filter((name) => name.endsWith('.ts') && !name.includes('node_modules'));
    expect(files.length).toBeGreaterThan(300);
    const comparing: string[] = [];
    const setting: string[] = [];
    for (const file of files.filter((name) => !name.endsWith('.test.ts'))) {
      const text = await readFile(file, 'utf8');
      if (/\bNODE_ENV\b['"\])]*\s*[!=]==?|[!=]==?\s*[\w.()]*\bNODE_ENV\b|env\(\)\.NODE_ENV/.test(text))
        comparing.push(file);
      if (/NODE_ENV['"\]]*\s*(?:[:=]|\|\|=|\?\?=)\s*['"]development['"]/.test(text)) setting.push(file);
    }
    expect(comparing).toEqual(['functions/_core/env.ts']);
    expect(setting.sort()).toEqual(['local/reset-database.ts', 'local/start.ts']);
  });
});
