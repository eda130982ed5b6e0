import * as z from 'zod';

/** People's times come as either, whoever stores them. */
const Time = z.union([z.date(), z.iso.datetime({ offset: true })]);
const Name = z.string();
const Link = z.url({ protocol: /^https?$/ });

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
  'new-sign-in': z.strictObject({ name: Name, device: z.string(), ip: z.string(), at: Time }),
  'two-factor-changed': z.strictObject({ name: Name, isOn: z.boolean() }),
  'account-locked': z.strictObject({ name: Name, minutes: z.number() }),
  'account-deletion': z.strictObject({ name: Name, at: Time, link: Link }),
  'export-ready': z.strictObject({ name: Name, link: Link, hours: z.number() }),
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
