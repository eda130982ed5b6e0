/** An answer of PostgREST's, or of the gateway before it, that is an error. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: object;
  readonly headers: Record<string, string>;

  constructor(status: number, body: { message: string }, headers: Record<string, string> = {}) {
    super(body.message);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** PostgREST's form of an error. */
export function restRefusal(
  status: number,
  code: string,
  message: string,
  details: string | null = null,
  hint: string | null = null,
): Refusal {
  return new Refusal(status, { code, message, details, hint } as { message: string }, {
    'proxy-status': `PostgREST; error=${code}`,
  });
}
