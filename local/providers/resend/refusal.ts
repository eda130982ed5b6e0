/** An answer of Resend's that is an error: `{ "statusCode", "name", "message" }`. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, name: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.name = name;
    this.status = status;
    this.headers = headers;
  }
}
