import * as z from 'zod';

/**
 * The closed lists of words of calls, messages and agents, besides the status of a call (`status.ts`). A database test
 * holds each against the check of its column.
 */

/** As the company sees it. */
export const directions = ['inbound', 'outbound'] as const;
export const Direction = z.enum(directions).meta({ id: 'Direction' });
export type Direction = (typeof directions)[number];

export const messageStatuses = ['queued', 'sent', 'delivered', 'failed', 'received'] as const;
export const MessageStatus = z.enum(messageStatuses).meta({ id: 'MessageStatus' });
export type MessageStatus = (typeof messageStatuses)[number];

export const agentKinds = ['human', 'ai'] as const;
export const AgentKind = z.enum(agentKinds).meta({ id: 'AgentKind' });

export const agentStatuses = ['active', 'inactive'] as const;
export const AgentStatus = z.enum(agentStatuses).meta({ id: 'AgentStatus' });
