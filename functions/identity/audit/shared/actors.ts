import * as z from 'zod';

/** Who an entry of the audit log says did it. A database test holds the list against the check of `audit_logs.actor_type`. */
export const actorTypes = ['user', 'key', 'internal', 'system'] as const;
export const ActorType = z.enum(actorTypes).meta({ id: 'ActorType' });
