import { reachableFrom, sourceFile } from './import-graph.ts';

/**
 * The one native addon: no bundle can hold it, so it lies beside the bundles that load it. It is compiled for one
 * processor, so on AWS those functions run on x86_64; the rest runs on arm64, which costs less.
 */
export const nativePackage = '@node-rs/argon2';
export const nativeBinary = '@node-rs/argon2-linux-x64-gnu';
export const nativeFile = 'argon2.linux-x64-gnu.node';

/** Whether running the file can load the addon. */
export function loadsNative(file: string): boolean {
  return [...reachableFrom(file)].some((reached) => sourceFile(reached).packages.includes(nativePackage));
}
