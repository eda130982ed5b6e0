import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isSecret } from '../generate/aws.ts';
import { discover, root } from '../generate/discover.ts';
import { variablesOf } from '../generate/variables.ts';

/**
 * Makes CloudFormation of every stack, without an account: secrets that the shell does not have are left empty here, where
 * a deployment asks SSM Parameter Store for them.
 */
export async function packageStacks(): Promise<void> {
  const { endpoints, workers, schedules } = await discover();
  const names = new Set(
    [...endpoints, ...workers, ...schedules].flatMap(({ file }) => variablesOf({ file })),
  );
  const empty = Object.fromEntries([...names].filter(isSecret).map((name) => [name, '']));
  console.log('Making CloudFormation of each stack: a minute or two …');
  const { status } = spawnSync('npx', ['osls-compose', 'package'], {
    cwd: fileURLToPath(new URL('stacks/', root)),
    env: { ...empty, ...process.env },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
