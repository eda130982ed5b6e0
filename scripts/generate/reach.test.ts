import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { discover, root } from './discover.ts';
import { follow } from './reach.ts';

/** An endpoint, worker or schedule whose way to a file follow() missed would be given too few variables. */
test('finds each file of ours whose code a bundle keeps', async () => {
  const { endpoints, workers, schedules } = await discover();
  const deployed = [...endpoints, ...workers, ...schedules];
  const { metafile } = await build({
    ...({ bundle: true, format: 'esm', platform: 'node', packages: 'external' } as const),
    ...{ write: false, metafile: true, outdir: 'nowhere', absWorkingDir: root.pathname, logLevel: 'error' },
    external: ['#core/clients/aws-sdk/*', './aws-sdk/*'], // a chunk beside the function
    entryPoints: deployed.map(({ name, file }) => ({ in: file, out: name })),
  });
  const missed: string[] = [];
  let kept = 0;
  for (const { name, file } of deployed) {
    const found = follow(file, ['*']);
    for (const [input, { bytesInOutput }] of Object.entries(
      metafile.outputs[`nowhere/${name}.js`]?.inputs ?? {},
    )) {
      if (bytesInOutput === 0 || !/^(functions|db)\/.*\.ts$/.test(input)) continue;
      kept += 1;
      if (!found.has(input)) missed.push(`${name}: ${input}`);
    }
  }
  expect(missed).toEqual([]);
  expect(kept).toBeGreaterThan(deployed.length * 10);
});
