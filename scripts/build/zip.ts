import { readdir, readFile, writeFile } from 'node:fs/promises';
import { type Zippable, zipSync } from 'fflate';

/** The earliest time that a zip can hold: the same sources give the same bytes, and CloudFormation sees no change. */
const epoch = new Date(1980, 0, 1);

/** Zips a folder's files, by name, into one archive. */
export async function zipFolder(folder: string, target: string): Promise<number> {
  const files: Zippable = {};
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = names.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`);
  for (const path of paths.sort()) {
    files[path.slice(folder.length + 1)] = [
      await readFile(path),
      { mtime: epoch, os: 3, attrs: 0o644 << 16 },
    ];
  }
  const zip = zipSync(files, { level: 9 });
  await writeFile(target, zip);
  return zip.length;
}
