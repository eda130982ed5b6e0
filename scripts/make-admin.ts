/**
 * Makes the first owner of a company, or a platform admin: `npm run make-admin -- --email=ada@example.com
 * --company="Analytical Engines"`, or `--platform`. It connects by DATABASE_URL, as the API does; without one, to the `npm start`
 * that runs on DATA_DIR. A person who cannot log in
 * yet gets a link with which they choose their password: no password stands on a command line. Run again, it changes
 * nothing, and prints another link while no password is set.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { sql } from 'drizzle-orm/sql';
import * as z from 'zod';
import { type Context, makeContext } from '#core/context.ts';
import { newId } from '#core/database/ids.ts';
import { closeDatabase } from '#core/database/pool.ts';
import { rowsOf, type Tx } from '#core/database/transaction.ts';
import { plainError } from '#core/http/plain-errors.ts';
import { audit } from '#core/security/audit.ts';
import {
  emailInput,
  endAllUnproved,
  forgetDevices,
  lockForProof,
  nameInput,
  normalEmail,
  pageLink,
} from '../functions/identity/auth/public.ts';
import { hashToken, makeToken } from '../functions/identity/auth/shared/secret-tokens.ts';
import { nothingRuns, runningStack } from '../local/stack/running-stack.ts';
import { isCommand, runCommand } from './command.ts';
import { connectDatabase } from './database.ts';

const linkHours = 24;

/** Something that the operator has to put right; the message is a sentence. */
export class MakeAdminError extends Error {}

export interface NewAdmin {
  email: string;
  /** Name or id. One of this name is made where there is none. */
  company?: string | undefined;
  isPlatformAdmin: boolean;
  /** Of a person who has no account yet. Default: what stands before the @. */
  name?: string | undefined;
}

export interface MadeAdmin {
  /** A sentence for each thing that was done. */
  done: string[];
  /** With which the person chooses their password, where they have none. */
  link: string | undefined;
}

interface Person {
  id: string;
  name: string;
  isActive: boolean;
  isWithoutCompany: boolean;
  isToBeDeleted: boolean;
  isPlatformAdmin: boolean;
  hasPassword: boolean;
}

const personOf = async (tx: Tx, emailNormal: string): Promise<Person | undefined> => {
  const [found] = await rowsOf<Person>(
    tx,
    sql`select id, name, is_active as "isActive", without_company_since is not null as "isWithoutCompany",
        deletes_at is not null as "isToBeDeleted", is_platform_admin as "isPlatformAdmin",
        password_hash is not null as "hasPassword"
      from users where email_normal = ${emailNormal}`,
  );
  return found;
};

/**
 * The person with the address, made where there is none. A person who registered with an address and never proved it may be
 * a stranger: nothing of what they set up goes on, their password neither.
 */
async function findOrMakePerson(tx: Tx, ctx: Context, given: NewAdmin, done: string[]): Promise<Person> {
  const emailNormal = normalEmail(given.email);
  await rowsOf(tx, sql`select pg_advisory_xact_lock(hashtextextended(${emailNormal}::text, 0))::text`);
  const before = await personOf(tx, emailNormal);
  if (!before) {
    const name = given.name ?? given.email.split('@')[0] ?? given.email;
    await rowsOf(
      tx,
      sql`insert into users (email, email_normal, name) values (${given.email}, ${emailNormal}, ${name})
        on conflict (email_normal) do nothing`,
    );
    done.push(`Made an account for ${given.email}.`);
  } else {
    if (before.isToBeDeleted) {
      throw new MakeAdminError(
        `The account of ${given.email} is to be deleted: its person must keep it first.`,
      );
    }
    if (!before.isActive && !before.isWithoutCompany) {
      throw new MakeAdminError(`The account of ${given.email} is deactivated.`);
    }
    const proved = await lockForProof(tx, before.id);
    // A stranger may have registered this address, and its owner only confirmed it: a password of a mail is theirs.
    if (before.hasPassword && !(proved?.isAddressProved && proved.isPasswordProved)) {
      await endAllUnproved(tx, ctx, before.id);
      await forgetDevices(tx, before.id);
      await rowsOf(tx, sql`update users set password_hash = null where id = ${before.id}::uuid`);
      done.push(
        `Nobody has shown to have set the password of ${given.email} by a mail to it: it has ended, with sessions and keys.`,
      );
    }
  }
  const person = await personOf(tx, emailNormal);
  if (!person) throw new Error('A person who was just made is not there.');
  return person;
}

