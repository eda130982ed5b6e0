import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A process of ours that runs one of our modules, so that it has an event loop, a heap and a death of its own. */
export interface Child {
  process: ChildProcess;
  pid: number;
  /** What it said when it was ready. */
  ready: unknown;
  /** Asks it something; what it answers is given back. @throws when it dies first. */
  ask(question: string, given?: unknown): Promise<unknown>;
  /** Resident memory, bytes. */
  rssBytes(): number;
  /** Processor time so far, user and system, milliseconds. */
  cpuMs(): number;
  /** Ends it in its own time; by force after ten seconds. */
  stop(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

interface Answer {
  to?: number;
  value?: unknown;
  error?: string;
  ready?: unknown;
}

const clockTicksPerSecond = 100; // sysconf(_SC_CLK_TCK) on Linux

function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / clockTicksPerSecond;
}

const rssBytesOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

/**
 * Starts a module, TypeScript as it is, and waits until it says that it is ready.
 * @throws with the end of its log when it ends before that.
 */
export async function startChild(
  module: URL,
  options: { env?: Record<string, string>; logFile: string; nodeFlags?: string[] },
): Promise<Child> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const logged = openSync(options.logFile, 'a');
  const child = fork(fileURLToPath(module), [], {
    execArgv: ['--import', 'tsx', ...(options.nodeFlags ?? [])],
    env: { ...process.env, ...options.env },
    stdio: ['ignore', logged, logged, 'ipc'],
    serialization: 'advanced',
  });
  closeSync(logged);
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let last = 0;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const died = () =>
    new Error(
      `The process of ${module.pathname} ended: ${readFileSync(options.logFile, 'utf8').slice(-2000)}`,
    );
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(died());
    waiting.clear();
  });

  const ready = await new Promise<unknown>((resolve, reject) => {
    child.once('exit', () => reject(died()));
    child.once('error', reject);
    child.on('message', (message: Answer) => {
      if ('ready' in message) resolve(message.ready);
      const waiter = message.to === undefined ? undefined : waiting.get(message.to);
      if (!waiter || message.to === undefined) return;
      waiting.delete(message.to);
      if (message.error === undefined) waiter.resolve(message.value);
      else waiter.reject(new Error(message.error));
    });
  });
  const pid = child.pid ?? 0;
  return {
    process: child,
    pid,
    ready,
    ask: (question, given) =>
      new Promise((resolve, reject) => {
        if (child.exitCode !== null || child.signalCode !== null) return reject(died());
        waiting.set(++last, { resolve, reject });
        child.send({ id: last, question, given });
      }),
    rssBytes: () => rssBytesOf(pid),
    cpuMs: () => cpuMsOf(pid),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
      if (child.connected) child.disconnect();
      await ended;
      clearTimeout(force);
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
