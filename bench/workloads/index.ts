import type { Workload } from '../report/workload.ts';
import { coldStart } from './cold-start.ts';
import { deepPage } from './deep-page.ts';
import { deliveries } from './deliveries.ts';
import { dispatch } from './dispatch.ts';
import { door } from './door.ts';
import { eventToApi } from './event-to-api.ts';
import { ingest } from './ingest.ts';
import { listCalls } from './list-calls.ts';
import { login } from './login.ts';
import { memory } from './memory.ts';
import { processing } from './processing.ts';
import { whoAmI } from './who-am-i.ts';
import { writes } from './writes.ts';

export const workloads: readonly Workload[] = [
  listCalls,
  whoAmI,
  writes,
  login,
  deepPage,
  ingest,
  processing,
  eventToApi,
  dispatch,
  deliveries,
  door,
  coldStart,
  memory,
];
