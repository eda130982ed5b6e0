import * as z from 'zod';

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

const time = (form: RegExp, message: string) => z.string().regex(form, message);

/** On the clock of the company's timezone. Both in the same form, so that they compare as text. */
const Span = z
  .strictObject({
    from: time(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 09:00').meta({ example: '09:00' }),
    to: time(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time such as 17:30, at most 24:00').meta({
      example: '17:30',
    }),
  })
  .refine(({ from, to }) => from < to, 'must end after it begins; one that passes midnight is two')
  .meta({ id: 'OpeningHours' });

const Day = z
  .array(Span)
  .max(10)
  .refine(
    (spans) =>
      spans
        .toSorted((a, b) => (a.from < b.from ? -1 : 1))
        .every((span, i, sorted) => i === 0 || (sorted[i - 1]?.to ?? '') <= span.from),
    'must not overlap',
  );

const days = Object.fromEntries(
  weekdays.map((day) => [day, Day.optional().describe('Absent or empty: closed.')]),
) as Record<(typeof weekdays)[number], z.ZodOptional<typeof Day>>; // its keys are the weekdays

/** When the company is open: hours of each weekday, and the dates on which it is closed all day. */
export const BusinessHours = z
  .strictObject({
    ...days,
    holidays: z
      .array(z.iso.date('must be a date such as 2026-12-25'))
      .max(400)
      .optional()
      .describe('Closed all day.'),
  })
  .meta({ id: 'BusinessHours' });
