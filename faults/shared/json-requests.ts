export interface JsonAnswer {
  /** 0: the connection broke before there was an answer. */
  status: number;
  text: string;
  /** The error's code, '' where it is none. */
  code: string;
}

const codeIn = (text: string): string => /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? '';

/** Asks for something as a client would; a connection that breaks is an answer too. */
export async function askFor(
  address: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<JsonAnswer> {
  try {
    const response = await fetch(address, { ...options, signal: AbortSignal.timeout(30_000) });
    const text = await response.text();
    return { status: response.status, text, code: response.ok ? '' : codeIn(text) };
  } catch {
    return { status: 0, text: '', code: '' };
  }
}

export const postJson = (
  address: string,
  value: object,
  headers: Record<string, string> = {},
): Promise<JsonAnswer> =>
  askFor(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  });

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** The same request so many times at the same instant, to each of the servers in turn. */
export const atOnce = (
  times: number,
  servers: readonly { url: string }[],
  ask: (url: string, index: number) => Promise<JsonAnswer>,
): Promise<JsonAnswer[]> =>
  Promise.all(Array.from({ length: times }, (_, i) => ask(servers[i % servers.length]?.url ?? '', i)));

/** How many answers there were of each kind, for a message: '49 × 401 UNAUTHENTICATED, 1 × 200'. */
export function kindsOf(answers: readonly JsonAnswer[]): string {
  const counts = new Map<string, number>();
  for (const { status, code } of answers) {
    const kind = `${status} ${code}`.trim();
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} × ${kind}`).join(', ');
}
