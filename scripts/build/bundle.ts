import { readFile, rm } from 'node:fs/promises';
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

const shared: BuildOptions = {
  plugins: [withoutUnused, behindFront],
  bundle: true,
  splitting: false, // each function is a zip of its own
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

/**
 * Bundles each entry into one file of `folder`.
 * @param entries Source files (or `behindFrontEntry` of one) by the names of their bundles.
 */
export async function bundle(folder: string, entries: ReadonlyMap<string, string>): Promise<void> {
  await rm(new URL(folder, root), { recursive: true, force: true });
  await build({
    ...shared,
    outdir: folder,
    entryPoints: [...entries].map(([out, source]) => ({ in: source, out })),
  });
}
