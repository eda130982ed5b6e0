/**
 * The limit: node:http and postgres.js with nothing between them. It lists calls with one prepared query, renames a
 * person with one update, and takes in signed events with an HMAC and one insert.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import postgres from 'postgres';
import { v7 as uuidv7 } from 'uuid';
import { serveParent } from '../../faults/shared/serve-parent.ts';

const sql = postgres(process.env.ADMIN_URL ?? '', {
  max: Number(process.env.CONNECTIONS),
  onnotice: () => {},
});
const secret = process.env.DIALPAD_WEBHOOK_SECRET ?? '';

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

async function list(companyId: string, status: string, response: ServerResponse): Promise<void> {
  const rows = await sql`
    select id, company_id as "companyId", app_id as "appId", provider, provider_call_id as "providerCallId", direction,
      status, from_number as "from", to_number as "to", agent_id as "agentId", provider_agent_id as "providerAgentId",
      agent_name as "agentName", customer_id as "customerId", campaign_id as "campaignId", started_at as "startedAt",
      answered_at as "answeredAt", ended_at as "endedAt", duration_ms as "durationMs", cost_amount as "costAmount",
      cost_currency as "costCurrency", summary, sentiment, successful, disconnection_reason as "disconnectionReason",
      recording_url as "recordingUrl", tags, metadata, created_at as "createdAt", updated_at as "updatedAt"
    from calls where company_id = ${companyId} and status = ${status}
    order by started_at desc, id desc limit 20`;
  const data = rows.map(({ costAmount, costCurrency, ...row }) => ({
    ...row,
    externalUserId: null,
    durationMs: row.durationMs === null ? null : Number(row.durationMs),
    cost: costAmount === null ? null : { amount: Number(costAmount), currency: costCurrency },
    recordingUrl: row.recordingUrl === null ? null : `/api/calls/${row.id}/recording`,
  }));
  answer(response, 200, JSON.stringify({ success: true, data }));
}

async function me(userId: string, response: ServerResponse): Promise<void> {
  const [data] = await sql`
    select id, email, name, phone, timezone, language, email_verified_at as "emailVerifiedAt",
      last_login_at as "lastLoginAt", created_at as "createdAt" from users where id = ${userId}`;
  answer(response, 200, JSON.stringify({ success: true, data }));
}

async function rename(userId: string, name: string, response: ServerResponse): Promise<void> {
  const [data] = await sql`
    update users set name = ${name} where id = ${userId}
    returning id, email, name, phone, timezone, language, email_verified_at as "emailVerifiedAt",
      last_login_at as "lastLoginAt", created_at as "createdAt"`;
  answer(response, 200, JSON.stringify({ success: true, data }));
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const [header = '', payload = '', signature = ''] = Buffer.concat(chunks).toString('latin1').split('.');
  const made = createHmac('sha256', secret).update(`${header}.${payload}`).digest();
  const claimed = Buffer.from(signature, 'base64url');
  if (claimed.length !== made.length || !timingSafeEqual(made, claimed)) return answer(response, 401, '{}');
  const json = Buffer.from(payload, 'base64url').toString();
  const event = JSON.parse(json);
  const id = uuidv7();
  await sql`insert into bare_events (id, provider, dedupe_key, company_id, type, payload, status)
    values (${id}, 'dialpad', ${`call:${event.call_id}:${event.state}:${event.event_timestamp}`},
      ${process.env.COMPANY_ID ?? null}, ${`call.${event.state}`}, ${json}::text::json, 'received')
    on conflict do nothing`;
  answer(response, 200, JSON.stringify({ success: true, data: { id, status: 'received' } }));
}

const server = createServer((request, response) => {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const work =
    path === '/calls'
      ? list(query.slice(0, 36), query.slice(37), response)
      : path === '/me'
        ? me(query, response)
        : path === '/name'
          ? rename(query.slice(0, 36), query.slice(37), response)
          : path === '/events'
            ? receive(request, response)
            : Promise.resolve(answer(response, 404, '{}'));
  work.catch((error: unknown) => answer(response, 500, String(error)));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
serveParent((server.address() as AddressInfo).port, {}, () => sql.end()); // a TCP server's address is an AddressInfo
