import type { Workload } from '../report/workload.ts';
import { deepPage } from './deep-page.ts';
import { listCalls } from './list-calls.ts';

export const workloads: readonly Workload[] = [listCalls, deepPage];
