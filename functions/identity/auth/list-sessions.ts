import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { listOf, pageInput } from '#core/database/page.ts';
import { shapeOf } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { sessions } from '#db/schema/sessions.ts';

const Session = z
  .object({
    id: z.uuid(),
    companyId: z.uuid().describe('The company that the session is in.'),
    device: z.string().describe('As a person would say it: Chrome on Windows.'),
    userAgent: z.string().nullable(),
    ip: z.string().nullable().describe('Where it was last seen from.'),
    createdAt: z.iso.datetime(),
    lastSeenAt: z.iso.datetime().describe('To the minute.'),
    expiresAt: z.iso.datetime().describe('When it is over, unless it is refreshed before.'),
    isCurrent: z.boolean().describe('The one that asks.'),
  })
  .meta({ id: 'Session' });

const sessionShape = shapeOf(Session, {
  id: sessions.id,
  companyId: sessions.companyId,
  device: sessions.device,
  userAgent: sessions.userAgent,
  ip: sessions.ip,
  createdAt: sessions.createdAt,
  lastSeenAt: sessions.lastSeenAt,
  expiresAt: sessions.expiresAt,
  isCurrent: sql`${sessions.id}::text = coalesce(private.claims() ->> 'session_id', '')`,
});

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/auth/sessions',
  summary: 'List your sessions, last seen first',
  description: 'Each is a place where you are logged in. `isCurrent` marks the one that asks.',
  who: ['user'],
  input: pageInput,
  output: Session,
  envelope: 'page',
  errors: ['INVALID_CURSOR'],
  query({ input }) {
    return listOf({
      shape: sessionShape,
      from: sql`${sessions}`,
      id: sessions.id,
      where: [
        sql`${sessions.userId} = (select private.caller_id())`,
        sql`${sessions.endedAt} is null`,
        sql`${sessions.expiresAt} > now()`,
      ],
      sort: { by: sessions.lastSeenAt, kind: 'time' },
      identity: { list: 'sessions', sortOrder: input.sortOrder },
      input,
    });
  },
});
