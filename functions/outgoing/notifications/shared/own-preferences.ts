import type * as z from 'zod';
import { Notifications, patchOf } from '#identity/settings/public.ts';

export {
  changePreferences,
  preferencesOf,
  storedPreferences,
} from '#identity/settings/public.ts';
export { Notifications };

type Patch = z.output<ReturnType<typeof patchOf<typeof Notifications>>>;
/** What a PUT may give of them: a strict object, though patchOf does not say so. */
export const NotificationsPatch = patchOf(Notifications) as unknown as z.ZodObject<{
  [F in keyof Patch]-?: z.ZodType<Patch[F]>;
}>;
