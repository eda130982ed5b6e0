import { adminSql } from '#core/testing/admin-sql.ts';

/**
 * Before the tests of a file that runs the schedules, which ask every account: those that other files left in this worker's
 * database are at servers that are gone, and each would be asked until its client gives up.
 */
export async function forgetAccounts(): Promise<void> {
  await adminSql()`delete from provider_links where provider = 'retell'`;
  await adminSql()`delete from company_integration_secrets where integration in ('retell', 'dialpad')`;
  await adminSql()`delete from provider_connections`;
}
