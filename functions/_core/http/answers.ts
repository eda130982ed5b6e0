import { ProviderError } from '../clients/http-client.ts';
import { env } from '../env.ts';
import { AppError } from '../errors.ts';
import { plainPage } from './plain-page.ts';
import type { Reply } from './reply.ts';

const json = 'application/json; charset=utf-8';

export function jsonReply(status: number, answer: { body: string; headers?: Record<string, string> }): Reply {
  return { status, headers: { 'content-type': json, ...answer.headers }, body: answer.body };
}

/** Statements that Postgres refused for what the caller's values are (SQLSTATE class 22), and that no schema caught. */
const isBadValue = (error: unknown): boolean => {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error && 'code' in inner && /^22[0-9A-Z]{3}$/.test(String(inner.code));
};

/** What the caller is told of an error: the cause stays in the log. */
function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof ProviderError) {
    return new AppError('PROVIDER_FAILED', {
      message: `${error.provider} did not answer as expected (${error.status === 0 ? 'no answer' : `HTTP ${error.status}`}).`,
      cause: error,
    });
  }
  if (isBadValue(error))
    return new AppError('VALIDATION_FAILED', { message: 'A value is out of range.', cause: error });
  return new AppError('INTERNAL', { cause: error });
}

const maxDetails = 100;
const shortened = (text: string, most: number) => (text.length > most ? `${text.slice(0, most)}…` : text);

/** The one place where the failure envelope is made. However much is wrong with a request, the answer stays short. */
export function failureReply(error: unknown, requestId: string): Reply {
  const failure = asAppError(error);
  const message = shortened(failure.message, 500);
  const body: Record<string, unknown> = {
    success: false,
    error: message,
    message,
    code: failure.code,
    requestId,
  };
  if (failure.details) {
    body.details = failure.details
      .slice(0, maxDetails)
      .map((detail) => ({ path: shortened(detail.path, 200), message: shortened(detail.message, 500) }));
  }
  if (env().mode === 'development' && failure.code === 'INTERNAL') {
    body.stack = failure.cause instanceof Error ? failure.cause.stack : String(failure.cause);
  }
  return {
    status: failure.status,
    headers: { 'content-type': json, ...failure.headers },
    body: JSON.stringify(body),
  };
}

/** The same failure as a page, for a person who came by a link. */
export function failurePage(error: unknown, requestId: string): Reply {
  const failure = asAppError(error);
  const title = failure.status >= 500 ? 'This did not work' : 'This page cannot be shown';
  const sentences = [shortened(failure.message, 500), `Request ${requestId}`];
  const { reply } = plainPage({ status: failure.status, title, sentences });
  return { ...reply, headers: { ...reply.headers, ...failure.headers } };
}
