import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { sentenceOf } from './database.ts';

// Of every command and of npm start: AWS's SDK has an opinion on every version of Node, given when a client is made.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** Whether the module at this address is the command that was called, and not one that another imports. */
export const isCommand = (moduleUrl: string): boolean =>
  moduleUrl === pathToFileURL(process.argv[1] ?? '').href;

/** Runs a command with the variables of .env, where there is one. An error becomes a sentence and the exit code 1. */
export async function runCommand(run: () => Promise<void>): Promise<void> {
  try {
    if (existsSync('.env')) process.loadEnvFile('.env');
    await run();
  } catch (error) {
    console.error(sentenceOf(error));
    process.exitCode = 1;
  }
}
