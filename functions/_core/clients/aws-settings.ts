import { env } from '../env.ts';

/** Keys that sign a request to AWS, or to a service that speaks its protocols. */
export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/**
 * Our own keys for a service, where they are set. Where they are not, the AWS SDK looks for credentials as it does
 * everywhere: the variables AWS_*, a profile, the role of the function or of the machine. Where Netlify runs, AWS_* are of
 * Netlify's own account: keys that reach ours come under names of our own.
 * @throws Error that names the variables, where only one of the two is set.
 */
export function ownCredentials(service: 'S3' | 'SQS'): AwsCredentials | undefined {
  const settings = env();
  const accessKeyId = settings[`${service}_ACCESS_KEY_ID`];
  const secretAccessKey = settings[`${service}_SECRET_ACCESS_KEY`];
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  if (!accessKeyId && !secretAccessKey) return undefined;
  throw new Error(
    `Half of the credentials for ${service} is missing: set both ${service}_ACCESS_KEY_ID and ${service}_SECRET_ACCESS_KEY, or neither.`,
  );
}

/** What went wrong in a call of the AWS SDK. */
export interface AwsFailure {
  /** The HTTP status; 0 where there was no answer. */
  status: number;
  /** The service's word for it, as NoSuchBucket; '' where it said none. */
  code: string;
  message: string;
}

/** @param error What a call of the AWS SDK threw. */
export function failureOf(error: unknown, service: 'S3' | 'SQS'): AwsFailure {
  if (!(error instanceof Error)) return { status: 0, code: '', message: String(error) };
  if (error.name === 'CredentialsProviderError') {
    const names = `${service}_ACCESS_KEY_ID and ${service}_SECRET_ACCESS_KEY`;
    return { status: 0, code: '', message: `There are no credentials for ${service}: set ${names}.` };
  }
  const { $metadata, $response } = error as {
    $metadata?: { httpStatusCode?: number };
    $response?: { statusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? $response?.statusCode ?? 0;
  const isNamed = status !== 0 && !['Error', 'Unknown', 'UnknownError', 'TimeoutError'].includes(error.name);
  return { status, code: isNamed ? error.name : '', message: error.message };
}
