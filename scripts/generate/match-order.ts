import type { Route } from '../../functions/_core/http/fallback.ts';

const segmentsOf = (path: string) => path.split('/').slice(1);
const isParameter = (segment: string) => segment.startsWith(':');

/** Sorts routes so that of those which fit a request the first is meant: a fixed segment goes before a parameter. */
export function inMatchOrder(a: Route, b: Route): number {
  const left = segmentsOf(a.path);
  const right = segmentsOf(b.path);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [l = '', r = ''] = [left[i], right[i]];
    if (isParameter(l) !== isParameter(r)) return isParameter(l) ? 1 : -1;
    if (l !== r && !isParameter(l)) return l < r ? -1 : 1;
  }
  return left.length - right.length || (a.method < b.method ? -1 : a.method > b.method ? 1 : 0);
}

/** Whether some path fits both. */
export function overlap(a: string, b: string): boolean {
  const left = segmentsOf(a);
  const right = segmentsOf(b);
  return (
    left.length === right.length &&
    left.every((segment, i) => {
      const other = right[i] ?? '';
      return isParameter(segment) || isParameter(other) || segment === other;
    })
  );
}
