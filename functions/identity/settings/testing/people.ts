import { adminSql } from '#core/testing/admin-sql.ts';
import { aCompany, type TestCompany, type TestPerson } from '#core/testing/company.ts';

/** Somebody above companies: the viewer of a company of their own. */
export async function aPlatformAdmin(): Promise<TestPerson> {
  const person = await (await aCompany('Platform')).as('viewer');
  await adminSql()`update users set is_platform_admin = true where id = ${person.id}`;
  return person;
}

/** The company's audit log as one text, and its actions in their order. */
export async function auditOf(company: TestCompany): Promise<{ text: string; actions: string[] }> {
  const rows = await adminSql()<{ action: string; row: string }[]>`
    select action, row_to_json(a)::text as row from audit_logs a where company_id = ${company.id} order by number`;
  return { text: rows.map(({ row }) => row).join('\n'), actions: rows.map(({ action }) => action) };
}
