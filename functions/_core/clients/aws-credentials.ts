import { env } from '../env.ts';

/** The credentials that sign a request to AWS, or to a service that speaks its protocols. */
export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of temporary credentials, as Lambda has them. */
  sessionToken?: string;
}

/**
 * Ours for a service where they are set, else those of the function itself. Where Netlify runs, AWS_* are of its own
 * account: what reaches ours comes under names of our own.
 * @throws Error that names the variables, where there are none.
 */
export function awsCredentials(service: 'S3' | 'SQS'): AwsCredentials {
  const settings = env();
  const accessKeyId = settings[`${service}_ACCESS_KEY_ID`];
  const secretAccessKey = settings[`${service}_SECRET_ACCESS_KEY`];
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new Error(
      `There are no credentials for ${service}: set ${service}_ACCESS_KEY_ID and ${service}_SECRET_ACCESS_KEY.`,
    );
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
}
