import { describe, expect, test } from 'vitest';
import { parseEnv } from '../env.ts';
import { databaseAddress } from './database-address.ts';

const ca = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const at = (host: string, query = '') => `postgres://ada:secret-word@${host}/trunkline${query}`;

describe('the address of the database', () => {
  test.each(['127.0.0.1:5432', '127.8.9.1', 'localhost:6543', '[::1]:5432', '%2Fvar%2Frun%2Fpostgresql'])(
    'of this machine, %s, is spoken to in the clear',
    (host) => {
      for (const query of ['', '?sslmode=prefer', '?sslmode=allow', '?sslmode=disable'])
        expect(databaseAddress(at(host, query), ca).tls).toBeUndefined();
    },
  );

  test.each([
    'db.example.com:5432',
    '10.0.0.5',
    '128.0.0.1',
    '[fd00::1]:5432',
    'localhost.example.com',
    '127.0.0.1.example.com',
    'aws-0-eu-central-1.pooler.supabase.com:6543',
  ])('of another machine, %s, is spoken to by TLS unless the opposite is written', (host) => {
    for (const query of ['', '?sslmode=prefer', '?sslmode=allow', '?sslmode=require', '?ssl=true'])
      expect(databaseAddress(at(host, query)).tls).toMatchObject({ rejectUnauthorized: false });
    expect(databaseAddress(at(host, '?sslmode=disable')).tls).toBeUndefined();
  });

  test.each([
    ['', ca, true],
    ['?sslmode=prefer', ca, true],
    ['?sslmode=require', ca, true],
    ['?sslmode=verify-ca', undefined, true],
    ['?sslmode=verify-full', undefined, true],
    ['?sslrootcert=system', undefined, true],
    ['?sslmode=require', undefined, false],
  ])('with %j and the CA %j is checked: %s', (query, given, isChecked) => {
    expect(databaseAddress(at('db.example.com', query), given).tls?.rejectUnauthorized).toBe(isChecked);
  });

  test('takes a CA in one line, and says which variable is wrong', () => {
    const { tls } = databaseAddress(at('db.example.com'), ca.replaceAll('\n', '\\n'));
    expect(tls?.ca).toBe(ca);
    expect(() => databaseAddress(at('db.example.com'), '/no/such/file')).toThrow('DATABASE_CA is neither');
  });

  test('keeps what is ours from Postgres, and leaves the rest', () => {
    const query = '?sslmode=require&pgbouncer=true&prepare=false&statement_timeout=5s';
    const { url, prepare } = databaseAddress(at('db.example.com', query));
    expect([url, prepare]).toEqual([at('db.example.com', '?statement_timeout=5s'), false]);
    expect(databaseAddress(at('db.example.com:6543')).prepare).toBe(false);
    expect(databaseAddress(at('db.example.com:6543', '?prepare=true')).prepare).toBe(true);
    expect(databaseAddress(at('db.example.com')).prepare).toBe(true);
  });

  test.each([
    'mysql://host/db',
    'postgres://',
    'postgres://ada:secret#word@host/db',
    'postgres://ada:secret%word@host/db',
    'postgres://ada:secret-word@one:5432,two:5432/db',
    'postgres://ada:secret-word@host:port/db',
    'postgres://ada:secret-word@host/db?sslmode=maybe',
  ])('stops the start with a sentence, and without the password: %s', (url) => {
    const start = () => parseEnv({ DATABASE_URL: url });
    expect(start).toThrow(/DATABASE_URL (must begin|is no address|has an sslmode)/);
    expect(start).not.toThrow(/secret/);
  });
});
