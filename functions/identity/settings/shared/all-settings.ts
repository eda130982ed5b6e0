import * as z from 'zod';
import { CompanySettings } from './company-settings.ts';
import { Preferences } from './preferences.ts';

/** The settings of the caller's company, with the caller's own. */
export const AllSettings = z
  .strictObject({ ...CompanySettings.shape, preferences: Preferences })
  .meta({ id: 'Settings' });
