/**
 * Builds what is deployed:
 *   npm run build        for Netlify: dist/netlify/functions and dist/public
 *   npm run build:check  how large its functions are; fails when one is too large
 *   npm run build:aws    for AWS: dist/aws/<name>.zip
 *   npm run package:aws  the same, then CloudFormation of every stack; fails when one, or an HTTP API, is too large, or when
 *                        an endpoint is not reached at the deployment's address
 */
import { buildAws } from './build/aws.ts';
import { packageStacks } from './build/aws-package.ts';
import { buildNetlify, functionSizes, functionsWithSdk, sdkBytes, zipOne } from './build/netlify.ts';
import { checkStacks } from './build/stack-check.ts';

/** Our own code, deflated. A larger function starts noticeably later. */
const maxFunctionBytes = 250 * 1024;
const kilobytes = (bytes: number) => `${Math.round(bytes / 1024)} KB`;

async function checkSizes(): Promise<void> {
  const sizes = await functionSizes();
  for (const { name, bytes } of sizes.slice(0, 5)) console.log(`${kilobytes(bytes).padStart(8)}  ${name}`);
  const tooLarge = sizes.filter(({ bytes }) => bytes > maxFunctionBytes);
  const withSdk = await functionsWithSdk();
  const [zipped, sdkFiles = []] = [...withSdk].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  if (!zipped) throw new Error('No function imports the AWS SDK: the check of its chunks checks nothing.');
  await zipOne(zipped, sdkFiles);
  console.log(
    `${kilobytes(await sdkBytes()).padStart(8)}  the AWS SDK beside ${withSdk.size} of them, read when it is first needed (${sdkFiles} imported from the zip of ${zipped})`,
  );
  console.log(`${sizes.length} functions, the smallest ${kilobytes(sizes.at(-1)?.bytes ?? 0)}`);
  if (tooLarge.length > 0) {
    console.error(`${tooLarge.length} are larger than ${kilobytes(maxFunctionBytes)}.`);
    process.exitCode = 1;
  }
}

async function checkPackaged(): Promise<void> {
  const { resources, integrations, routes } = await checkStacks();
  const told = (counts: Record<string, number>, what: string) => {
    for (const [name, count] of Object.entries(counts))
      console.log(`${String(count).padStart(5)} ${what}  ${name}`);
  };
  told(resources, 'resources');
  told(integrations, 'integrations');
  console.log(`${routes} routes: each endpoint is reached at the front by one of them`);
}

const tasks: Record<string, () => Promise<void>> = {
  netlify: buildNetlify,
  'netlify-sizes': checkSizes,
  aws: buildAws,
  'aws-package': packageStacks,
  'aws-stacks': checkPackaged,
};

const task = tasks[process.argv[2] ?? 'netlify'];
if (!task) {
  console.error(`Say what to build: ${Object.keys(tasks).join(', ')}.`);
  process.exit(1);
}
await task();
