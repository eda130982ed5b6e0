import { createHmac } from 'node:crypto';
import { hashPassword } from '#core/security/passwords.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany, type TestPerson } from '#core/testing/company.ts';
import * as setUpTwoFactor from '../set-up-two-factor.ts';
import * as verifyTwoFactor from '../verify-two-factor.ts';

export const password = 'correct horse battery staple';

/** RFC 4648 base32, read without the library that wrote it. */
function bytesOf(base32: string): Buffer {
  const bits = [...base32]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}

/** RFC 4226, section 5.3, with the step of RFC 6238: six digits, SHA-1, 30 s. */
export function codeAt(secret: string, timeMs: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(timeMs / 30_000)));
  const digest = createHmac('sha1', bytesOf(secret)).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 0x0f;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** A code that is right at no time near this one. */
export function wrongCode(secret: string, timeMs: number, index = 0): string {
  const near = new Set(Array.from({ length: 21 }, (_, i) => codeAt(secret, timeMs + (i - 10) * 30_000)));
  const codes = Array.from({ length: 100 }, (_, i) => String(100_000 + i)).filter((code) => !near.has(code));
  return codes[index] ?? '';
}

interface Guarded {
  company: TestCompany;
  person: TestPerson;
  secret: string;
  backupCodes: string[];
}

let passwordHash: Promise<string> | undefined;

/** A person who has set up a second factor but not verified it. */
export async function whoSetUp(): Promise<Omit<Guarded, 'backupCodes'>> {
  const company = await aCompany();
  const person = await company.as('agent');
  passwordHash ??= hashPassword(password);
  await adminSql()`update users set password_hash = ${await passwordHash} where id = ${person.id}`;
  const { body } = await person.request(setUpTwoFactor);
  return { company, person, secret: body.data.secret };
}

/** A person whose second factor is on. The code of this moment is spent. */
export async function whoIsGuarded(): Promise<Guarded> {
  const setUp = await whoSetUp();
  const { body } = await setUp.person.request(verifyTwoFactor, { code: codeAt(setUp.secret, Date.now()) });
  return { ...setUp, backupCodes: body.data.backupCodes };
}
