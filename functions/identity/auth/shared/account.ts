import * as z from 'zod';
import { roles } from '#core/callers/caller.ts';

/** The form in which addresses are compared: composed and in lower case. */
export const normalEmail = (email: string): string => email.normalize('NFC').toLowerCase();

/** An e-mail address given by a caller, as they wrote it; 254 characters is the most that SMTP carries. */
export const emailInput = z
  .string()
  .trim()
  .max(254, 'may have at most 254 characters')
  .pipe(z.email('must be an e-mail address such as ada@example.com'));

/** The name of a person or company. */
export const nameInput = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(200, 'may have at most 200 characters')
  .refine((text) => !/\p{Cc}/u.test(text), 'must not hold control characters');

export const CompanyRole = z.enum(roles).meta({ id: 'Role' });

/** Whom a session is for. */
export const SessionUser = z
  .object({
    id: z.uuid(),
    email: z.string(),
    name: z.string(),
    companyId: z.uuid(),
    role: CompanyRole,
  })
  .meta({ id: 'SessionUser' });

/** The answer to a login: the tokens stand beside `data`. */
export const LoggedIn = z
  .strictObject({
    success: z.literal(true),
    data: SessionUser,
    token: z.string().describe('Access token: Authorization: Bearer …'),
    refreshToken: z.string().describe('Good for one refresh. Keep it secret.'),
    expiresIn: z.int32().describe('Life of the access token in seconds.'),
  })
  .meta({ id: 'LoggedIn' });

/** The answer to something that was done and has nothing to show. */
export const Done = z
  .strictObject({ success: z.literal(true), data: z.null(), message: z.string() })
  .meta({ id: 'Done' });
export const done = (message: string): z.infer<typeof Done> => ({ success: true, data: null, message });
