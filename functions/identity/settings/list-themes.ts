import * as z from 'zod';
import { endpoint } from '#core/endpoint.ts';
import { colorNames, themeIds, themes } from './shared/themes.ts';

const color = z.string().regex(/^#[0-9a-f]{6}$/);
const Theme = z
  .object({
    id: z.enum(themeIds).describe('What PUT /api/settings/user/preferences takes.'),
    name: z.string(),
    isDark: z.boolean(),
    colors: z.object(Object.fromEntries(colorNames.map((name) => [name, color]))).meta({ id: 'ThemeColors' }),
  })
  .meta({ id: 'Theme' });

export const { contract, respond, serve, handler } = endpoint({
  method: 'GET',
  path: '/api/settings/themes',
  summary: 'List the themes, with their colors',
  description: 'A person may also choose `system`: light or dark, as their device has it.',
  who: ['user'],
  output: z.array(Theme),
  async handle() {
    return themes.map((theme) => ({ ...theme, colors: { ...theme.colors } }));
  },
});
