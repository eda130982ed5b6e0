import * as z from 'zod';
import { callStatuses } from '#telephony/model/status.ts';
import { directions, messageStatuses } from '#telephony/model/words.ts';

const id = z.string().min(1).max(255);
const e164 = z.string().regex(/^\+[1-9]\d{1,14}$/, 'E.164, like +14155550101');
const durationMs = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const direction = z.enum(directions);
const json = z.record(z.string(), z.unknown());
const httpUrl = z.url({ protocol: /^https?$/ });

/** ISO 8601 with a time zone, or epoch milliseconds; read as ISO 8601 UTC. */
const instant = z.union([
  z.iso.datetime({ offset: true }).transform((text, ctx) => {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return new Date(ms).toISOString();
    ctx.addIssue({ code: 'custom', message: 'No such time.' });
    return z.NEVER;
  }),
  z
    .number()
    .int()
    .positive()
    .max(8.64e15)
    .transform((ms) => new Date(ms).toISOString()),
]);

const amount = z.string().regex(/^\d{1,15}(\.\d{1,12})?$/, 'A decimal number in minor units, like 14.35');

/** A call in `data`: your own id of it, and whatever you know. Unknown names are refused, so that none is lost unseen. */
export const IncomingCall = z
  .strictObject({
    callId: id,
    direction: direction.optional(),
    status: z.enum(callStatuses).optional(),
    from: e164.optional(),
    to: e164.optional(),
    providerAgentId: id.optional(),
    agentName: z.string().min(1).max(255).optional(),
    startedAt: instant.optional(),
    answeredAt: instant.optional(),
    endedAt: instant.optional(),
    durationMs: durationMs.optional(),
    /** In minor units of costCurrency (cents), fractions allowed; a text keeps them exact. */
    costAmount: z.union([amount, z.number().nonnegative().transform(String).pipe(amount)]).optional(),
    costCurrency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .optional(),
    transcript: z.string().optional(),
    summary: z.string().optional(),
    sentiment: z.enum(['positive', 'neutral', 'negative', 'unknown']).optional(),
    successful: z.boolean().optional(),
    disconnectionReason: z.string().min(1).max(255).optional(),
    recordingUrl: httpUrl.optional(),
    tags: z.array(z.string().min(1).max(100)).max(100).optional(),
    /** With call.transferred: tells two transfers of one call apart. */
    transferId: id.optional(),
    /** Facts of yours without a field here. */
    details: json.optional(),
    /** Ids of yours that the call carries along. */
    metadata: json.optional(),
  })
  .refine((call) => (call.costAmount === undefined) === (call.costCurrency === undefined), {
    message: 'costAmount and costCurrency come together.',
  });

/** A text message in `data`. */
export const IncomingMessage = z.strictObject({
  messageId: id,
  direction: direction.optional(),
  status: z.enum(messageStatuses).optional(),
  from: e164.optional(),
  /** One receiver, or several. */
  to: z.union([e164.transform((to) => [to]), z.array(e164).min(1).max(100)]).optional(),
  body: z.string().optional(),
  mediaUrls: z.array(httpUrl).max(20).optional(),
  errorCode: z.string().min(1).max(255).optional(),
  providerAgentId: id.optional(),
  sentAt: instant.optional(),
});

/** A voicemail in `data`. `callId` is the call that it was left in. */
export const IncomingVoicemail = z.strictObject({
  voicemailId: id,
  callId: id,
  from: e164.optional(),
  to: e164.optional(),
  durationMs: durationMs.optional(),
  transcript: z.string().optional(),
  recordingUrl: httpUrl.optional(),
  receivedAt: instant.optional(),
});

const envelope = {
  /** Yours, the same on every retry: an event with an id that we have is dropped. */
  id: id.optional(),
  /** When it happened. Without it the times in `data` decide which of two events is the later. */
  occurredAt: instant.optional(),
};

/** The steps that `type` may name, each with the status that it stands for unless `data.status` says otherwise. */
export const callSteps = {
  'call.scheduled': 'scheduled',
  'call.queued': 'queued',
  'call.ringing': 'ringing',
  'call.started': 'in_progress',
  'call.answered': 'in_progress',
  'call.held': 'on_hold',
  'call.resumed': 'in_progress',
  'call.ended': 'completed',
  'call.completed': 'completed',
  'call.missed': 'missed',
  'call.voicemail': 'voicemail',
  'call.failed': 'failed',
  'call.cancelled': 'cancelled',
} as const;

/**
 * What POST /api/webhooks/incoming/:companyId understands, for systems that have no provider of their own here:
 *
 *     { "id": "evt_1", "type": "call.ended", "occurredAt": "2026-11-21T10:02:00Z",
 *       "data": { "callId": "42", "direction": "inbound", "from": "+14155550101", "to": "+14155550199",
 *                 "startedAt": "2026-11-21T10:00:00Z", "endedAt": "2026-11-21T10:02:00Z" } }
 *
 * - `call`, or `call.<step>`: a step of `callSteps` sets the status; `call.analyzed` and `call.transferred` tell
 *   listeners so; any other `call.<word>` only adds facts. Events may come late, twice or swapped: the later by
 *   status, then by time, wins field by field, and what an event leaves out stays as it was.
 * - `message`: a text message. `voicemail`: a recording that was left.
 *
 * More names beside these four are ignored; more names in `data` are not, and make the event unrecognised.
 */
export const IncomingEvent = z.union([
  z.object({
    ...envelope,
    type: z.union([z.literal('call'), z.string().regex(/^call\.[a-z][a-z_]{0,60}$/)]),
    data: IncomingCall,
  }),
  z.object({ ...envelope, type: z.literal('message'), data: IncomingMessage }),
  z.object({ ...envelope, type: z.literal('voicemail'), data: IncomingVoicemail }),
]);
export type IncomingEvent = z.infer<typeof IncomingEvent>;
