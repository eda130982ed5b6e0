import { type Counts, demand, type Ground, withAdmin } from './shared/ground.ts';
import { askFor, atOnce, bearer, kindsOf, postJson } from './shared/json-requests.ts';
import { logIn, makePerson, tokensOf } from './shared/person.ts';
import { withServers } from './shared/some-servers.ts';

const refresh = (url: string, refreshToken: string) => postJson(`${url}/api/auth/refresh`, { refreshToken });
const me = (url: string, token: string) => askFor(`${url}/api/auth/me`, { headers: bearer(token) });

/**
 * One refresh token comes many times at the same instant, to several processes: there is one line of tokens after it.
 * The old one again, after its grace, ends the session at once.
 */
export async function refreshTokens(
  ground: Ground,
  size: { rounds: number; requests: number },
): Promise<Counts> {
  return await withServers(ground, 2, (servers) =>
    withAdmin(ground, async (sql) => {
      const [url, other] = [servers[0]?.url ?? '', servers[1]?.url ?? ''];
      let given = 0;
      let inGrace = 0;
      let lines = 0;
      let ended = 0;
      for (let round = 0; round < size.rounds; round++) {
        const person = await makePerson(sql);
        const first = tokensOf(await logIn(url, person));
        const answers = await atOnce(size.requests, servers, (to) => refresh(to, first.refreshToken));
        demand(
          answers.every(({ status }) => status === 200),
          `Of ${size.requests} refreshes at once: ${kindsOf(answers)}.`,
        );
        const successors = new Set(answers.map((answer) => tokensOf(answer).refreshToken));
        demand(successors.size === 1, `${successors.size} successors were given for one refresh token.`);
        const [chain] = await sql<{ unused: number; tokens: number; sessions: number }[]>`
          select count(*) filter (where t.used_at is null)::int as unused, count(*)::int as tokens,
              count(distinct s.id)::int as sessions
            from sessions s join refresh_tokens t on t.session_id = s.id where s.user_id = ${person.id}`;
        demand(
          chain?.unused === 1 && chain.tokens === 2 && chain.sessions === 1,
          `The chain is not one: ${JSON.stringify(chain)}`,
        );
        given += answers.length;
        lines += chain?.unused ?? 0;

        const [successor = ''] = successors;
        const repeated = await refresh(other, first.refreshToken);
        demand(
          repeated.status === 200 && tokensOf(repeated).refreshToken === successor,
          `Within the grace, the old token gave ${repeated.status} ${repeated.text}.`,
        );
        inGrace++;
        const second = tokensOf(await refresh(other, successor));
        demand((await me(url, second.token)).status === 200, 'The access token of the line was refused.');

        await sql`update refresh_tokens t set used_at = t.used_at - interval '11 seconds'
          from sessions s where s.id = t.session_id and s.user_id = ${person.id} and t.used_at is not null`;
        const stolen = await atOnce(size.requests, servers, (to) => refresh(to, first.refreshToken));
        demand(
          stolen.every(({ status }) => status === 401),
          `After the grace, the old token gave ${kindsOf(stolen)}.`,
        );
        const afterwards = [
          await refresh(url, second.refreshToken),
          await refresh(other, successor),
          ...(await Promise.all([first, second].flatMap(({ token }) => [me(url, token), me(other, token)]))),
        ];
        demand(
          afterwards.every(({ status }) => status === 401),
          `After the session had ended: ${kindsOf(afterwards)}.`,
        );
        const sessions = await sql`select ended_reason from sessions where user_id = ${person.id}`;
        demand(
          sessions.length === 1 && sessions[0]?.ended_reason === 'token_reused',
          `The session ended so: ${JSON.stringify(sessions)}`,
        );
        ended++;
      }
      return {
        rounds: size.rounds,
        'refreshes of one token at once': size.requests,
        'answered with the one successor': given,
        'lines of tokens': lines,
        'given again within the grace': inGrace,
        'sessions ended by the old token': ended,
      };
    }),
  );
}
