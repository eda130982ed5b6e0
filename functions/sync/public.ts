export { agentDetails, retellOf, syncRetellAgents } from './shared/retell-agents.ts';
export { type SyncResult, syncRetellCalls } from './shared/retell-sync.ts';
