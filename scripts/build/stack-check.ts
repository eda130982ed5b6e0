import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { root } from '../generate/discover.ts';
import { stackNames } from '../generate/stacks.ts';

/** CloudFormation refuses 501; this leaves room to deploy a fix. */
const mostResources = 450;
/** A Lambda function's name has 64 characters at most. */
const longestName = 64;

const Template = z.object({
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Properties: z.looseObject({ FunctionName: z.unknown().optional() }).optional(),
    }),
  ),
});

/** The packaged stacks and how many resources each has. @throws Error that names each stack or function that is too large. */
export async function checkStacks(stacks: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const complaints: string[] = [];
  for (const stack of stacks) {
    const folder = stack === 'core' ? '' : `stacks/${stack}/`;
    const file = new URL(`${folder}.serverless/cloudformation-template-update-stack.json`, root);
    const { Resources } = Template.parse(JSON.parse(await readFile(file, 'utf8')));
    const count = Object.keys(Resources).length;
    counts[stack] = count;
    if (count >= mostResources) {
      complaints.push(
        `${stack} has ${count} resources, ${mostResources} is the most: move a feature (scripts/generate/stacks.ts).`,
      );
    }
    for (const { Properties } of Object.values(Resources)) {
      const name = Properties?.FunctionName;
      if (typeof name === 'string' && name.length > longestName)
        complaints.push(`${name} is longer than ${longestName}.`);
    }
  }
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  return counts;
}

export const allStacks = ['core', ...stackNames] as const;
