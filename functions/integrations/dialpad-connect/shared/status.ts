import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';

const Hook = z
  .object({
    webhook_id: z.uuid(),
    hook_url: z.string(),
    subscriptions: z.int32(),
    state: z
      .enum(['unsubscribed', 'waiting', 'receiving'])
      .describe(
        'unsubscribed: nothing will come. waiting: nothing has come since it was made. receiving: events came.',
      ),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'DialpadWebhookState' });

export const Status = z
  .object({
    app_id: z.uuid(),
    provider: z.literal('dialpad'),
    connected: z.boolean().describe('Whether the app has a connection of its own that works.'),
    access_by: z
      .enum(['oauth', 'company_key', 'deployment_key'])
      .nullable()
      .describe(
        'How Dialpad is reached for this app: by its own connection, by its company’s key, by the deployment’s key. Null: it is not.',
      ),
    must_reconnect: z
      .boolean()
      .describe(
        'Dialpad takes its tokens no longer: the connection ended and cannot be refreshed, or the organization took the access back. True from the first refusal that a refill (every ten minutes) or a proof meets, false once it is connected anew or the tokens work again.',
      ),
    scopes: z.array(z.string()),
    expires_at: z.iso
      .datetime()
      .nullable()
      .describe('Of the token; one with a refresh token is renewed by itself.'),
    refreshes: z.boolean(),
    hooks: z.array(Hook),
    events: z
      .object({
        last_received_at: z.iso.datetime().nullable(),
        waiting: z.number().int(),
        failed: z.number().int().describe('Given up after six attempts; can be replayed.'),
      })
      .meta({ id: 'DialpadConnectionEvents' }),
  })
  .meta({ id: 'DialpadConnectionStatus' });

/** What the database knows of it: the row `item` of statusOf. */
export const Found = Status.pick({ hooks: true, events: true }).extend({
  connection: z
    .object({
      scopes: z.string(),
      expires_at: z.string().nullable(),
      refreshes: z.boolean(),
      is_over: z.boolean(),
      is_refused: z.boolean(),
    })
    .nullable(),
});

const iso = (time: string) => sql.raw(`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);

export const statusOf = (appId: string) => sql`
  with last as (select e.received_at from inbound_events e
    where e.app_id = ${appId}::uuid and e.provider = 'dialpad' order by e.id desc limit 1)
  select json_build_object(
    'connection', (select json_build_object('scopes', n.scopes, 'expires_at', ${iso('n.expires_at')},
        'refreshes', n.refresh_token is not null, 'is_over', coalesce(n.expires_at <= now(), false),
        'is_refused', n.refused_at is not null)
      from provider_connections n where n.app_id = ${appId}::uuid and n.provider = 'dialpad'),
    'hooks', (select coalesce(json_agg(json_build_object('webhook_id', h.id, 'hook_url', h.hook_url,
        'subscriptions', jsonb_array_length(h.subscriptions), 'created_at', ${iso('h.created_at')},
        'state', case when (select received_at from last) >= h.created_at then 'receiving'
          when jsonb_array_length(h.subscriptions) = 0 then 'unsubscribed' else 'waiting' end) order by h.id desc), '[]')
      from provider_hooks h where h.app_id = ${appId}::uuid and h.provider = 'dialpad' and h.deleted_at is null),
    'events', json_build_object(
      'last_received_at', (select ${iso('received_at')} from last),
      'waiting', (select count(*) from inbound_events e where e.status = 'received' and e.app_id = ${appId}::uuid and e.provider = 'dialpad'),
      'failed', (select count(*) from inbound_events e where e.status = 'failed' and e.app_id = ${appId}::uuid and e.provider = 'dialpad'))
  )::text as item`;
