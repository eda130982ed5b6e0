/** Upper bounds of the request duration histogram, seconds. */
export const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

interface RouteMetrics {
  method: string;
  route: string;
  byStatus: Map<number, number>;
  buckets: number[];
  sumSeconds: number;
}

const routes = new Map<string, RouteMetrics>();
let invalidSignatures = new Map<string, number>();

/** Counts an answered request of this instance. */
export function countRequest(method: string, route: string, status: number, seconds: number): void {
  const key = `${method} ${route}`;
  let metrics = routes.get(key);
  if (!metrics) {
    metrics = { method, route, byStatus: new Map(), buckets: durationBounds.map(() => 0), sumSeconds: 0 };
    routes.set(key, metrics);
  }
  metrics.byStatus.set(status, (metrics.byStatus.get(status) ?? 0) + 1);
  metrics.sumSeconds += seconds;
  const bucket = durationBounds.findIndex((bound) => seconds <= bound);
  if (bucket >= 0) metrics.buckets[bucket] = (metrics.buckets[bucket] ?? 0) + 1;
}

/** Counts a webhook whose signature was wrong, absent or too old: it leaves no row, so this is all that is known of it. */
export function countInvalidSignature(provider: string): void {
  invalidSignatures.set(provider, (invalidSignatures.get(provider) ?? 0) + 1);
}

/** Work that unproved bytes have cost this instance: bytes hashed for signatures, fields of bodies that were parsed. */
const work = { hashedBytes: 0, bodyFields: 0 };

/** Counts bytes that are hashed to check a signature, once for each secret that is tried. */
export function countHashedBytes(bytes: number): void {
  work.hashedBytes += bytes;
}

/** Counts the fields of a JSON body that is about to be parsed and looked at. */
export function countBodyFields(fields: number): void {
  work.bodyFields += fields;
}

export const workCounts = (): Readonly<typeof work> => ({ ...work });

export const requestMetrics = (): readonly RouteMetrics[] => [...routes.values()];
export const invalidSignatureCounts = (): ReadonlyMap<string, number> => invalidSignatures;

/** For tests. */
export function forgetMetrics(): void {
  routes.clear();
  invalidSignatures = new Map();
}
