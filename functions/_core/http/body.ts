import { AppError } from '../errors.ts';

const isJson = (type: string) => /^application\/(?:[\w.+-]+\+)?json\b/i.test(type);

/**
 * The body's bytes, at most `limit` of them.
 * @throws AppError PAYLOAD_TOO_LARGE, or UNSUPPORTED_MEDIA_TYPE for a JSON endpoint that is sent something else.
 */
export async function readBody(request: Request, kind: 'json' | 'raw', limit: number): Promise<Buffer> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  const tooLarge = () =>
    new AppError('PAYLOAD_TOO_LARGE', { message: `The body may have at most ${limit} bytes.` });
  if (declared > limit) throw tooLarge();
  if (!request.body) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  const type = request.headers.get('content-type') ?? '';
  if (kind === 'json' && size > 0 && !isJson(type)) throw new AppError('UNSUPPORTED_MEDIA_TYPE');
  return chunks.length === 1 && chunks[0] ? Buffer.from(chunks[0]) : Buffer.concat(chunks);
}
