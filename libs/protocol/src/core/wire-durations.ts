import type { Millis } from '@ambit/kernel';
import type { SessionSettings } from './agent-session-types.ts';
import type { Drain, Welcome } from './generated/messages.ts';
import { defaultHeartbeatMs } from './limits.ts';

/**
 * What an agent takes of durations that nobody signed: whoever stands in the place of central can delay an agent within
 * these bounds, and can neither send it away for good nor make it spin. Milliseconds, least and most.
 */
export const durationBounds = {
  heartbeat: [1_000, 60_000],
  backoffBase: [100, 30_000],
  backoffCap: [1_000, 300_000],
  inventory: [200, 600_000],
  drain: [0, 300_000],
} as const satisfies Readonly<Record<string, readonly [Millis, Millis]>>;

/** What Welcome says, within bounds; where it says nothing, what is usual. */
export function boundedSettings(welcome: Welcome): SessionSettings {
  const { sessionEpoch, heartbeatIntervalMs, inventoryIntervalMs } = welcome;
  const backoffBaseMs = within(durationBounds.backoffBase, welcome.backoffBaseMs || 500);
  return {
    sessionEpoch,
    heartbeatIntervalMs: within(
      durationBounds.heartbeat,
      heartbeatIntervalMs || defaultHeartbeatMs,
    ),
    backoffBaseMs,
    backoffCapMs: Math.max(
      backoffBaseMs,
      within(durationBounds.backoffCap, welcome.backoffCapMs || 8_000),
    ),
    inventoryIntervalMs: within(durationBounds.inventory, inventoryIntervalMs || 5_000),
  };
}

/** The window of a drain, within bounds and the right way round. */
export function boundedDrain({ minWaitMs, maxWaitMs }: Drain): {
  readonly minMs: Millis;
  readonly maxMs: Millis;
} {
  const maxMs = within(durationBounds.drain, maxWaitMs);
  return { minMs: Math.min(within(durationBounds.drain, minWaitMs), maxMs), maxMs };
}

function within([least, most]: readonly [Millis, Millis], ms: Millis): Millis {
  return Math.min(Math.max(ms, least), most);
}
