import { afterEach, describe, expect, test, vi } from 'vitest';
import { forgetEnv } from '../env.ts';
import { failureOf, ownCredentials } from './aws-settings.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  forgetEnv();
});

describe.each(['S3', 'SQS'] as const)('our own credentials for %s', (service) => {
  const set = (values: Record<string, string>) => {
    const none = { [`${service}_ACCESS_KEY_ID`]: '', [`${service}_SECRET_ACCESS_KEY`]: '' };
    for (const [name, value] of Object.entries({ ...none, ...values })) vi.stubEnv(name, value);
    forgetEnv();
  };
  const id = { [`${service}_ACCESS_KEY_ID`]: 'OURS' };
  const secret = { [`${service}_SECRET_ACCESS_KEY`]: 'x' };

  test('come before those that the AWS SDK finds, without the token of others', () => {
    set({ ...id, ...secret, AWS_ACCESS_KEY_ID: 'FUNCTION', AWS_SESSION_TOKEN: 'z' });
    expect(ownCredentials(service)).toEqual({ accessKeyId: 'OURS', secretAccessKey: 'x' });
  });

  test('are left to the AWS SDK where there are none', () => {
    set({ AWS_ACCESS_KEY_ID: 'FUNCTION', AWS_SECRET_ACCESS_KEY: 'y' });
    expect(ownCredentials(service)).toBeUndefined();
  });

  test('are missed by name where half of them is there', () => {
    for (const half of [id, secret]) {
      set(half);
      expect(() => ownCredentials(service)).toThrow(
        `set both ${service}_ACCESS_KEY_ID and ${service}_SECRET_ACCESS_KEY`,
      );
    }
  });
});

describe('what the AWS SDK throws', () => {
  const thrown = (name: string, more: object = {}) => Object.assign(new Error('said'), { name, ...more });

  test.each([
    ['a refusal', thrown('AccessDenied', { $metadata: { httpStatusCode: 403 } }), 403, 'AccessDenied'],
    [
      'an answer that is no XML',
      thrown('SyntaxError', { $response: { statusCode: 502 } }),
      502,
      'SyntaxError',
    ],
    ['a refusal without a word', thrown('Unknown', { $metadata: { httpStatusCode: 500 } }), 500, ''],
    ['no answer', thrown('Error', { code: 'ECONNREFUSED', $metadata: { attempts: 2 } }), 0, ''],
    ['no answer in time', thrown('TimeoutError'), 0, ''],
    ['no error at all', 'said', 0, ''],
  ])('is read: %s', (_, error, status, code) => {
    expect(failureOf(error, 'S3')).toEqual({ status, code, message: 'said' });
  });
});
