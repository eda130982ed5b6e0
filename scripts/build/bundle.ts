import { readFile, rm } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { root } from '../generate/discover.ts';

/** CommonJS packages call require(), which a module has not: this gives them one. */
const requireForModules =
  "import{createRequire as trunklineRequire}from'node:module';const require=trunklineRequire(import.meta.url);";

/**
 * What libraries bring along and we never use. Pino writes to standard output, not through a thread of its own. Our mails
 * have no attachments, so that no file's type is looked up and nothing is fetched for them; the mail server is named by
 * SMTP_URL, so that no list of well-known ones is; it signs them, if anybody does; one connection is opened for one mail,
 * with the password that stands there, to a server of SMTP. Schemas are described as JSON Schema when documents are made,
 * and never after that.
 */
const unused: Readonly<Record<string, string>> = {
  'thread-stream/index.js': `module.exports=class{constructor(){throw new Error('This build logs in no thread.')}}`,
  'mime-funcs/mime-types.js': `export const detectMimeType=()=>'application/octet-stream',detectExtension=()=>'bin';`,
  'dkim/index.js': `export default class{constructor(){throw new Error('This build signs no mails.')}}`,
  'fetch/index.js': `export default()=>{throw new Error('This build fetches nothing for mails.')};`,
  'well-known/services.js': 'export const services={};',
  'xoauth2/index.js': `export default class{constructor(){throw new Error('This build logs in to mail servers by password only.')}}`,
  // Pino asks it only where JSON.stringify has failed, and says so where it fails too.
  'safe-stable-stringify/index.js': `exports.configure=()=>()=>{throw new Error('This build writes no circles.')};`,
  'stream-transport/index.js': `export default class{constructor(){throw new Error('This build sends by SMTP only.')}}`,
  'json-transport/index.js': `export default class{constructor(){throw new Error('This build sends by SMTP only.')}}`,
  'ses-transport/index.js': `export default class{constructor(){throw new Error('This build sends by SMTP only.')}}`,
  'sendmail-transport/index.js': `export default class{constructor(){throw new Error('This build sends by SMTP only.')}}`,
  'http-proxy-client.js': `export default()=>{throw new Error('This build knows no proxy.')};`,
  'smtp-pool/index.js': `export default class{constructor(){throw new Error('This build has no SMTP pool.')}}`,
};

const withoutUnused: Plugin = {
  name: 'without what is never used',
  setup(given) {
    given.onLoad(
      {
        filter:
          /(thread-stream|safe-stable-stringify)\/index\.js$|nodemailer\/dist\/esm\/(dkim|fetch|mime-funcs|well-known|(ses|sendmail|stream|json)-transport|smtp-connection|smtp-pool|xoauth2)\//,
      },
      ({ path }) => {
        const contents = Object.entries(unused).find(([file]) => path.endsWith(file))?.[1];
        return contents === undefined ? undefined : { contents };
      },
    );
    given.onLoad(
      { filter: /zod\/v4\/core\/(to-json-schema|json-schema-processors)\.js$/ },
      async ({ path }) => {
        const names = (await readFile(path, 'utf8')).matchAll(/^export (?:const|function) (\w+)/gm);
        const exported = [...names].map(([, name]) => `export const ${name}=refuse;`).join('');
        const refuse = `const refuse=()=>()=>{throw new Error('This build describes no schemas.')};`;
        return { contents: `${refuse}${exported}export{refuse as process};` };
      },
    );
  },
};

/** An entry `behind-front:<file>` is that file's Lambda handler as the second HTTP API runs it. */
export const behindFrontEntry = (file: string): string => `behind-front:${file}`;

const behindFront: Plugin = {
  name: 'behind the front',
  setup(given) {
    given.onResolve({ filter: /^behind-front:/ }, ({ path }) => ({
      path: path.slice('behind-front:'.length),
      namespace: 'behind-front',
    }));
    given.onLoad({ filter: /.*/, namespace: 'behind-front' }, ({ path }) => ({
      contents: [
        "import { behindFront } from './stacks/behind-front.ts';",
        `import { handler as direct } from './${path}';`,
        'export const handler = behindFront(direct);',
      ].join('\n'),
      resolveDir: root.pathname,
      loader: 'ts',
    }));
  },
};

/** The entries to the AWS SDK, each imported by functions when they first need it. */
export const sdkEntries = ['sqs', 's3', 'upload'] as const;
export type SdkEntry = (typeof sdkEntries)[number];
const sdkSource = 'functions/_core/clients/aws-sdk';

