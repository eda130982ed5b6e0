import { rm } from 'node:fs/promises';
import { type BuildOptions, build } from 'esbuild';
import { root } from '../generate/discover.ts';

/** CommonJS packages call require(), which a module has not: this gives them one. */
const requireForModules =
  "import{createRequire as trunklineRequire}from'node:module';const require=trunklineRequire(import.meta.url);";

const shared: BuildOptions = {
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
 * @param entries Source files by the names of their bundles.
 */
export async function bundle(folder: string, entries: ReadonlyMap<string, string>): Promise<void> {
  await rm(new URL(folder, root), { recursive: true, force: true });
  await build({
    ...shared,
    outdir: folder,
    entryPoints: [...entries].map(([out, source]) => ({ in: source, out })),
  });
}
