/** A route's path, as `/api/calls/:id`, made ready to match. */
export interface PathPattern {
  match(pathname: string): Record<string, string> | undefined;
  names: readonly string[];
}

export function pathPattern(path: string): PathPattern {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '');
  const source = path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:\w+/g, '([^/]+)');
  const form = new RegExp(`^${source}/?$`);
  return {
    names,
    match(pathname) {
      const found = form.exec(pathname);
      if (!found) return undefined;
      const params: Record<string, string> = Object.create(null);
      try {
        names.forEach((name, i) => {
          params[name] = decodeURIComponent(found[i + 1] ?? '');
        });
      } catch {
        return undefined; // a broken percent escape names nothing
      }
      return params;
    },
  };
}
