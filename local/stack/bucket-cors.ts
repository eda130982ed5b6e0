/** The rule of a bucket that browsers read from and put into by signed links: docs/deploy.md and serverless.yml have the same. */
export const bucketCors = {
  AllowedMethods: ['GET', 'HEAD', 'PUT'],
  AllowedHeaders: ['content-type', 'range'],
  ExposeHeaders: ['ETag', 'Content-Range'],
  MaxAgeSeconds: 600,
};

export interface CorsAsked {
  origin: string | undefined;
  /** Of a preflight: what the browser is going to send. Of a request: its method, and no headers. */
  method: string | undefined;
  headers: readonly string[];
}

/**
 * S3's header fields for a browser's page on one of these origins; nothing where the rule does not fit.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
 */
export function corsFields(
  { origin, method, headers }: CorsAsked,
  origins: readonly string[],
): Record<string, string> | undefined {
  const { AllowedMethods, AllowedHeaders, ExposeHeaders, MaxAgeSeconds } = bucketCors;
  const fits =
    origin !== undefined &&
    origins.includes(origin) &&
    AllowedMethods.includes(method ?? '') &&
    headers.every((name) => AllowedHeaders.includes(name.toLowerCase()));
  if (!fits) return undefined;
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': AllowedMethods.join(', '),
    'access-control-expose-headers': ExposeHeaders.join(', '),
    'access-control-max-age': `${MaxAgeSeconds}`,
    'access-control-allow-credentials': 'true',
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
    ...(headers.length > 0 && { 'access-control-allow-headers': headers.join(', ').toLowerCase() }),
  };
}
