import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';

/** What a running `npm start` tells other commands of itself, in stack.json of its data folder. */
const StackFacts = z.object({
  url: z.string(),
  apiKey: z.string(),
  retell: z.string(),
  dialpad: z.string(),
  /** Only of what the stack runs itself, never of a database or a bucket that was given to it. */
  database: z.object({ url: z.string(), adminUrl: z.string() }).optional(),
  objects: z
    .object({
      S3_ENDPOINT: z.string(),
      S3_BUCKET: z.string(),
      S3_ACCESS_KEY_ID: z.string(),
      S3_SECRET_ACCESS_KEY: z.string(),
    })
    .optional(),
});
export type StackFacts = z.infer<typeof StackFacts>;

const fileIn = (folder: string) => join(folder, 'stack.json');

/** The data folder that commands look in. */
export const dataFolder = (): string => process.env.DATA_DIR || '.data';

/** Readable by its owner alone. */
export async function keepStackFacts(folder: string, facts: StackFacts): Promise<void> {
  await writeFile(fileIn(folder), JSON.stringify(facts), { mode: 0o600 });
}

/** What a stack has left in its data folder, also one that has ended; undefined where none ran. */
export async function readStackFacts(folder = dataFolder()): Promise<StackFacts | undefined> {
  return await readFile(fileIn(folder), 'utf8')
    .then((text) => StackFacts.parse(JSON.parse(text)))
    .catch(() => undefined);
}

/** The stack that runs on a data folder now; undefined where none answers. */
export async function runningStack(folder = dataFolder()): Promise<StackFacts | undefined> {
  const facts = await readStackFacts(folder);
  if (!facts) return undefined;
  const isAlive = await fetch(`${facts.url}/health/live`, { signal: AbortSignal.timeout(5_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
  return isAlive ? facts : undefined;
}

/** What a command says that needs a running stack and finds none. `command` is how it was called. */
export async function nothingRuns(command: string, folder = dataFolder()): Promise<string> {
  const facts = await readStackFacts(folder);
  const found = facts
    ? `the one that last ran on the data folder ${resolve(folder)} does not answer at ${facts.url}`
    : `none has run on the data folder ${resolve(folder)}`;
  return `No backend runs here: ${found}. Start it with \`npm start\` in another terminal. If it was started with DATA_DIR, give this command the same one: DATA_DIR=<folder> ${command}.`;
}
