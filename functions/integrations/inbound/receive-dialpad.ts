import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { callFunction } from '#core/database/read-together.ts';
import { endpoint } from '#core/endpoint.ts';
import { env } from '#core/env.ts';
import { dialpad } from '#providers/dialpad/index.ts';
import { receiveEvent } from './shared/receive-event.ts';
import { ReceivedAnswer } from './shared/received-answer.ts';

export const { contract, respond, serve, handler } = endpoint({
  method: 'POST',
  path: '/webhooks/dialpad',
  summary: 'Receive an event of Dialpad',
  description:
    'The body is a compact JWS (HS256), signed with DIALPAD_WEBHOOK_SECRET, the webhook secret that a company has set, or the secret of the app’s own webhook: call, SMS and voicemail events.',
  who: ['signed'],
  body: 'raw',
  input: z.object({
    app_id: z
      .string()
      .max(100)
      .optional()
      .describe('The app whose hook this is, as POST /internal/webhooks/create registers it.'),
  }),
  inQuery: ['app_id'],
  output: ReceivedAnswer,
  errors: ['INVALID_SIGNATURE', 'UNAVAILABLE'],
  async handle({ ctx, input }) {
    const appId = input.app_id === undefined ? undefined : AppId.safeParse(input.app_id).data;
    const companyId = appId && (await companyOf(appId));
    return await receiveEvent(dialpad, ctx, {
      shared: env().DIALPAD_WEBHOOK_SECRET,
      accepts: (secret) =>
        appId === undefined ||
        secret.appId === appId ||
        (secret.kind === 'key' && secret.companyId === companyId),
      owner: async () => (appId && companyId ? { companyId, appId } : undefined),
      mayDefault: true,
    });
  },
});

const AppId = z.uuid();

/** Which company an app belongs to never changes. */
const companies = new Map<string, string>();

async function companyOf(appId: string): Promise<string | undefined> {
  const known = companies.get(appId);
  if (known) return known;
  const [row] = await callFunction(sql`select private.company_of_app(${appId}::uuid) as id`);
  if (typeof row?.id !== 'string') return undefined;
  if (companies.size > 10_000) companies.clear();
  companies.set(appId, row.id);
  return row.id;
}
