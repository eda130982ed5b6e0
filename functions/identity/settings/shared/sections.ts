import * as z from 'zod';
import type { Patch } from './merge.ts';
import { themeIds } from './themes.ts';

const isCurrency = (code: string) => Intl.supportedValuesOf('currency').includes(code);

const text = (most: number) =>
  z.string().trim().min(1, 'must not be empty').max(most, `may have at most ${most} characters`);

const DateFormat = z.enum(['YYYY-MM-DD', 'DD.MM.YYYY', 'DD/MM/YYYY', 'MM/DD/YYYY']);
const TimeFormat = z.enum(['24h', '12h']);

export const General = z
  .strictObject({
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as INR')
      .refine(isCurrency, 'must be an ISO 4217 code such as INR'),
    dateFormat: DateFormat,
    timeFormat: TimeFormat,
    weekStartsOn: z.enum(['monday', 'saturday', 'sunday']),
  })
  .meta({ id: 'GeneralSettings' });

const inChannels = (email: z.ZodType<boolean>) =>
  z.strictObject({ email, sms: z.boolean(), inApp: z.boolean(), slack: z.boolean(), teams: z.boolean() });
const Channels = inChannels(z.boolean()).meta({ id: 'ChannelChoices' });
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 22:00');

export const Notifications = z
  .strictObject({
    categories: z
      .strictObject({
        orders: Channels,
        payments: Channels,
        invoices: Channels,
        campaigns: Channels,
        calls: Channels.describe('Missed calls.'),
        team: Channels,
        security: inChannels(z.literal(true, 'must be true: mails about security cannot be switched off'))
          .meta({ id: 'SecurityChannelChoices' })
          .describe('Its mails cannot be switched off.'),
      })
      .meta({ id: 'NotificationChoices' }),
    quietHours: z.strictObject({ isEnabled: z.boolean(), from: clock, to: clock }).meta({
      id: 'QuietHours',
      description: 'In the reader’s own time zone. Security is told at any hour.',
    }),
  })
  .meta({ id: 'NotificationPreferences' });

/** What notifications must be besides when they are set. Those of a company may change beneath a person's own. */
export const SoundNotifications = Notifications.refine(
  ({ quietHours: { isEnabled, from, to } }) => !isEnabled || from !== to,
  { path: ['quietHours', 'to'], error: 'must be another time than from' },
);

export const Voice = z
  .strictObject({
    voice: text(100).nullable().describe('As the provider calls it. Null: the agent’s own.'),
    speed: z.number().min(0.5).max(2).describe('1 is as the voice speaks by itself.'),
    language: z
      .string()
      .regex(/^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$/, 'must be a BCP 47 tag such as en-US'),
  })
  .meta({ id: 'VoiceSettings' });

export const Ai = z
  .strictObject({
    model: z
      .string()
      .regex(/^[\w.:/-]{1,100}$/, 'must be the name of a model: letters, digits and . : / - _')
      .nullable()
      .describe('Null: the agent’s own.'),
    temperature: z.number().min(0).max(2),
    prompt: text(20_000).nullable().describe('Goes before what each agent is told.'),
  })
  .meta({ id: 'AiSettings' });

const limit = z.number().int().min(0).max(1_000_000_000).nullable();
export const Quotas = z
  .strictObject({
    calls: limit,
    messages: limit,
    voicemails: limit,
    users: limit,
    apiKeys: limit,
    webhooks: limit,
  })
  .meta({
    id: 'Quotas',
    description:
      'Null: unlimited. Calls, messages and voicemails of a calendar month. Only platform admins set them.',
  });

export const Display = z.strictObject({
  theme: z.enum(themeIds),
  timezoneDisplay: z.enum(['mine', 'company', 'utc']).describe('In which time zone times are shown.'),
  dateFormat: DateFormat,
  timeFormat: TimeFormat,
});

/** A section in a PUT: each of its fields may be given or not, null takes it back to its default. */
export function patchOf<S extends z.ZodObject>(section: S): z.ZodType<Patch<z.output<S>>> {
  const fields = Object.entries(section.shape).map(([name, field]) => [
    name,
    field instanceof z.ZodObject ? namedPatchOf(field).optional() : z.nullable(field as z.ZodType).optional(),
  ]);
  return z.strictObject(Object.fromEntries(fields)) as unknown as z.ZodType<Patch<z.output<S>>>;
}

const namedPatches = new Map<string, z.ZodType>();

/** The patch of a section within a section: `QuietHours` is changed by `QuietHoursPatch`, one schema for all its uses. */
function namedPatchOf(section: z.ZodObject): z.ZodType {
  // A schema that was described once more has its name one step up.
  const id = [section, section._zod.parent].map((of) => of && z.globalRegistry.get(of)?.id).find(Boolean);
  if (id === undefined) return patchOf(section);
  const known = namedPatches.get(id) ?? patchOf(section).meta({ id: `${id}Patch` });
  namedPatches.set(id, known);
  return known;
}

export const NotificationsPatch = patchOf(Notifications).meta({ id: 'NotificationPreferencesPatch' });
