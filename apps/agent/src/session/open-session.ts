import { randomBytes } from 'node:crypto';
import { AgentSession, agentCapabilities, decodeIntent } from '@ambit/protocol';
import type { AgentSessionPorts, HelloFacts, wire } from '@ambit/protocol';
import { ceilingDigest, ceilingToJson } from '@ambit/rbac';
import type { Readiness } from '@ambit/observability';
import { nodeDigests } from '@ambit/transport';
import type { AdmissionWatch } from '../admission/admission-watch.ts';
import type { AgentParts } from '../agent-parts.ts';
import type { AuditTrail } from '../audit/open-audit-trail.ts';
import { HeardTime } from '../clock/heard-time.ts';
import type { CredentialDesk } from '../credentials/credential-desk.ts';
import type { DiscoveryWatch } from '../facts/discovery-watch.ts';
import { InventoryReporter } from '../facts/inventory-reporter.ts';
import { systemClock } from '../platform/clock-and-ids.ts';
import type { ClusterReconciler } from '../reconcile/cluster-reconciler.ts';
import { statusMessage } from '../status.ts';
import type { UnmanagedNews } from '../unmanaged/unmanaged-news.ts';
import { version } from '../version.ts';
import { AgentSessionDriver } from './agent-session-driver.ts';
import type { SessionObserver } from './agent-session-driver.ts';
import type { HeldState } from './held-state.ts';
import { isLostIdentity } from './reconnect-plan.ts';
import { SessionLoop } from './session-loop.ts';
import type { StateKeeper } from './state-keeper.ts';
import { StatusReporter } from './status-reporter.ts';

export interface SessionParts extends AgentParts {
  readonly stateKeeper: StateKeeper;
  readonly reconciler: ClusterReconciler;
  readonly admission: Pick<AdmissionWatch, 'state'>;
  readonly discovery: Pick<DiscoveryWatch, 'resources' | 'onChange'>;
  readonly unmanaged: UnmanagedNews;
  readonly desk: CredentialDesk;
}

export interface OpenSession {
  /** What stands in Status may have changed. */
  changed(): void;
  stop(): Promise<void>;
}

const gaugesEveryMs = 5_000;
/** Until the lists are complete, which is what readiness waits for. */
const gaugesAtStartEveryMs = 500;

/** The stream to central and everything that is told over it. It dials at once and for as long as it is not stopped. */
export function openSession(parts: SessionParts, held: HeldState): OpenSession {
  const { keeper, reconciler, logger, trail } = parts;
  const clock = systemClock;
  const session = new AgentSession(sessionPorts(parts), held.memory);
  const status = new StatusReporter({
    status: () => currentStatus(parts),
    send: (message) => loop.sendLatest(message),
    clock,
  });
  const inventory = new InventoryReporter({
    facts: reconciler.facts,
    apiResources: parts.discovery,
    unmanaged: parts.unmanaged,
    listed: () => reconciler.missingLists.length === 0,
    sendAll: (messages) => loop.sendAll(messages),
    clock,
  });
  const observer = observe(parts, { status, inventory });
  meterRevisions(parts);
  const driver = new AgentSessionDriver({
    session,
    reconciler,
    observer,
    clock,
    heardTime: heardTimeOf(parts),
    logger,
    keeper: parts.stateKeeper,
    hello: helloOf(parts),
    rotateCertificate: () => keeper.rotate(),
    credentials: parts.desk,
    stateRefused: (reason) => parts.observation.meters.statesRefused.inc({ reason }),
    audit: trail.log,
  });
  const loop = new SessionLoop({
    clock,
    logger,
    listener: driver,
    random: Math.random,
    dial: () => keeper.dial(),
  });
  driver.use(loop);
  keeper.onRenewed(() => loop.redial());
  trail.log.onRecorded(() => status.changed());
  const endGauges = keepGauges(parts);
  const { held: tree } = held.memory;
  if (tree?.stale === false) observer.accepted(tree.revision);
  loop.start();
  return {
    changed: () => status.changed(),
    stop: async () => {
      endGauges();
      await loop.stop('the agent stops');
      status.end();
      inventory.end();
    },
  };
}

function heardTimeOf({
  clockInterval,
  stateKeeper,
  reconciler,
  trail,
  logger,
}: SessionParts): HeardTime {
  return new HeardTime({
    clock: clockInterval,
    save: (time) => stateKeeper.saveCentralTime(time),
    changed: (healed) => {
      reconciler.clockChanged();
      if (healed) reconciler.clockHealed();
    },
    audit: trail.log,
    logger,
  });
}

/** Keys may be replaced when the certificate is renewed: what is trusted is looked up at each message. */
function sessionPorts({ keeper }: SessionParts): AgentSessionPorts {
  return {
    digests: nodeDigests,
    decodeIntent,
    openManifest: (envelope) => keeper.openers.openManifest(envelope),
    openRevocation: (envelope) => keeper.openers.openRevocation(envelope),
    openCentralTime: (envelope) => keeper.openers.openCentralTime(envelope),
    openEpochRaise: (envelope) => keeper.openers.openEpochRaise(envelope),
    openCommand: (envelope) => keeper.openers.openCommand(envelope),
    openCredentialOrder: (envelope) => keeper.openers.openCredentialOrder(envelope),
  };
}

