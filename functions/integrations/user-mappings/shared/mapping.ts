import * as z from 'zod';
import { shapeOf } from '#core/database/shape.ts';
import { userMappings } from '#db/schema/provider-links.ts';
import { DialpadId } from '#providers/dialpad/ids.ts';

export const provider = 'dialpad';

export const Mapping = z
  .object({
    id: z.uuid(),
    app_id: z.uuid(),
    dialpad_user_id: z.string(),
    user_id: z.string().describe('The client’s own id of the person: externalUserId of their calls.'),
    name: z.string().nullable(),
    email: z.string().nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'UserMapping' });

export type Mapping = z.infer<typeof Mapping>;

export const mappingShape = shapeOf(Mapping, {
  id: userMappings.id,
  app_id: userMappings.appId,
  dialpad_user_id: userMappings.providerUserId,
  user_id: userMappings.externalUserId,
  name: userMappings.name,
  email: userMappings.email,
  created_at: userMappings.createdAt,
  updated_at: userMappings.updatedAt,
});

/** A client's id, which JSON may carry as a number. */
const id = z
  .union([z.string().trim(), z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).transform(String)], {
    error: 'must be an id: text, or a whole number',
  })
  .pipe(z.string().min(1).max(200));

/** What a client says of a person. */
export const mappingFields = {
  dialpad_user_id: DialpadId.describe('Dialpad’s id of the user.'),
  user_id: id.describe('The client’s own id of the person.'),
  name: z.string().trim().min(1).max(200).nullish(),
  email: z.email().max(320).nullish(),
};
export const MappingFields = z.strictObject(mappingFields);
export type MappingFields = z.output<typeof MappingFields>;
