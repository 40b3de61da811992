import { addressText, parseAddress } from '@ambit/config';
import type { AgentGround, AgentParts } from './agent-parts.ts';
import { openAuditTrail } from './audit/open-audit-trail.ts';
import { ClockInterval } from './clock/clock-interval.ts';
import { IdentityFile } from './identity/agent-identity.ts';
import { IdentityKeeper } from './identity/identity-keeper.ts';
import { obtainIdentity } from './identity/obtain-identity.ts';
import { systemClock, timeOrderedIds } from './platform/clock-and-ids.ts';
import type { Teardown } from './platform/teardown.ts';
import { HighWaterFile } from './state/high-water-file.ts';
import { ObjectInventory } from './state/object-inventory.ts';
import { version } from './version.ts';

/** Identity first, by a join token if need be, then what is on disk. Nothing runs yet. */
export async function openParts(ground: AgentGround, teardown: Teardown): Promise<AgentParts> {
  const { folder, observation, logger } = ground;
  const keeper = await openKeeper(ground);
  const { clusterName, clusterUid, installationUid, stateEpoch } = keeper.identity;
  observation.readiness.ready('identity', `cluster ${clusterName}`);
  const trail = await openAuditTrail({
    folder: folder.spool,
    writes: folder.writes,
    cluster: clusterName,
    ids: timeOrderedIds,
    dial: () => keeper.dial(),
    clock: systemClock,
    random: Math.random,
    meters: observation.meters,
    logger,
  });
  teardown.add('announced writes', () => trail.announcements.close());
  teardown.add('audit spool', () => trail.spool.close());
  const inventory = await ObjectInventory.open(folder.inventory, logger);
  const first = { installationUid, clusterUid, stateEpoch };
  const highWater = await HighWaterFile.open(folder.highWater, first, logger);
  teardown.add('high-water marks', () => highWater.flush());
  const { shared } = ground;
  if (shared !== undefined) highWater.copyTo((text) => shared.save({ 'high-water.json': text }));
  const clockInterval = new ClockInterval(systemClock, highWater.marks.centralTime);
  return { ...ground, keeper, trail, inventory, highWater, clockInterval };
}

async function openKeeper({
  settings,
  kubernetes,
  folder,
  logger,
  wayOut,
  shared,
}: AgentGround): Promise<IdentityKeeper> {
  const copy = shared && ((text: string) => shared.save({ 'identity.json': text }));
  const file = new IdentityFile(folder.identity, copy);
  const request = {
    server: settings.server && addressText(settings.server),
    joinToken: settings.joinToken?.reveal(),
    kubeSystemUid: kubernetes.kubeSystemUid,
    kubernetesVersion: kubernetes.version,
    agentVersion: version,
    wayOut,
  };
  const identity = await obtainIdentity(request, { file, clock: systemClock, logger });
  const { server } = identity;
  const address = parseAddress(server);
  const proxy = address && wayOut(address);
  if (proxy !== undefined) logger.info(`central is reached through ${proxy.name}`, { server });
  return new IdentityKeeper({
    identity,
    file,
    server,
    clock: systemClock,
    random: Math.random,
    logger,
    wayOut,
  });
}
