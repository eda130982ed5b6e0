import { readFileSync } from 'node:fs';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';

/** Where Postgres is, and how it is spoken to. */
export interface DatabaseAddress {
  /** For postgres.js: without the parameters that are read here. */
  url: string;
  /** A name or an IP address; the folder of a Unix socket. */
  host: string;
  port: number;
  /** Whether statements may be prepared: transaction-mode poolers cannot keep them, those of Supabase listen on 6543. */
  prepare: boolean;
  /** undefined: in the clear. */
  tls: ConnectionOptions | undefined;
}

/** The address cannot be used. The message follows the name of the variable, and never has the password. */
export class AddressError extends Error {}

const modes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof modes)[number];

/** Whether a host, as databaseAddress gives it, is this machine. */
export const isLoopback = (host: string): boolean =>
  host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

function parsedUrl(text: string): URL {
  if (!/^postgres(ql)?:\/\//.test(text)) throw new AddressError('must begin with postgres://');
  try {
    const url = new URL(text);
    decodeURIComponent(url.username + url.password);
    if (url.hostname !== '') return url;
  } catch {
    // told below
  }
  throw new AddressError(
    'is no address of one Postgres, as postgres://user:password@host:5432/database is; write the characters % # ? / @ : of a password in URL encoding',
  );
}

/** @param ca PEM text, also with \n written out as in one line, or the path of a file. */
function certificatesOf(ca: string, variable: string): string {
  if (ca.includes('-----BEGIN ')) return ca.replaceAll('\\n', '\n');
  try {
    const text = readFileSync(ca, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch {
    // told below
  }
  throw new AddressError(`needs a certificate: ${variable} is neither PEM text nor a file that has it`);
}

/**
 * Reads a database's address. To a host that is not this machine, connections are by TLS unless `sslmode=disable` is
 * written; the certificate is checked where a CA is given (`verify-full`, or as `sslmode` says).
 * @param ca What DATABASE_CA says.
 * @throws AddressError
 */
export function databaseAddress(text: string, ca?: string | undefined): DatabaseAddress {
  const url = parsedUrl(text);
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port || 5432);
  const asked = (name: string) => {
    const value = url.searchParams.get(name) ?? undefined;
    url.searchParams.delete(name);
    return value;
  };
  const prepare = asked('prepare') ?? (asked('pgbouncer') === 'true' ? 'false' : undefined);
  asked('pgbouncer');
  const mode = asked('sslmode') ?? asked('ssl');
  asked('ssl');
  const root = asked('sslrootcert');
  return {
    url: url.href,
    host,
    port,
    prepare: prepare === undefined ? url.port !== '6543' : prepare !== 'false',
    tls: tlsOf({ host, mode, root, ca }),
  };
}

function tlsOf(given: {
  host: string;
  mode: string | undefined;
  root: string | undefined;
  ca: string | undefined;
}): ConnectionOptions | undefined {
  const { host, root } = given;
  const written = given.mode === 'true' ? 'require' : given.mode === 'false' ? 'disable' : given.mode;
  if (written !== undefined && !modes.includes(written as Mode))
    throw new AddressError(`has an sslmode that is none of ${modes.join(', ')}`);
  if (host.startsWith('/') || written === 'disable') return undefined;
  const isOptional = written === undefined || written === 'allow' || written === 'prefer';
  if (isOptional && isLoopback(host)) return undefined;
  let ca: string | undefined;
  if (given.ca !== undefined) ca = certificatesOf(given.ca, 'DATABASE_CA');
  else if (root !== undefined && root !== 'system') ca = certificatesOf(root, 'sslrootcert');
  const isChecked = ca !== undefined || root === 'system' || written?.startsWith('verify-') === true;
  // `require` with a CA checks who signed, as libpq does; unless that is written, the name is checked too.
  const isNamed = isChecked && written !== 'verify-ca' && written !== 'require';
  return {
    rejectUnauthorized: isChecked,
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    checkServerIdentity: (_, certificate) => (isNamed ? checkServerIdentity(host, certificate) : undefined),
  };
}
