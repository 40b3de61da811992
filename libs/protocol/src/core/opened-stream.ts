import type { Millis } from '@ambit/kernel';
import type { HelloFacts } from './agent-session-types.ts';
import { defaultHeartbeatMs } from './limits.ts';

/** What an agent keeps as long as one stream. */
export interface OpenedStream {
  live: boolean;
  heardAt: Millis;
  heartbeatMs: Millis;
  heartbeatAt: Millis;
  heartbeats: number;
  revokeNonce: number;
  /** What signed orders have to name. */
  readonly instanceId: string;
  readonly attempt: number;
  sessionEpoch: number;
  lastOrder: number;
}

/** A stream on which nothing was heard yet. */
export function openedStream(at: Millis, { instanceId, attempt }: HelloFacts): OpenedStream {
  return {
    live: false,
    heardAt: at,
    heartbeatMs: defaultHeartbeatMs,
    heartbeatAt: at + defaultHeartbeatMs,
    heartbeats: 0,
    revokeNonce: 0,
    instanceId,
    attempt,
    sessionEpoch: 0,
    lastOrder: 0,
  };
}
