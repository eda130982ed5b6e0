import * as z from 'zod';

/** People's times come as either. */
const Time = z.union([z.date(), z.iso.datetime({ offset: true })]);
const Name = z.string();
const Link = z.url({ protocol: /^https?$/ });
/** An IANA name: times are told in this zone, in UTC where it is absent or none. */
const timezone = z.string().nullish();
/** In minor units of an ISO 4217 currency: cents of a dollar, yen, fils of a dinar. */
export const Money = z.strictObject({ amount: z.int(), currency: z.string().regex(/^[A-Z]{3}$/) });
export type Money = z.infer<typeof Money>;
const whereToLook = { link: Link.nullish() };
/** Of an endpoint that a company receives events at. */
const webhookTrouble = z.strictObject({ name: Name, url: z.string(), reason: z.string(), ...whereToLook });

/** What each mail is told. `name` is the reader's. */
export const templateData = {
  'verify-email': z.strictObject({ name: Name, link: Link, hours: z.number() }),
  'reset-password': z.strictObject({ name: Name, link: Link, code: z.string(), minutes: z.number() }),
  invitation: z.strictObject({
    name: Name.nullish(),
    inviterName: Name,
    link: Link,
    days: z.number(),
    role: z.string(),
  }),
  'password-changed': z.strictObject({ name: Name }),
  'new-sign-in': z.strictObject({ name: Name, device: z.string(), ip: z.string(), at: Time, timezone }),
  'two-factor-changed': z.strictObject({ name: Name, isOn: z.boolean() }),
  'account-locked': z.strictObject({ name: Name, minutes: z.number() }),
  'account-deletion': z.strictObject({ name: Name, at: Time, timezone, link: Link }),
  'export-ready': z.strictObject({ name: Name, link: Link, hours: z.number() }),
  'order-confirmation': z.strictObject({
    name: Name,
    orderNumber: z.string(),
    /** The price is that of the line. */
    items: z.array(z.strictObject({ name: Name, quantity: z.number(), price: Money.nullish() })).optional(),
    total: Money,
    ...whereToLook,
  }),
  'payment-received': z.strictObject({
    name: Name,
    amount: Money,
    /** What it was for: an order, an invoice. */
    reference: z.string().nullish(),
    at: Time,
    timezone,
    ...whereToLook,
  }),
  'payment-failed': z.strictObject({
    name: Name,
    amount: Money,
    reference: z.string().nullish(),
    /** A sentence. */
    reason: z.string().nullish(),
    ...whereToLook,
  }),
  invoice: z.strictObject({
    name: Name,
    invoiceNumber: z.string(),
    amount: Money,
    dueOn: z.iso.date().nullish(),
    ...whereToLook,
  }),
  'campaign-status': z.strictObject({
    name: Name,
    campaign: z.string(),
    status: z.enum(['started', 'paused', 'completed', 'failed']),
    /** Calls made so far, of how many. */
    progress: z.strictObject({ done: z.int(), total: z.int() }).nullish(),
    ...whereToLook,
  }),
  appointment: z.strictObject({
    name: Name,
    status: z.enum(['created', 'cancelled']),
    title: z.string(),
    at: Time,
    timezone,
    place: z.string().nullish(),
    ...whereToLook,
  }),
  'missed-call': z.strictObject({
    name: Name,
    /** A number, or what the caller is called; null where it was withheld. */
    from: z.string().nullable(),
    at: Time,
    timezone,
    ...whereToLook,
  }),
  voicemail: z.strictObject({
    name: Name,
    from: z.string().nullable(),
    seconds: z.number().nullish(),
    at: Time,
    timezone,
    ...whereToLook,
  }),
  'webhook-failing': webhookTrouble,
  'webhook-disabled': webhookTrouble,
} as const;

export type TemplateName = keyof typeof templateData;
export type TemplateData<N extends TemplateName = TemplateName> = z.infer<(typeof templateData)[N]>;
export const templateNames = Object.keys(templateData) as TemplateName[];

/** A template by its name, with what it is told. */
export type Template = { [N in TemplateName]: { template: N; data: TemplateData<N> } }[TemplateName];

export type Mail = Template & {
  to: string;
  /** As the person's profile has it: 'de', 'pt-BR'. A language that no mail is written in gets English. */
  language: string;
  companyId: string | null;
  userId: string | null;
  /** Whose name the mail bears; Trunkline's own, where absent. */
  companyName?: string | null | undefined;
};

const hourMs = 3_600_000;

/** When the mail's link is over, so that it need not be sent any more; undefined for a mail that is always worth it. */
export function expiryOf(mail: Template, now: Date): Date | undefined {
  const after = (ms: number) => new Date(now.getTime() + ms);
  switch (mail.template) {
    case 'verify-email':
    case 'export-ready':
      return after(mail.data.hours * hourMs);
    case 'reset-password':
      return after(mail.data.minutes * 60_000);
    case 'invitation':
      return after(mail.data.days * 24 * hourMs);
    default:
      return undefined;
  }
}

/** A mail as it waits in a job. */
export const StoredMail = z
  .strictObject({
    to: z.string(),
    language: z.string(),
    companyName: z.string().nullish(),
    expiresAt: z.iso.datetime().optional(),
    template: z.enum(templateNames),
    data: z.unknown(),
  })
  .transform(({ template, data, ...rest }) => {
    // The schema is that of the name, which the type of a union of pairs cannot follow.
    return { ...rest, ...({ template, data: templateData[template].parse(data) } as Template) };
  });
export type StoredMail = z.infer<typeof StoredMail>;

/** A mail as it is sent. */
export interface Message {
  to: string;
  subject: string;
  text: string;
  html: string;
}
