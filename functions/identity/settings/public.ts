/** What other features need of settings. */
export { countLiveKeys } from './shared/api-keys.ts';
export { lockSettings } from './shared/company-settings.ts';
export { categories, defaults } from './shared/defaults.ts';
export { changePreferences, preferencesOf, storedPreferences } from './shared/preferences.ts';
export { Notifications, patchOf } from './shared/sections.ts';
export { maxWebhooks, requireRoom, standingOf } from './shared/usage.ts';
