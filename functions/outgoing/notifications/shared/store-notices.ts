import { sql } from 'drizzle-orm/sql';
import { storable } from '#core/database/storable.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { env } from '#core/env.ts';
import { shownEmail } from '#messaging/mail/public.ts';
import { type Channel, categoryOf, channelsOf, isUrgent, pathOf } from './kinds.ts';
import type { AddressedNotice } from './notice.ts';
import { isWanted, type QuietHours, quietHours } from './preferences.ts';
import { contentOf, noticeLanguages } from './words/words.ts';

/** A message that is to be sent, newly stored. */
export interface NewSend {
  id: string;
  /** Which of the notices it is of. */
  n: number;
  companyId: string;
  /** Null: to the company's own channel. */
  userId: string | null;
  channel: Channel;
  timezone: string;
  quietHours: QuietHours;
}

/** A notice as the statement below reads it. */
function rowOf(notice: AddressedNotice, n: number): Record<string, unknown> {
  const { companyId, audience, dedupeKey, eventId, data } = notice;
  return {
    ...{ n, companyId, dedupeKey, eventId, data: storable(data) },
    type: notice.kind,
    category: categoryOf(notice),
    isUrgent: isUrgent(notice),
    link: pathOf(notice),
    contents: Object.fromEntries(noticeLanguages.map((language) => [language, contentOf(notice, language)])),
    channels: channelsOf(notice),
    userIds: 'userIds' in audience ? audience.userIds : null,
    inAppRole: 'inApp' in audience ? audience.inApp : null,
    sentRole: 'sent' in audience ? audience.sent : null,
  };
}

const told = sql`told."companyId", told."dedupeKey", told.category, told.type`;
/** As much of a number as the company's log shows. */
const shownPhone = sql`left(told.phone, 3) || '…' || right(told.phone, 2)`;

/**
 * Where more people have a role than this, only those above are told by role; owners always. Each event makes a line for
 * each of them, in the transaction that holds up all others of the company.
 */
export const maxTold = 100;
/** Messages that a reader gets in an hour by one channel in one category. What is urgent does not count. */
export const maxAnHour = 30;
const isRecent = sql`s.company_id = r."companyId" and s.channel = r.channel and s.category = r.category
  and s.created_at > now() - interval '1 hour' and s.status <> 'skipped'`;
const tooMany = `More than ${maxAnHour} of this category within an hour: the app has them all.`;

/**
 * Stores what people are told in the app, and a line for each message that is to be sent, by what they and the company
 * want. All in one statement: who is told depends on nothing that could change meanwhile, and what is stored already
 * stays as it is. What was stored is not joined at the end: the planner takes a few rows for granted, and would compare
 * each with each.
 * @returns the messages that were not there before.
 */
