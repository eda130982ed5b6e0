import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { env } from '../env.ts';

const nonceBytes = 12;
const tagBytes = 16;

/** Names a key without telling it, so that a stored secret says which key opens it. */
const keyIdOf = (key: Buffer) => createHash('sha256').update(key).digest('hex').slice(0, 8);

const keyOf = (base64: string) => Buffer.from(base64, 'base64');

/** The key that secrets are encrypted with now, as stored secrets name it. */
export const currentKeyId = (): string => keyIdOf(keyOf(env().ENCRYPTION_KEY));

/** A stored secret's form and the id of its key; undefined where the text is none. */
function formOf(stored: string): { version: string; keyId: string; body: string } | undefined {
  const [, version, keyId, body] = /^(v[123])\.([\da-f]{8})\.([\w-]+)$/.exec(stored) ?? [];
  return version && keyId && body ? { version, keyId, body } : undefined;
}

/** The current key or the one before it, whichever has this id. */
function keyNamed(id: string): Buffer | undefined {
  const { ENCRYPTION_KEY, ENCRYPTION_KEY_PREVIOUS } = env();
  return [ENCRYPTION_KEY, ENCRYPTION_KEY_PREVIOUS]
    .filter((base64) => base64 !== undefined)
    .map(keyOf)
    .find((key) => keyIdOf(key) === id);
}

/**
 * Every column that encryptSecret's texts are stored in, with the columns that name a row for good. A migration that
 * makes such a column says `-- encrypted` beside it. The company is among them, so that a row that is given to another
 * company takes no secret along; of a URL, its origin counts.
 */
export const encryptedColumns = {
  'provider_links.secret': ['company_id', 'provider', 'kind', 'external_id'],
  'provider_hooks.secret': ['company_id', 'app_id', 'provider', 'external_id'],
  'provider_connections.access_token': ['company_id', 'app_id', 'provider'],
  'provider_connections.refresh_token': ['company_id', 'app_id', 'provider'],
  'oauth_states.code_verifier': ['state_hash', 'company_id', 'app_id'],
  'idempotency_keys.answer': ['scope', 'route', 'key', 'fingerprint'],
  'jobs.payload': ['id'],
  'refresh_tokens.successor': ['hash'],
  'two_factors.secret': ['user_id'],
  'company_integration_secrets.secret': ['company_id', 'integration', 'name'],
  'webhook_endpoints.secret': ['id', 'company_id'],
  'webhook_endpoints.previous_secret': ['id', 'company_id'],
  'webhook_endpoints.headers': ['id', 'company_id', 'url'],
} as const satisfies Record<`${string}.${string}`, readonly string[]>;

export type EncryptedColumn = keyof typeof encryptedColumns;

/** The columns that named a row in the form `v2`, where they were fewer. */
const columnsInV2: Partial<Record<EncryptedColumn, readonly string[]>> = {
  'provider_hooks.secret': ['app_id', 'provider', 'external_id'],
  'provider_connections.access_token': ['app_id', 'provider'],
  'provider_connections.refresh_token': ['app_id', 'provider'],
  'oauth_states.code_verifier': ['state_hash', 'app_id'],
  'idempotency_keys.answer': ['scope', 'route', 'key'],
  'webhook_endpoints.secret': ['id'],
  'webhook_endpoints.previous_secret': ['id'],
  'webhook_endpoints.headers': ['id'],
};

/** Where a secret stands: its ciphertext opens nowhere else. Made by placeOf. */
export interface SecretPlace {
  readonly associatedData: string;
  /** The same for a text of the form `v2`. */
  readonly inV2: string;
}

/** A URL counts by its origin. A UUID reads the same in capitals; bytes are written in hex. */
const canonical = (name: string, value: string | Uint8Array): string => {
  if (name === 'url') return originOf(String(value));
  if (typeof value !== 'string') return Buffer.from(value).toString('hex');
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value) ? value.toLowerCase() : value;
};

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url);

/** The place of a secret: its column, and the values that name its row. */
export function placeOf<C extends EncryptedColumn>(
  column: C,
  row: Record<(typeof encryptedColumns)[C][number], string | Uint8Array>,
): SecretPlace {
  const values: Record<string, string | Uint8Array> = row;
  const dataOf = (names: readonly string[]) =>
    JSON.stringify([...column.split('.'), ...names.map((name) => canonical(name, values[name] ?? ''))]);
  return {
    associatedData: dataOf(encryptedColumns[column]),
    inV2: dataOf(columnsInV2[column] ?? encryptedColumns[column]),
  };
}

/**
 * Encrypts a secret for storage at a place, with ENCRYPTION_KEY: AES-256-GCM, the place as associated data.
 * @returns `v3.<key id>.<base64url of 12 bytes nonce, ciphertext, 16 bytes tag>`
 */
export function encryptSecret(plain: string, { associatedData }: SecretPlace): string {
  const key = keyOf(env().ENCRYPTION_KEY);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(associatedData));
  const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `v3.${keyIdOf(key)}.${sealed.toString('base64url')}`;
}

/** The setting that refuses texts of a form, where one does. */
function refusalOf(version: string): string | undefined {
  const { ENCRYPTION_V1, ENCRYPTION_V2 } = env();
  if (version !== 'v3' && ENCRYPTION_V2 === 'refuse') return 'ENCRYPTION_V2';
  return version === 'v1' && ENCRYPTION_V1 === 'refuse' ? 'ENCRYPTION_V1' : undefined;
}

/**
 * Opens a text of encryptSecret at its place, also one made while ENCRYPTION_KEY_PREVIOUS was the current key. Of the
 * forms before, `v2` opens at its place as it was told then (columnsInV2), until ENCRYPTION_V2=refuse, and `v1`, which
 * names no place, anywhere, until ENCRYPTION_V1=refuse or that.
 * @throws Error when the text was made with another key or for another place, or changed since.
 */
export function decryptSecret(stored: string, { associatedData, inV2 }: SecretPlace): string {
  const form = formOf(stored);
  if (!form) throw new Error('A stored secret has an unknown form.');
  const { version, keyId, body } = form;
  const refusing = refusalOf(version);
  if (refusing)
    throw new Error(
      `A stored secret has the form ${version}, which ${refusing} refuses: npm run rotate-encryption-key.`,
    );
  const key = keyNamed(keyId);
  if (!key) {
    throw new Error(
      `A stored secret was encrypted with a key (${keyId}) that is neither ENCRYPTION_KEY nor ENCRYPTION_KEY_PREVIOUS.`,
    );
  }
  const sealed = Buffer.from(body, 'base64url');
  if (sealed.length < nonceBytes + tagBytes) throw new Error('A stored secret is too short to be one.');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  if (version !== 'v1') decipher.setAAD(Buffer.from(version === 'v2' ? inV2 : associatedData));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    const plain = [decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()];
    return Buffer.concat(plain).toString('utf8');
  } catch {
    throw new Error('A stored secret does not open: it was changed, or belongs to another place.');
  }
}
