/** An answer of Twilio's that is an error: `{ "code", "message", "more_info", "status" }`. */
export class Refusal extends Error {
  readonly status: number;
  /** https://www.twilio.com/docs/api/errors */
  readonly code: number;
  readonly headers: Record<string, string>;

  constructor(status: number, code: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const notFound = (path: string): Refusal =>
  new Refusal(404, 20404, `The requested resource ${path} was not found`);
