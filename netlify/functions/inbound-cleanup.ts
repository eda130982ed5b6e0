// Generated from functions/integrations/inbound/cleanup.schedule.ts by `npm run generate`. Do not edit.
export { serve as default } from '../../functions/integrations/inbound/cleanup.schedule.ts';
export const config = { schedule: '17 * * * *' };
