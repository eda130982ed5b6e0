import { expect, test } from 'vitest';
import { queuesWokenBy } from './import-graph.ts';

test.each([
  ['functions/identity/personal-data/request-data-export.ts', ['bulk', 'jobs']],
  ['functions/identity/auth/forgot-password.ts', ['jobs']],
  ['functions/platform/jobs/process-documents.worker.ts', ['documents', 'jobs']],
  ['functions/platform/jobs/sweep-jobs.schedule.ts', ['bulk', 'dials', 'documents', 'jobs']],
  ['functions/telephony/calls/list-calls.ts', []],
])('%s can wake %j', (file, queues) => {
  expect([...queuesWokenBy(file)].sort()).toEqual(queues);
});
