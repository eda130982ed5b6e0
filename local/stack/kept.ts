import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { freePort } from './free-port.ts';

/** A file of JSON in the data folder, readable by its owner alone; undefined where there is none, or not of this form. */
export async function readKept<T>(folder: string, name: string, form: z.ZodType<T>): Promise<T | undefined> {
  return await readFile(join(folder, name), 'utf8')
    .then((text) => form.parse(JSON.parse(text)))
    .catch(() => undefined);
}

/** Whole or not at all, whenever the process is killed. */
export async function writeKept(folder: string, name: string, value: unknown): Promise<void> {
  const file = join(folder, name);
  await writeFile(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

const parts = ['postgres', 'sqs', 'objects', 'retell', 'dialpad', 'twilio'] as const;
const Ports = z.partialRecord(z.enum(parts), z.int());
export type Ports = Record<(typeof parts)[number], number>;

/** Where Postgres was before ports were kept. */
const usual: Partial<Ports> = { postgres: 54_329 };

/** The ports of the parts of a stack: those that they had on this data folder before, as far as they are free. */
export async function keptPorts(folder: string): Promise<Ports> {
  const before: Partial<Ports> = { ...usual, ...(await readKept(folder, 'ports.json', Ports)) };
  const ports: Partial<Ports> = {};
  for (const part of parts) {
    let port = await freePort(before[part]);
    while (Object.values(ports).includes(port)) port = await freePort();
    ports[part] = port;
  }
  await writeKept(folder, 'ports.json', ports);
  return ports as Ports; // each part was given one
}
