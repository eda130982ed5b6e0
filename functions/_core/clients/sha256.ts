import { createHash, createHmac } from 'node:crypto';

type Bytes = string | ArrayBuffer | ArrayBufferView;
const bytesOf = (data: Bytes): Uint8Array =>
  typeof data === 'string'
    ? Buffer.from(data)
    : ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data);

/** SHA-256, or HMAC-SHA-256 with a secret, in the form that AWS's signer takes. */
export class Sha256 {
  readonly #secret: Bytes | undefined;
  #parts: Uint8Array[] = [];
  constructor(secret?: Bytes) {
    this.#secret = secret;
  }
  update(data: Bytes): void {
    this.#parts.push(bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    const hash =
      this.#secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(this.#secret));
    for (const part of this.#parts) hash.update(part);
    return hash.digest();
  }
  reset(): void {
    this.#parts = [];
  }
}
