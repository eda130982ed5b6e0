import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { oneOf } from '#core/database/page.ts';
import { asJson, isoTime, shapeOf } from '#core/database/shape.ts';
import { endpoint } from '#core/endpoint.ts';
import { twoFactorBackupCodes, twoFactors } from '#db/schema/two-factor.ts';

const Status = z
  .object({
    isEnabled: z.boolean(),
    enabledAt: z.iso.datetime().nullable(),
    backupCodesLeft: z.int32().describe('How many were not used yet.'),
  })
  .meta({ id: 'TwoFactorStatus' });

const shape = shapeOf(Status, {
  isEnabled: sql`${twoFactors.enabledAt} is not null`,
  enabledAt: isoTime(twoFactors.enabledAt),
  backupCodesLeft: sql`(select count(*) from ${twoFactorBackupCodes}
    where ${twoFactorBackupCodes.userId} = (select private.caller_id()) and ${twoFactorBackupCodes.usedAt} is null)`,
});

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/auth/2fa/status',
  summary: 'Get the state of two-factor authentication',
  description: 'One that was set up but not verified is off.',
  who: ['user'],
  output: Status,
  query: () =>
    oneOf(
      sql`select ${asJson(shape)} as item from (select (select private.caller_id()) as id) caller
        left join ${twoFactors} on ${twoFactors.userId} = caller.id`,
    ),
});
