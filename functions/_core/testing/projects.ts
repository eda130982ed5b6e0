/**
 * Which test file runs in which of Vitest's projects (`vitest run --project shared`). A file that is named nowhere here
 * runs in `shared`: one process runs many of those, one after the other, and `fresh.ts` gives each of them our modules
 * evaluated anew. `functions/test-projects.test.ts` holds the lists.
 */

/** Files that need a process of their own, and why: what `fresh.ts` cannot put back. */
export const alone: Readonly<Record<string, string>> = {
  'functions/_core/http/bodies.test.ts': 'counts the calls of Buffer.from and JSON.parse',
  'functions/identity/auth/bad-input.test.ts': 'measures the heap',
  'functions/integrations/inbound/shared/receive-event.test.ts': 'puts another module in a module’s place',
  'functions/outgoing/events/stream-events.test.ts': 'puts another module in a module’s place',
};

/** Files that open Chromium (`describeInBrowser`). */
export const browser: readonly string[] = [
  'functions/identity/account-pages/pages.test.ts',
  'functions/identity/account-pages/show-data-export.test.ts',
  'functions/integrations/dialpad-connect/consent-page.test.ts',
  'functions/messaging/mail/show-mailbox.test.ts',
  'functions/platform/docs/pages.test.ts',
];

/** Files whose tests wait for real seconds, or start a whole stack in another process. */
export const clock: readonly string[] = [
  'functions/_core/clients/bucket.test.ts',
  'functions/_core/clients/outgoing/send.test.ts',
  'functions/_core/database/database-tls.test.ts',
  'functions/_core/database/outage.test.ts',
  'functions/_core/database/transaction.test.ts',
  'functions/platform/health/health.test.ts',
  'local/listen.test.ts',
  'local/stack/loopback.test.ts',
];
