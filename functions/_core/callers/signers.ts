import { callFunction, takeLimits } from '../database/read-together.ts';
import { limitAddress } from '../http/address.ts';
import { BoundedMap } from '../work/bounded-map.ts';
import { badSignatureLimit, limitedError } from './limits.ts';

/**
 * Who may try to sign a webhook. Bytes are hashed for anybody once; whose signature was wrong is looked up before more of
 * theirs is read, and refused while they are over RATE_LIMIT_WEBHOOK. An address from which something came rightly signed
 * is never refused: others may have a provider send there what is wrongly signed, and must not get it shut out.
 */

const suspectForMs = 10 * 60_000;
const trustedForMs = 60 * 60_000;
const maxRemembered = 10_000;

/** Addresses, and until when: of wrong signatures, and of right ones, as this instance has seen them. */
const suspects = new BoundedMap<string, number>(maxRemembered);
const trusted = new BoundedMap<string, number>(maxRemembered);
/** Suspects that the database says must wait. */
const shutOut = new BoundedMap<string, number>(maxRemembered);

const msLeft = (addresses: Map<string, number>, address: string, nowMs: number): number =>
  Math.max(0, (addresses.get(address) ?? 0) - nowMs);
const isIn = (addresses: Map<string, number>, address: string, nowMs: number): boolean =>
  msLeft(addresses, address, nowMs) > 0;

/**
 * Before anything is read or hashed. Costs a round trip only where this instance has seen a wrong signature from there.
 * @throws AppError RATE_LIMITED.
 */
export async function requireMaySign(ip: string, nowMs: number): Promise<void> {
  const [ask] = badSignatureLimit(ip);
  const address = limitAddress(ip);
  if (!ask || isIn(trusted, address, nowMs) || !isIn(suspects, address, nowMs)) return;
  const [{ count, seconds }] = ask.limits;
  let retryMs = msLeft(shutOut, address, nowMs);
  if (retryMs === 0) {
    const params = [address, ask.key, count, seconds];
    const [row] = await callFunction(
      'select private.look_at_signer($1, $2, $3::int, $4::int) as wait_ms',
      params,
    );
    retryMs = Number(row?.wait_ms ?? 0);
    if (retryMs < 0) trusted.set(address, nowMs + trustedForMs);
    if (retryMs <= 0) return;
    shutOut.set(address, nowMs + retryMs);
  }
  const state = { isAllowed: false, limit: count, remaining: 0, resetSeconds: seconds };
  throw limitedError({ ...state, retryMs, retrySeconds: Math.ceil(retryMs / 1000) });
}

/** Counts a wrong signature. @throws AppError RATE_LIMITED past the limit. */
export async function countWrongSignature(ip: string, nowMs: number): Promise<void> {
  suspects.set(limitAddress(ip), nowMs + suspectForMs);
  await takeLimits(badSignatureLimit(ip));
}

/** Notes a right one; what is to be stored of it may go on after the answer. */
export async function noteRightSignature(ip: string, nowMs: number): Promise<void> {
  const address = limitAddress(ip);
  if (isIn(trusted, address, nowMs) || badSignatureLimit(ip).length === 0) return;
  trusted.set(address, nowMs + trustedForMs);
  await callFunction('select private.trust_signer($1)', [address]);
}

/** For tests: as another instance. */
export function forgetSigners(): void {
  suspects.clear();
  trusted.clear();
  shutOut.clear();
}