/** @returns the id of the company. */
async function findOrMakeCompany(tx: Tx, company: string, userId: string, done: string[]): Promise<string> {
  const isId = z.uuid().safeParse(company).success;
  const found = await rowsOf<{ id: string }>(
    tx,
    sql`select id from companies where deleted_at is null and
      case when ${isId}::boolean then id::text = lower(${company}::text) else lower(name) = lower(${company}::text) end`,
  );
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(', ');
    throw new MakeAdminError(`${found.length} companies are named ${company}: give the id of one (${ids}).`);
  }
  const [known] = found;
  if (known && !isId) {
    // A name is anybody's who takes it first: only a company that is the person's already is found by it.
    const own = await rowsOf(
      tx,
      sql`select 1 from memberships where company_id = ${known.id}::uuid and user_id = ${userId}::uuid and role = 'owner'`,
    );
    if (own.length === 0) {
      throw new MakeAdminError(
        `A company named ${company} is there already, and its owner is somebody else: if you trust it, give its id (${known.id}); else another name.`,
      );
    }
  }
  if (known) return known.id;
  if (isId) throw new MakeAdminError(`There is no company with the id ${company}.`);
  const name = nameInput.safeParse(company, { error: plainError });
  if (!name.success) throw new MakeAdminError(`--company ${name.error.issues[0]?.message}.`);
  const id = newId();
  await rowsOf(tx, sql`insert into companies (id, name) values (${id}::uuid, ${name.data})`);
  done.push(`Made the company ${name.data}.`);
  return id;
}

async function makeOwner(tx: Tx, ctx: Context, userId: string, companyId: string, done: string[]) {
  const changed = await rowsOf(
    tx,
    sql`insert into memberships as m (company_id, user_id, role) values (${companyId}::uuid, ${userId}::uuid, 'owner')
      on conflict (company_id, user_id) do update set role = 'owner', is_active = true
        where m.role <> 'owner' or not m.is_active
      returning 1`,
  );
  await rowsOf(
    tx,
    sql`update users set is_active = true, without_company_since = null
      where id = ${userId}::uuid and without_company_since is not null`,
  );
  if (changed.length === 0) return;
  done.push('Made the person an owner of the company.');
  audit(tx, ctx, {
    ...{ companyId, action: 'member.made_owner', resource: { type: 'user', id: userId } },
    after: { role: 'owner', by: 'make-admin' },
  });
}

async function makePlatformAdmin(tx: Tx, ctx: Context, person: Person, done: string[]): Promise<void> {
  const companyOf = () =>
    rowsOf<{ id: string }>(
      tx,
      sql`select c.id from memberships m join companies c on c.id = m.company_id
        where m.user_id = ${person.id}::uuid and m.is_active and c.deleted_at is null order by m.created_at, m.id limit 1`,
    );
  // A session is always in a company: without one, nobody can log in.
  if ((await companyOf()).length === 0) {
    const id = newId();
    await rowsOf(tx, sql`insert into companies (id, name) values (${id}::uuid, ${person.name})`);
    done.push(`Made the company ${person.name}: a person logs in to a company.`);
    await makeOwner(tx, ctx, person.id, id, done);
  }
  if (person.isPlatformAdmin) return;
  await rowsOf(tx, sql`update users set is_platform_admin = true where id = ${person.id}::uuid`);
  done.push('Made the person a platform admin.');
  const [company] = await companyOf();
  if (!company) throw new Error('A company that was just made is not there.');
  audit(tx, ctx, {
    ...{
      companyId: company.id,
      action: 'user.made_platform_admin',
      resource: { type: 'user', id: person.id },
    },
    ...{ before: { isPlatformAdmin: false }, after: { isPlatformAdmin: true, by: 'make-admin' } },
  });
}

