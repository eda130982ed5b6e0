import { inlined } from './inline-sql.ts';
import type { Slot } from './pool.ts';
import type { Row } from './statement.ts';

/** Also without parameters: by itself, postgres.js would send such a statement to be parsed and planned each time. */
const prepared = { prepare: true, simple: false };

/** Sends a statement at once, without waiting for what was sent before it; then() is what makes postgres.js send. */
export function send(slot: Slot, text: string, params: readonly unknown[] = []): Promise<Row[]> {
  const { client, prepare } = slot;
  const query = prepare
    ? client.unsafe(text, params as string[], prepared) // serialised by the types that Postgres asks for
    : client.unsafe(inlined(text, params));
  return query.then((rows) => rows as unknown as Row[]); // postgres.js returns an array with extra fields
}

const controls = {
  begin: 'begin',
  'begin snapshot': 'begin isolation level repeatable read, read only',
  commit: 'commit',
  rollback: 'rollback',
} as const;

/** BEGIN, COMMIT, ROLLBACK: there is nothing to prepare. */
export const control = (slot: Slot, what: keyof typeof controls): Promise<unknown> =>
  slot.client.unsafe(controls[what]).then(() => undefined);
