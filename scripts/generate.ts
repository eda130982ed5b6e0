/**
 * Writes all that follows from the contracts: `npm run generate`. Entries for Netlify, functions for AWS, the OpenAPI
 * document, the list of routes, the registry of modules. With --check it writes nothing and fails when a file is stale.
 */
import { discover } from './generate/discover.ts';
import { generatedFiles, staleFiles, writeGenerated } from './generate/files.ts';

process.env.DATABASE_URL ??= 'postgres://nobody@127.0.0.1:9/none'; // examples are held against inputs that ask for the environment

const found = await discover();
const files = await generatedFiles(found);

if (process.argv.includes('--check')) {
  const stale = await staleFiles(files);
  for (const path of stale) console.error(`stale: ${path}`);
  if (stale.length > 0) {
    console.error('Run npm run generate.');
    process.exitCode = 1;
  }
} else {
  const written = await writeGenerated(files);
  const { endpoints, workers, schedules } = found;
  console.log(
    `${endpoints.length} endpoints, ${workers.length} workers, ${schedules.length} schedules: ${written.length} of ${files.size} files written.`,
  );
}
