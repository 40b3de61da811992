import type { Logger } from '@ambit/kernel';
import {
  agentMetrics,
  createMeters,
  createRegistry,
  Readiness,
  startHealthListener,
} from '@ambit/observability';
import type { HealthListener, Meters } from '@ambit/observability';
import type { AgentSettings } from '../config.ts';
import { version } from '../version.ts';

export type AgentMeters = Meters<typeof agentMetrics>;

/** What has to be there before the agent is ready. */
const parts = ['kubernetes', 'identity', 'lists', 'state', 'stream'] as const;
/** What only the replica that acts has. */
const partsOfActing = ['identity', 'lists', 'state', 'stream'] as const;

export interface Observation {
  readonly readiness: Readiness;
  readonly meters: AgentMeters;
  readonly health: HealthListener | undefined;
}

/** Health and metrics, before everything else, so that waiting can be seen. Throws `address_in_use`. */
export async function startObservation(
  settings: Pick<AgentSettings, 'healthListen' | 'healthNames'>,
  logger: Logger,
): Promise<Observation> {
  const readiness = new Readiness(parts);
  const registry = createRegistry({ version, processMetrics: 'few' });
  const meters = createMeters(registry, agentMetrics);
  meters.connected.set(0);
  if (settings.healthListen === 'off') return { readiness, meters, health: undefined };
  const { host, port } = settings.healthListen;
  const health = await startHealthListener({
    host,
    port,
    names: settings.healthNames,
    readiness,
    registry,
    logger,
  });
  return { readiness, meters, health };
}

/** A replica that waits for its turn is as ready as it can be: rollouts and drains go on. */
export function showStandingBy({ readiness, meters }: Observation, holder: string): void {
  meters.acting.set(0);
  for (const part of partsOfActing) readiness.ready(part, `stands by while ${holder} acts`);
}

export function showActing({ readiness, meters }: Observation): void {
  meters.acting.set(1);
  for (const part of partsOfActing) readiness.missing(part, 'this replica begins to act');
}