function helloOf(parts: SessionParts): (attempt: number) => HelloFacts {
  const { kubernetes, ceiling, reconciler, trail } = parts;
  const instanceId = randomBytes(16).toString('base64url');
  return (attempt) => ({
    agentVersion: version,
    instanceId,
    attempt,
    capabilities: [...agentCapabilities],
    kubernetesVersion: kubernetes.version,
    kubeSystemUid: kubernetes.kubeSystemUid,
    ceilingDigest: ceilingDigest(ceiling.ceiling, nodeDigests),
    ceilingJson: ceilingToJson(ceiling.ceiling),
    appliedRevision: reconciler.status().appliedRevision,
    spoolEpoch: trail.spool.epoch,
    wallClock: Math.round(systemClock.now()),
    monotonic: Math.round(systemClock.monotonic()),
  });
}

function currentStatus(parts: SessionParts): wire.Status {
  const { reconciler, ceiling, clockInterval, stateKeeper, trail } = parts;
  const reconcile = reconciler.status();
  const conditions = {
    clockUncertain: clockInterval.uncertain,
    storageFull: stateKeeper.failing || trail.spool.storageFull,
    auditStalled: trail.shipper.health.stalled,
    stateStale: stateKeeper.stale,
    removalsHeld: reconcile.heldRemovals > 0,
    gainsHeld: reconcile.heldGains > 0,
    ceilingInvalid: ceiling.invalid,
    admission: parts.admission.state,
  };
  const { epoch: spoolEpoch, lastSequence: spooledSequence } = trail.spool;
  const status = statusMessage(reconcile, ceiling.ceiling, conditions, nodeDigests);
  return { ...status, spoolEpoch, spooledSequence };
}

function observe(
  parts: SessionParts,
  tell: { readonly status: StatusReporter; readonly inventory: InventoryReporter },
): SessionObserver {
  const { readiness, meters } = parts.observation;
  const { keeper, stateKeeper, reconciler } = parts;
  const settle = (): void => {
    const { heldRemovals: removals, heldGains: gains } = reconciler.status();
    stateKeeper.settle({ removals, gains });
  };
  readiness.missing('stream', 'not connected yet');
  return {
    live: ({ inventoryIntervalMs }) => {
      readiness.ready('stream', `connected to ${keeper.identity.server}`);
      meters.connected.set(1);
      tell.status.begin();
      tell.inventory.begin(inventoryIntervalMs);
    },
    ended: (reason, error) => {
      readiness.missing('stream', error?.message ?? `closed: ${reason}`);
      meters.connected.set(0);
      meters.reconnects.inc({ reason });
      tell.status.end();
      tell.inventory.end();
      if (error !== undefined && isLostIdentity(error)) void keeper.refused(error);
    },
    changed: () => {
      tell.status.changed();
      settle();
    },
    accepted: (revision) => {
      readiness.ready('state', `revision ${revision}`);
      settle();
    },
  };
}

/** Returns what ends it. */
function meterRevisions({ reconciler, observation: { meters } }: SessionParts): void {
  reconciler.onApplied((_, { durationMs, problems, moreProblems }) => {
    const clean = problems.length + moreProblems === 0;
    meters.reconciles.inc({ result: clean ? 'in_force' : 'with_problems' });
    meters.reconcileDuration.observe(durationMs / 1000);
  });
}

function keepGauges(parts: SessionParts): () => void {
  let timer: NodeJS.Timeout;
  const set = (): void => {
    setGauges(parts);
    const listed = parts.reconciler.missingLists.length === 0;
    timer = setTimeout(set, listed ? gaugesEveryMs : gaugesAtStartEveryMs).unref();
  };
  set();
  return () => clearTimeout(timer);
}

function setGauges({ observation, reconciler, inventory, trail, keeper }: SessionParts): void {
  const { meters, readiness } = observation;
  const missing = reconciler.missingLists;
  if (missing.length === 0) readiness.ready('lists');
  else readiness.missing('lists', `not listed yet: ${missing.join(', ')}`);
  meters.certificateExpiry.set(keeper.notAfter / 1000);
  meters.auditBufferEvents.set(trail.shipper.waiting);
  meters.auditBufferBytes.set(trail.spool.bytesOnDisk);
  meters.auditStalled.set(trail.shipper.health.stalled ? 1 : 0);
  tellUpload(readiness, trail.shipper);
  for (const [kind, count] of inventory.countByKind()) meters.objects.set({ kind }, count);
}

/** No part that has to be there from the start: a new agent has nothing to tell. A stall is worth an operator's look. */
function tellUpload(readiness: Readiness, { health, waiting }: AuditTrail['shipper']): void {
  const events = waiting === 1 ? '1 event' : `${waiting} events`;
  if (!health.stalled) {
    return readiness.ready(
      'audit',
      waiting === 0 ? 'central has every event' : `${events} on the way`,
    );
  }
  const seconds = Math.round(health.withoutProgressMs / 1_000);
  const why = health.lastError === undefined ? '' : `; ${health.lastError}`;
  readiness.missing('audit', `central took none of ${events} for ${seconds} s${why}`);
}
