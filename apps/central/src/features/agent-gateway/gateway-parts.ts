import type { AppliedEvents } from '../clusters/public.ts';
import type { Connections } from '../policy/public.ts';
import type { AskAgents } from './ask-agents.ts';

/** What the rest of central may use of the streams. */
export interface GatewayParts {
  readonly connections: Connections;
  readonly applied: AppliedEvents;
  readonly agents: AskAgents;
}
