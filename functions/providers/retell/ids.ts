import * as z from 'zod';

/** An id of an agent given by a caller, as Retell makes them: agent_d4eaf5c7eb068319. */
export const RetellAgentId = z
  .string()
  .trim()
  .regex(/^agent_[\w-]{1,194}$/, 'must be a Retell agent id such as agent_d4eaf5c7eb068319');
