export { scopeOf } from './shared/accounts.ts';
export { type AgentsAccount, agentDetails, agentsAccount, syncRetellAgents } from './shared/retell-agents.ts';
export { type SyncResult, syncRetellCalls } from './shared/retell-sync.ts';
