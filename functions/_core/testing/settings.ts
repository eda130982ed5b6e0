import { forgetEnv } from '../env.ts';

/** Changes settings from here on, for this file's tests; undefined takes one away. */
export function setSettings(settings: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  forgetEnv();
}
