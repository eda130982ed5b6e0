import { currentKeyId } from '#core/security/secrets.ts';
import { adminSql } from '#core/testing/admin-sql.ts';
import { jobPayload } from '#core/testing/job-payload.ts';

/** The mails that wait for an address, oldest first. */
export async function mailsTo(
  email: string,
): Promise<
  { template: string; language: string; data: { link: string; name: string | null; role: string } }[]
> {
  // By other tests' keys other tests' mails are encrypted.
  const rows = await adminSql()`
    select id, payload from jobs where kind = 'send-email' and payload like ${`v3.${currentKeyId()}.%`} order by id`;
  return rows.map(jobPayload).filter((mail: { to: string }) => mail.to === email);
}

/** The token in the newest invitation of an address. */
export async function tokenFor(email: string): Promise<string> {
  const mail = (await mailsTo(email)).filter(({ template }) => template === 'invitation').at(-1);
  return new URL(mail?.data.link ?? 'none:').searchParams.get('token') ?? '';
}
