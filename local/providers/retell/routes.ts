/** A request as a route sees it. */
export interface Asked {
  /** What stands in the place of `:id`; '' where there is none. */
  id: string;
  query: URLSearchParams;
  /** The JSON of the body; undefined where it is empty. */
  body: unknown;
  nowMs: number;
}

export interface Answer {
  status: number;
  json?: unknown;
}

export type Routes = Record<string, (asked: Asked) => Answer>;

/** The route for a method and path, `:id` standing for the last segment. */
export function findRoute(routes: Routes, method: string, path: string) {
  const exact = routes[`${method} ${path}`];
  if (exact) return { route: exact, id: '' };
  const cut = path.lastIndexOf('/') + 1;
  const route = routes[`${method} ${path.slice(0, cut)}:id`];
  return route && { route, id: decodeURIComponent(path.slice(cut)) };
}
