import { ProviderError } from '#core/clients/http-client.ts';
import { AppError } from '#core/errors.ts';

/**
 * For a request to Retell that is made of the caller's input: what Retell refuses as wrong is the caller's to mend.
 * @throws AppError VALIDATION_FAILED; ProviderError for all else that fails.
 */
export async function madeOfInput<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof ProviderError) || ![400, 422].includes(error.status)) throw error;
    throw new AppError('VALIDATION_FAILED', {
      message:
        'Retell does not accept this agent: compare voice_id, language and response_engine with what your Retell account has.',
      cause: error,
    });
  }
}