/**
 * Leaves the AWS SDK out of a function: what imports one of its entries imports the chunk beside the function instead.
 * A cold start would pay for it else, so that an import that is not lazy, or from anywhere else, stops the build.
 * @param place Where the chunks are, from the function's own file: `./aws-sdk`.
 */
const withSdkBeside = (place: string): Plugin => ({
  name: 'the AWS SDK beside the functions',
  setup(given) {
    given.onResolve({ filter: /\/aws-sdk\/\w+\.ts$/ }, ({ path, kind }) => {
      const entry = sdkEntries.find((name) => path.endsWith(`/aws-sdk/${name}.ts`));
      if (kind === 'dynamic-import' && entry) return { path: `${place}/${entry}.mjs`, external: true };
      return { errors: [{ text: `${path} must be imported by import(), and be one of ${sdkEntries}.` }] };
    });
    given.onResolve({ filter: /^@(aws-sdk|smithy)\// }, ({ path }) => ({
      errors: [{ text: `${path} may be imported in ${sdkSource} only.` }],
    }));
  },
});

const shared: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  outExtension: { '.js': '.mjs' },
  minify: true,
  legalComments: 'none',
  banner: { js: requireForModules },
  absWorkingDir: root.pathname,
  mainFields: ['module', 'main'], // by default 'main' goes first, and CommonJS can't be shaken: twice the size for the AWS SDK
  logLevel: 'warning',
  external: ['@node-rs/argon2'], // an addon for one processor: where it is not, passwords.ts takes WebAssembly
};

/** As esbuild names a file of what it made. */
const outputOf = (folder: string, name: string): string =>
  relative(root.pathname, new URL(`${folder}/${name}.mjs`, root).pathname);

/** What was built, and what of it imports which entry of the AWS SDK. */
export type SdkUse = ReadonlyMap<string, readonly SdkEntry[]>;

/** Entries that esbuild has in memory at once. All 190 in one go took 2.1 GB. */
const batchSize = 24;

/**
 * Bundles each entry into one file of `folder`.
 * @param entries Source files (or `behindFrontEntry` of one) by the names of their bundles.
 * @param sdkPlace Where `bundleSdk` puts its chunks, from each bundle: `./aws-sdk`.
 */
export async function bundle(
  folder: string,
  entries: ReadonlyMap<string, string>,
  sdkPlace: string,
  onProgress?: (done: number, of: number) => void,
): Promise<SdkUse> {
  await rm(new URL(folder, root), { recursive: true, force: true });
  const use = new Map<string, readonly SdkEntry[]>();
  const all = [...entries];
  for (let first = 0; first < all.length; first += batchSize) {
    const batch = all.slice(first, first + batchSize);
    const { metafile } = await build({
      ...shared,
      plugins: [withoutUnused, behindFront, withSdkBeside(sdkPlace)],
      metafile: true,
      outdir: folder,
      entryPoints: batch.map(([out, source]) => ({ in: source, out })),
    });
    for (const [name] of batch) {
      const paths = new Set(metafile.outputs[outputOf(folder, name)]?.imports.map(({ path }) => path));
      use.set(
        name,
        sdkEntries.filter((entry) => paths.has(`${sdkPlace}/${entry}.mjs`)),
      );
    }
    onProgress?.(use.size, all.length);
  }
  return use;
}

/**
 * Bundles the AWS SDK into chunks: one for each of its entries, one for what several of them share, and one for each way
 * to find credentials, which is read when it is tried.
 * @returns the names of the files that each entry reaches, itself among them.
 */
export async function bundleSdk(folder: string): Promise<ReadonlyMap<SdkEntry, readonly string[]>> {
  await rm(new URL(folder, root), { recursive: true, force: true });
  const { metafile } = await build({
    ...shared,
    splitting: true,
    metafile: true,
    outdir: folder,
    entryPoints: sdkEntries.map((name) => ({ in: `${sdkSource}/${name}.ts`, out: name })),
  });
  const reached = (file: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const { path, external } of metafile.outputs[file]?.imports ?? [])
      if (!external) reached(path, seen);
    return seen;
  };
  const ours = Object.keys(metafile.inputs).filter((input) => !/(^|\/)node_modules\//.test(input));
  const others = ours.filter((input) => !input.startsWith(`${sdkSource}/`));
  if (others.length > 0) throw new Error(`${others} would be twice in a function that reads the AWS SDK.`);
  return new Map(
    sdkEntries.map((name) => [
      name,
      [...reached(outputOf(folder, name))].map((file) => basename(file)).sort(),
    ]),
  );
}
