import { afterEach, describe, expect, test, vi } from 'vitest';
import { forgetEnv } from '../env.ts';
import { awsCredentials } from './aws-credentials.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  forgetEnv();
});

describe.each(['S3', 'SQS'] as const)('the credentials for %s', (service) => {
  const set = (values: Record<string, string>) => {
    const none = { [`${service}_ACCESS_KEY_ID`]: '', [`${service}_SECRET_ACCESS_KEY`]: '' };
    const aws = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_SESSION_TOKEN: '' };
    for (const [name, value] of Object.entries({ ...none, ...aws, ...values })) vi.stubEnv(name, value);
    forgetEnv();
  };
  const ours = { [`${service}_ACCESS_KEY_ID`]: 'OURS', [`${service}_SECRET_ACCESS_KEY`]: 'x' };
  const functions = { AWS_ACCESS_KEY_ID: 'FUNCTION', AWS_SECRET_ACCESS_KEY: 'y', AWS_SESSION_TOKEN: 'z' };

  test('are ours, without the token of others', () => {
    set({ ...functions, ...ours });
    expect(awsCredentials(service)).toEqual({ accessKeyId: 'OURS', secretAccessKey: 'x' });
  });

  test('are else those of the function', () => {
    set(functions);
    expect(awsCredentials(service)).toEqual({
      accessKeyId: 'FUNCTION',
      secretAccessKey: 'y',
      sessionToken: 'z',
    });
    set({ ...functions, AWS_SESSION_TOKEN: '' });
    expect(awsCredentials(service)).toEqual({ accessKeyId: 'FUNCTION', secretAccessKey: 'y' });
  });

  test('are missed by name, also where half of them is there', () => {
    for (const half of [{}, { [`${service}_ACCESS_KEY_ID`]: 'OURS' }, { AWS_SECRET_ACCESS_KEY: 'y' }]) {
      set(half);
      expect(() => awsCredentials(service)).toThrow(
        `set ${service}_ACCESS_KEY_ID and ${service}_SECRET_ACCESS_KEY`,
      );
    }
  });
});
