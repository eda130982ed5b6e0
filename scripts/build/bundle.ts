import { copyFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { root } from '../generate/discover.ts';
import { nativeBinary, nativeFile } from '../generate/native.ts';

/** CommonJS packages call require(), which a module has not: this gives them one. */
const requireForModules =
  "import{createRequire as trunklineRequire}from'node:module';const require=trunklineRequire(import.meta.url);";

/** Leaves the native addon out: it is looked for beside the bundle. */
const nativeBeside: Plugin = {
  name: 'native addon beside the bundle',
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^${nativeBinary}$`) }, () => ({
      path: `./${nativeFile}`,
      external: true,
    }));
  },
};

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
  metafile: true,
  logLevel: 'warning',
  plugins: [nativeBeside],
};

/**
 * Bundles each entry into one file of `folder`.
 * @param entries Source files by the names of their bundles.
 */
export async function bundle(folder: string, entries: ReadonlyMap<string, string>): Promise<Metafile> {
  await rm(new URL(folder, root), { recursive: true, force: true });
  const { metafile } = await build({
    ...shared,
    outdir: folder,
    entryPoints: [...entries].map(([out, source]) => ({ in: source, out })),
    metafile: true,
  });
  return metafile;
}

/** Whether a bundle looks for the native addon beside it. */
export const wantsNative = (metafile: Metafile, output: string): boolean =>
  metafile.outputs[output]?.imports.some(({ path }) => path === `./${nativeFile}`) ?? false;

/** Puts the native addon into a folder of bundles. */
export async function placeNative(folder: string): Promise<void> {
  const source = createRequire(import.meta.url).resolve(nativeBinary);
  await copyFile(source, new URL(`${folder}/${nativeFile}`, root));
}

/** What a bundle consists of, the heaviest package first: for whoever asks why it is large. */
export function packagesIn(metafile: Metafile, output: string): { name: string; bytes: number }[] {
  const bytes = new Map<string, number>();
  for (const [input, { bytesInOutput }] of Object.entries(metafile.outputs[output]?.inputs ?? {})) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? 'trunkline';
    bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
  }
  return [...bytes].map(([name, size]) => ({ name, bytes: size })).sort((a, b) => b.bytes - a.bytes);
}
