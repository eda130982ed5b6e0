/** Every error a caller can receive. The code is the contract; the sentence may change. */
export const errors = {
  VALIDATION_FAILED: { status: 400, message: 'The request does not match the schema.' },
  INVALID_JSON: { status: 400, message: 'The body is not valid JSON.' },
  INVALID_CURSOR: {
    status: 400,
    message: 'The cursor does not belong to this list, filter and sort: begin without one.',
  },
  UNAUTHENTICATED: { status: 401, message: 'Credentials are missing or wrong.' },
  TWO_FACTOR_REQUIRED: {
    status: 401,
    message:
      'The second factor is missing: send the same request again with the field code, the six digits of the authenticator or a backup code.',
  },
  TOKEN_EXPIRED: {
    status: 401,
    message: 'The access token has expired: get another with POST /api/auth/refresh, or log in again.',
  },
  INVALID_SIGNATURE: { status: 401, message: 'The signature is missing, wrong or too old.' },
  FORBIDDEN: { status: 403, message: 'These credentials do not allow this.' },
  WRONG_PASSWORD: { status: 403, message: 'The password is wrong.' },
  OWNERSHIP_NOT_PROVED: {
    status: 403,
    message:
      'Your own account at the provider does not list this, or it is in use already: set your own key of that account first (integrations of PUT /api/settings), or ask an operator of this deployment to link it.',
  },
  EMAIL_NOT_VERIFIED: { status: 403, message: 'The e-mail address is not verified yet.' },
  NOT_FOUND: { status: 404, message: 'No such resource.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    message: 'This path does not take that method: the header Allow says which it takes.',
  },
  CONFLICT: { status: 409, message: 'The resource is in a state that does not allow this.' },
  EMAIL_TAKEN: {
    status: 409,
    message: 'An account with this e-mail address exists already: log in, or reset its password.',
  },
  SYNC_RUNNING: { status: 409, message: 'A sync of this company is already running.' },
  PAYLOAD_TOO_LARGE: { status: 413, message: 'The body is too large.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: 'The body must be application/json.' },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    message: 'This Idempotency-Key came before with another request: use a new one.',
  },
  ACCOUNT_LOCKED: { status: 423, message: 'Too many failed attempts: the account is locked for a while.' },
  RATE_LIMITED: { status: 429, message: 'Too many requests.' },
  INTERNAL: { status: 500, message: 'Something went wrong on our side.' },
  PROVIDER_FAILED: { status: 502, message: 'The provider did not answer as expected.' },
  UNAVAILABLE: { status: 503, message: 'The service is temporarily unavailable.' },
} as const satisfies Record<string, { status: number; message: string }>;

export type ErrorCode = keyof typeof errors;

export interface ErrorDetail {
  /** Dotted path of the field, '' for the whole body. */
  path: string;
  message: string;
}

/** An error that the caller is told. Anything else that is thrown is INTERNAL, its cause in the log only. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: readonly ErrorDetail[] | undefined;
  /** Extra answer headers: Retry-After, Allow. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    options: {
      message?: string;
      details?: readonly ErrorDetail[];
      headers?: Record<string, string>;
      cause?: unknown;
    } = {},
  ) {
    super(
      options.message ?? errors[code].message,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.name = 'AppError';
    this.code = code;
    this.status = errors[code].status;
    this.details = options.details;
    this.headers = options.headers ?? {};
  }
}

/**
 * For a field that is wrong in a way that no schema tells.
 * @param path Dotted path of the field.
 * @param message What is wrong with it, as the details say it: `must be after since`.
 * @param sentence The whole message, where there is a better one.
 */
export const invalidField = (path: string, message: string, sentence?: string, cause?: unknown): AppError =>
  new AppError('VALIDATION_FAILED', {
    message: sentence ?? `The request does not match the schema: ${path}: ${message}`,
    details: [{ path, message }],
    cause,
  });
