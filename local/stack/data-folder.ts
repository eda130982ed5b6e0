import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The command line of a process; '' where the system does not tell. */
const commandOf = (pid: number) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');

/** A Postgres whose npm start was killed lives on: it is stopped, having lost nothing, and started anew by us. */
async function stopOrphan(folder: string): Promise<void> {
  const lock = join(folder, 'postgres', 'postmaster.pid');
  if (!existsSync(lock)) return;
  const pid = Number((await readFile(lock, 'utf8')).split('\n')[0]);
  if (pid > 0 && isAlive(pid) && /postgres/.test((await commandOf(pid)) || 'postgres')) {
    process.kill(pid, 'SIGINT');
    for (let waited = 0; isAlive(pid) && waited < 10_000; waited += 50) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/**
 * Takes a data folder for this process. What a crash left there is cleaned up.
 * @returns a function that gives it back.
 * @throws Error with one sentence when another stack runs on it, or it cannot be written.
 */
export async function takeDataFolder(folder: string): Promise<() => Promise<void>> {
  const lock = join(folder, 'stack.pid');
  try {
    await mkdir(folder, { recursive: true });
    if (existsSync(lock)) {
      const pid = Number(await readFile(lock, 'utf8'));
      const isStack = pid !== process.pid && isAlive(pid) && /node|^$/.test(await commandOf(pid));
      if (isStack) {
        throw new Error(
          `Another npm start (process ${pid}) runs on ${folder}: stop it, or set DATA_DIR to another folder.`,
        );
      }
    }
    await writeFile(lock, String(process.pid));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      throw new Error(
        `${folder} cannot be written: give yourself the right, or set DATA_DIR to another folder.`,
        { cause: error },
      );
    }
    if (code === 'ENOTDIR' || code === 'EEXIST')
      throw new Error(`DATA_DIR=${folder} is a file, or lies in one: set it to a folder.`, { cause: error });
    throw error;
  }
  await stopOrphan(folder);
  return () => rm(lock, { force: true });
}