export async function storeNotices(tx: Tx, notices: readonly AddressedNotice[]): Promise<NewSend[]> {
  return await rowsOf<NewSend>(
    tx,
    sql`with notices as materialized (
        select n.*, private.role_rank("inAppRole") as shown_rank, private.role_rank("sentRole") as sent_rank
          from json_to_recordset(${JSON.stringify(notices.map(rowOf))}::json) as n (n int, "companyId" uuid,
          "dedupeKey" text, "eventId" uuid, data jsonb, type text, category text, "isUrgent" boolean, link text,
          contents jsonb, channels text[], "userIds" uuid[], "inAppRole" text, "sentRole" text)),
      least_ranks as (
        select "companyId" as id, min(least(shown_rank, sent_rank))
            filter (where "userIds" is null) as least_rank
          from notices group by "companyId"),
      concerned as (
        select c.id, c.timezone, coalesce(s.notifications, '{}') as company, s.integrations, least_rank
          from least_ranks join companies c using (id) left join company_settings s on s.company_id = c.id
         where c.deleted_at is null),
      named as materialized (select distinct unnest("userIds") as user_id from notices),
      people as materialized (
        select * from (
          select m.company_id, m.user_id, private.role_rank(m.role) as rank, least_rank,
              count(*) over (partition by m.company_id order by private.role_rank(m.role) desc) > ${maxTold}::int
                and m.role <> 'owner' as is_many,
              u.email, u.phone, u.phone_verified_at, u.timezone, split_part(lower(u.language), '-', 1) as language,
              coalesce(p.notifications, '{}') as own, concerned.company
            from memberships m
            join concerned on concerned.id = m.company_id
            join users u on u.id = m.user_id and u.is_active and u.deletes_at is null
            left join user_preferences p on p.user_id = m.user_id
           where m.is_active) p
         where rank >= least_rank and not is_many or user_id in (select user_id from named)),
      told as (
        select notices.*, people.*,
            "userIds" is not null or people.rank >= shown_rank as is_shown,
            "userIds" is not null or people.rank >= sent_rank as is_sent
          from notices join people on people.company_id = notices."companyId"
            and case when notices."userIds" is null
              then people.rank >= least(shown_rank, sent_rank) and not is_many
              else people.user_id = any(notices."userIds") end),
      shown as (
        insert into notifications (company_id, dedupe_key, category, type, user_id, title, message, link, data, event_id, is_urgent)
        select ${told}, told.user_id, content ->> 'title', content ->> 'message', told.link, told.data, told."eventId", told."isUrgent"
          from told cross join lateral (select coalesce(contents -> language, contents -> 'en') as content) c
         where is_shown and ${isWanted(sql`category`, sql`'inApp'`)}
         order by told.company_id, told.user_id
        on conflict do nothing),
      wanted as materialized (
        select private.uuid_v7() as id, told.n, ${told}, told."isUrgent", told.user_id, coalesce(told.user_id, told."companyId") as reader,
            channel, told."eventId", told.timezone,
            case channel when 'email' then ${shownEmail(sql`told.email`)} else ${shownPhone} end as recipient,
            ${quietHours} as "quietHours"
          from told cross join unnest(array['email', 'sms']) as channel
         where is_sent and channel = any(told.channels) and ${isWanted(sql`category`, sql`channel`)}
           and (channel <> 'sms' or told.phone_verified_at is not null and ${env().SMS_ENABLED}::boolean)
        union all
        select private.uuid_v7(), told.n, ${told}, told."isUrgent", null, told."companyId", channel, told."eventId", told.timezone,
            told.integrations -> channel ->> 'channel', ${quietHours}
          from (select notices.*, concerned.*, '{}'::jsonb as own from notices join concerned on concerned.id = notices."companyId") told
          cross join unnest(array['slack', 'teams']) as channel
         where channel = any(told.channels) and ${isWanted(sql`category`, sql`channel`)}
           and exists (select from company_integration_secrets i
             where i.company_id = told."companyId" and i.integration = channel and i.name = 'webhookUrl')),
      readers as materialized (
        select r.*, (select count(*) from notification_sends s where s.user_id = r.user_id and ${isRecent})
            + (select count(*) from notification_sends s where r.user_id is null and s.user_id is null and ${isRecent}) as sends
          from (select distinct reader, user_id, "companyId", channel, category from wanted) r),
      paced as (
        select wanted.*, not "isUrgent" and ${maxAnHour}::int < sends + row_number()
            over (partition by wanted."companyId", reader, channel, category order by "isUrgent", n) as is_too_many
          from wanted join readers using (reader, "companyId", channel, category)),
      stored as (
        insert into notification_sends (id, company_id, dedupe_key, category, type, user_id, channel, event_id, recipient,
          status, reason, finished_at)
        select id, "companyId", "dedupeKey", category, type, user_id, channel, "eventId", recipient,
            case when is_too_many then 'skipped' else 'waiting' end, case when is_too_many then ${tooMany} end,
            case when is_too_many then now() end
          from paced order by "companyId", user_id, channel
        on conflict do nothing
        returning id, status)
      select id, n, "companyId", user_id as "userId", channel, timezone, "quietHours" from wanted
       where (id in (select id from stored where status = 'waiting')) is true`,
  );
}