/** A reset whose token only the link has: its code is one that nobody knows. Those before are over. */
async function makeLink(tx: Tx, userId: string): Promise<string> {
  const token = makeToken('pr');
  await rowsOf(
    tx,
    sql`with before as (
        update password_resets set expires_at = now()
         where user_id = ${userId}::uuid and used_at is null and expires_at > now())
      insert into password_resets (user_id, token_hash, code_hash, expires_at)
      values (${userId}::uuid, ${hashToken(token)}::bytea, ${randomBytes(32)}::bytea,
        now() + make_interval(hours => ${linkHours}::int))`,
  );
  return pageLink('/reset-password', { token });
}

/**
 * Makes somebody an owner, a platform admin or both, in one transaction.
 * @throws MakeAdminError with a sentence for the operator.
 */
export async function makeAdmin(given: NewAdmin): Promise<MadeAdmin> {
  const email = emailInput.safeParse(given.email, { error: plainError });
  if (!email.success) throw new MakeAdminError(`--email ${email.error.issues[0]?.message}.`);
  if (given.name !== undefined) {
    const name = nameInput.safeParse(given.name, { error: plainError });
    if (!name.success) throw new MakeAdminError(`--name ${name.error.issues[0]?.message}.`);
  }
  if (given.company === undefined && !given.isPlatformAdmin) {
    throw new MakeAdminError('Say what the person shall be: --company=<name or id>, or --platform.');
  }
  const ctx = makeContext({
    requestId: newId(),
    caller: { kind: 'internal' },
    runAs: { as: 'service', role: 'auth' },
    waitUntil: () => {},
  });
  return await ctx.dbAs('auth', 'make the first owner or a platform admin', async (tx) => {
    const done: string[] = [];
    const person = await findOrMakePerson(tx, ctx, { ...given, email: email.data }, done);
    if (given.company !== undefined) {
      await makeOwner(tx, ctx, person.id, await findOrMakeCompany(tx, given.company, person.id, done), done);
    }
    if (given.isPlatformAdmin) await makePlatformAdmin(tx, ctx, person, done);
    return { done, link: person.hasPassword ? undefined : await makeLink(tx, person.id) };
  });
}

/** @throws MakeAdminError */
function argumentsOf(args: string[]): NewAdmin {
  try {
    const { values } = parseArgs({
      args,
      options: {
        ...{ email: { type: 'string' }, company: { type: 'string' }, name: { type: 'string' } },
        platform: { type: 'boolean', default: false },
      },
    });
    return {
      ...{ email: values.email ?? '', company: values.company, name: values.name },
      isPlatformAdmin: values.platform,
    };
  } catch (error) {
    throw new MakeAdminError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** What the operator reads. */
export function reportOf({ done, link }: MadeAdmin): string[] {
  return [
    ...(done.length > 0 ? done : ['Nothing had to be changed.']),
    ...(link === undefined
      ? ['The person has a password: they can log in.']
      : [`The person chooses a password with this link, once, within ${linkHours} hours:`, link]),
  ];
}

/** Takes the database of the local stack where none is given. @throws MakeAdminError */
async function findDatabase(): Promise<string> {
  const { DATABASE_URL } = process.env;
  if (DATABASE_URL) return DATABASE_URL;
  const local = await runningStack();
  if (!local?.database) {
    throw new MakeAdminError(
      `Set DATABASE_URL to the deployment's database, as the API has it: DATABASE_URL=… PUBLIC_URL=… npm run make-admin. ${await nothingRuns('npm run make-admin')}`,
    );
  }
  process.env.DATABASE_URL = local.database.url;
  process.env.PUBLIC_URL ||= local.url;
  console.log(`In the local stack at ${local.url}:`);
  return local.database.url;
}

if (isCommand(import.meta.url)) {
  await runCommand(async () => {
    const url = await findDatabase();
    process.env.ENVIRONMENT_IS_PARTIAL ||= 'true'; // no secret is needed, and an operator need not have them at hand
    // Says in a sentence what is wrong with the address, where the API's pool would say that it is away.
    await (await connectDatabase(url)).end();
    try {
      for (const line of reportOf(await makeAdmin(argumentsOf(process.argv.slice(2))))) console.log(line);
    } finally {
      await closeDatabase();
    }
    if (!process.env.FRONTEND_URL && !process.env.PUBLIC_URL) {
      console.log('Links lead to this machine: set PUBLIC_URL, or FRONTEND_URL, as the deployment has it.');
    }
  });
}
