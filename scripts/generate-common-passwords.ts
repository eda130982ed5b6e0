/**
 * Writes functions/_core/security/common-passwords.ts from zxcvbn's list of leaked passwords: those of at least 12 characters,
 * since shorter ones are refused anyway. To be run when the list's package is updated; a test says when.
 */
import { writeFile } from 'node:fs/promises';
import { commonPasswordsFile } from './generate/common-passwords.ts';

await writeFile(
  new URL('../functions/_core/security/common-passwords.ts', import.meta.url),
  commonPasswordsFile(),
);
