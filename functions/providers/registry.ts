import { dialpad } from './dialpad/index.ts';
import { incoming } from './incoming/index.ts';
import type { Provider } from './provider.ts';
import { retell } from './retell/index.ts';

/** Every provider that sends events. Adding one is a folder beside this file and a line here. */
export const providers: ReadonlyMap<string, Provider> = new Map(
  [dialpad, retell, incoming].map((provider) => [provider.name, provider]),
);
