import { Secret, TOTP } from 'otpauth';
import * as z from 'zod';
import { type Counts, demand, type Ground, withAdmin } from './shared/ground.ts';
import { atOnce, bearer, type JsonAnswer, kindsOf, postJson } from './shared/json-requests.ts';
import { logIn, makePerson, type Person, tokensOf } from './shared/person.ts';
import { withServers } from './shared/some-servers.ts';

const stepMs = 30_000;
const maxFailures = 5;

const codeAt = (secret: string, timeMs: number): string =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: timeMs });

/** So many codes, all different, that are right at no time near this one. */
function wrongCodes(secret: string, count: number): string[] {
  const right = new Set(Array.from({ length: 21 }, (_, i) => codeAt(secret, Date.now() + (i - 10) * stepMs)));
  const codes = Array.from({ length: count + right.size }, (_, i) => String(100_000 + i));
  return codes.filter((code) => !right.has(code)).slice(0, count);
}

const SetUp = z.object({ data: z.object({ secret: z.string() }) });
const BackupCodes = z.object({ data: z.object({ backupCodes: z.array(z.string()).min(1) }) });

/** Turns the person's second factor on, with the code of the step before: that of now is left for logging in. */
async function guard(url: string, person: Person): Promise<{ secret: string; backupCode: string }> {
  const headers = bearer(tokensOf(await logIn(url, person)).token);
  const { secret } = SetUp.parse(
    JSON.parse((await postJson(`${url}/api/auth/2fa/setup`, {}, headers)).text),
  ).data;
  const code = codeAt(secret, Date.now() - stepMs);
  const verified = await postJson(`${url}/api/auth/2fa/verify`, { code }, headers);
  const [backupCode = ''] = BackupCodes.parse(JSON.parse(verified.text)).data.backupCodes;
  return { secret, backupCode };
}

const succeeded = (answers: readonly JsonAnswer[]): number =>
  answers.filter(({ status }) => status === 200).length;

/**
 * Codes that come many times at the same instant, to several processes: a right one lets in once, be it of the
 * authenticator or a backup code; of wrong ones five are looked at, and then not even the right one lets in for a while.
 */
export async function oneTimeCodes(
  ground: Ground,
  size: { people: number; requests: number },
): Promise<Counts> {
  return await withServers(ground, 2, (servers) =>
    withAdmin(ground, async (sql) => {
      const [url, other] = [servers[0]?.url ?? '', servers[1]?.url ?? ''];
      const sessionsOf = async ({ id }: Person) =>
        Number((await sql`select count(*)::int as n from sessions where user_id = ${id}`)[0]?.n);
      const loginsBy = { authenticator: 0, backup: 0 };
      let lookedAt = 0;
      let refusedAsLocked = 0;
      let rightRefused = 0;
      let rightTaken = 0;
      for (let i = 0; i < size.people; i++) {
        const person = await makePerson(sql);
        const { secret, backupCode } = await guard(url, person);
        for (const [by, what, code] of [
          ['authenticator', 'code of the authenticator', codeAt(secret, Date.now())],
          ['backup', 'backup code', backupCode],
        ] as const) {
          const before = await sessionsOf(person);
          const answers = await atOnce(size.requests, servers, (to) => logIn(to, person, code));
          const others = answers.filter(({ status }) => status !== 200);
          demand(
            succeeded(answers) === 1 && others.every(({ status }) => status === 401),
            `One ${what}, ${size.requests} times at once: ${kindsOf(answers)}.`,
          );
          const begun = (await sessionsOf(person)) - before;
          demand(begun === 1, `One ${what} began ${begun} sessions.`);
          loginsBy[by] += begun;
        }

        // As if no code had been used yet: that of this moment is right once more.
        await sql`update two_factors set last_step = null where user_id = ${person.id}`;
        const wrong = wrongCodes(secret, size.requests);
        const guesses = await atOnce(size.requests, servers, (to, index) => logIn(to, person, wrong[index]));
        const looked = guesses.filter(({ status }) => status === 401).length;
        const locked = guesses.filter(({ status }) => status === 423).length;
        demand(
          looked === maxFailures && looked + locked === guesses.length,
          `${size.requests} wrong codes at once: ${kindsOf(guesses)}.`,
        );
        lookedAt += looked;
        refusedAsLocked += locked;
        const whileLocked = [
          await logIn(url, person, codeAt(secret, Date.now())),
          await logIn(other, person, codeAt(secret, Date.now())),
        ];
        rightRefused += whileLocked.filter(({ status }) => status === 423).length;
        demand(
          whileLocked.every(({ status }) => status === 423),
          `The right code, while the second factor is locked: ${kindsOf(whileLocked)}.`,
        );
        await sql`update two_factors set locked_until = locked_until - interval '15 minutes' where user_id = ${person.id}`;
        const afterwards = await logIn(other, person, codeAt(secret, Date.now()));
        demand(afterwards.status === 200, `The right code, after the lock: ${afterwards.text}`);
        rightTaken++;
      }
      return {
        people: size.people,
        'uses of one code at once': size.requests,
        'logins by a code of the authenticator': loginsBy.authenticator,
        'logins by a backup code': loginsBy.backup,
        'wrong codes looked at': lookedAt,
        'wrong codes refused as locked': refusedAsLocked,
        'right codes refused while locked': rightRefused,
        'right codes taken after the lock': rightTaken,
      };
    }),
  );
}
