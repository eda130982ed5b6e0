import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { AppError, invalidField } from '../errors.ts';
import { commonPasswords } from './common-passwords.ts';

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB (in KiB), 2 passes, 1 lane. */
const cost = { memoryKiB: 19_456, passes: 2, lanes: 1, hashBytes: 32, saltBytes: 16 } as const;

/** Of a password that nobody knows: a login with an unknown account takes as long as one with a wrong password. */
const hashOfNothing =
  '$argon2id$v=19$m=19456,t=2,p=1$MnTxG2OvXpFzsqfVhi0APA$Fi8fSVrgDgQS74PSsdgAgJLVnZI+HIh1s5bCk1zWW2Q';

interface Argon2 {
  /** @returns a PHC string. */
  hash(password: string): Promise<string>;
  verify(phc: string, password: string): Promise<boolean>;
}

/** The addon: a few milliseconds, off the event loop. On the embedded stack. */
async function native(): Promise<Argon2> {
  const { hash, verify } = await import('@node-rs/argon2');
  const options = {
    algorithm: 2,
    memoryCost: cost.memoryKiB,
    timeCost: cost.passes,
    parallelism: cost.lanes,
  } as const;
  return { hash: (password) => hash(password, options), verify: (phc, password) => verify(phc, password) };
}

/** WebAssembly: the same hashes in several times the time. Where functions are deployed, which an addon would make too large. */
async function wasm(): Promise<Argon2> {
  const { argon2id, argon2Verify } = await import('./argon2-wasm.ts');
  return {
    hash: (password) =>
      argon2id({
        password,
        salt: randomBytes(cost.saltBytes),
        memorySize: cost.memoryKiB,
        iterations: cost.passes,
        parallelism: cost.lanes,
        hashLength: cost.hashBytes,
        outputType: 'encoded',
      }),
    verify: (hash, password) => argon2Verify({ hash, password }),
  };
}

/** For tests: both must make and take the same hashes. */
export const argon2Engines = { native, wasm };

let argon2: Promise<Argon2> | undefined;
/** Loaded on first use: most functions never need it. */
const loaded = (): Promise<Argon2> => {
  argon2 ??= native().catch(wasm);
  return argon2;
};

/** The same password, however the keyboard composed its letters: NFC, as RFC 8265 (OpaqueString) has it. */
const composed = (password: string): string => password.normalize('NFC');

/** @returns an argon2id PHC string. The whole password counts: nothing is cut off. */
export async function hashPassword(password: string): Promise<string> {
  const { hash } = await loaded();
  return await hash(composed(password));
}

/** Whether the password is the one that was hashed. Without a hash it is not, after the same time. */
export async function verifyPassword(hash: string | null | undefined, password: string): Promise<boolean> {
  const { verify } = await loaded();
  const matches = await verify(hash ?? hashOfNothing, composed(password));
  return matches && typeof hash === 'string';
}

/** @param path The field that the password came in. */
export const wrongPassword = (path = 'password'): AppError =>
  new AppError('WRONG_PASSWORD', { details: [{ path, message: 'is wrong' }] });

/**
 * Asks somebody who is signed in for their password again. Outside of a transaction: hashing takes longer than all else, and
 * connections are few.
 * @param path The field that the password came in.
 * @throws AppError WRONG_PASSWORD.
 */
export async function requirePassword(
  hash: string | null | undefined,
  password: string,
  path?: string | undefined,
): Promise<void> {
  if (!(await verifyPassword(hash, password))) throw wrongPassword(path);
}

const codePoints = (text: string): number => [...composed(text)].length;

/** Whether the password is among the commonest, in upper or lower case. */
export const isCommon = (password: string): boolean => commonPasswords.has(composed(password).toLowerCase());

/**
 * A password that someone chooses: 12 to 128 code points of any kind, spaces and emoji too (NIST SP 800-63B-4 3.1.1.2:
 * each code point counts as one character, no rules of composition), none of the commonest. That it is not the e-mail,
 * see requireNotEmail.
 */
export const newPassword = z
  .string()
  .refine((text) => codePoints(text) >= 12, 'must have at least 12 characters')
  .refine((text) => codePoints(text) <= 128, 'may have at most 128 characters')
  .refine((text) => !isCommon(text), 'is one of the commonest passwords: choose another');

/** A password that someone enters: any text that could be one. */
export const enteredPassword = z.string().min(1, 'must not be empty').max(1024, 'is too long');

/** Whether a password is no more than the account's own address. */
export const isEmail = (password: string, email: string): boolean =>
  composed(password).trim().toLowerCase() === email.normalize('NFC').trim().toLowerCase();

/**
 * @param path The field that the password came in.
 * @throws AppError VALIDATION_FAILED for a password that is no more than the account's own address.
 */
export function requireNotEmail(password: string, email: string, path: string): void {
  if (!isEmail(password, email)) return;
  const message = 'must not be the e-mail address';
  throw invalidField(path, message, `The password ${message}.`);
}
