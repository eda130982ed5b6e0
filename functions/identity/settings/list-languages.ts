import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { languages } from './shared/languages.ts';

const Language = z
  .object({
    code: z.string().describe('BCP 47.'),
    name: z.string(),
    nativeName: z.string(),
    direction: z.enum(['ltr', 'rtl']),
    hasEmailTemplates: z.boolean().describe('Mails come in it; in the others, they come in English.'),
  })
  .meta({ id: 'Language' });

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings/languages',
  summary: 'List the languages',
  description: 'The languages that people can choose for the app and its mails.',
  who: ['user'],
  output: z.array(Language),
  async handle() {
    return [...languages];
  },
});
