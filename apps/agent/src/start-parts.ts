import { Seldom } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import { nodeDigests } from '@ambit/transport';
import { AdmissionWatch } from './admission/admission-watch.ts';
import type { AgentParts } from './agent-parts.ts';
import { systemClock } from './platform/clock-and-ids.ts';
import { ClockAlarm } from './clock/clock-alarm.ts';
import { WaysIn } from './credentials/ways-in.ts';
import { DiscoveryWatch } from './facts/discovery-watch.ts';
import type { KubeCalls } from './platform/kube-calls.ts';
import type { Teardown } from './platform/teardown.ts';
import { finishWithinMs, within } from './platform/within.ts';
import type { Reconciler, UnexplainedStep } from './reconcile/ports.ts';
import { readHeldState } from './session/held-state.ts';
import type { HeldState } from './session/held-state.ts';
import { openSession } from './session/open-session.ts';
import { StateKeeper } from './session/state-keeper.ts';
import type { VerifyPorts } from './session/verify-state.ts';
import type { HighWaterFile } from './state/high-water-file.ts';
import { StateStore } from './state/state-store.ts';
import { UnexplainedSteps } from './session/unexplained-steps.ts';
import { UnexplainedStepsFile } from './state/unexplained-steps.ts';
import { makeReconcilers, watchUnmanaged } from './make-reconcilers.ts';
import { version } from './version.ts';

const trustSayAgainMs = 600_000;
const shipWithinMs = 2_000;

/** Sets everything going. The reconciler goes on from the disk before central is heard, and never needs it. */
export async function startParts(
  parts: AgentParts,
  calls: KubeCalls,
  teardown: Teardown,
): Promise<void> {
  const { folder, logger, keeper, highWater, trail } = parts;
  const store = await StateStore.open(folder.state);
  teardown.add('state store', () => store.close());
  const ports = verifyPorts(parts);
  const held = readHeldState(await store.read(), highWater.marks, ports);
  const file = new UnexplainedStepsFile(folder.unexplained, logger);
  const clock = parts.clockInterval;
  const steps = new UnexplainedSteps({ ...ports, store, file, highWater, clock });
  const waysIn = new WaysIn(parts, teardown);
  const { reconciler, namespaces, unmanaged } = makeReconcilers(parts, waysIn.follower, teardown);
  calls.feed(clock, () => reconciler.clockChanged());
  const alarm = new ClockAlarm(clock, trail.log, logger);
  teardown.add(
    'clock alarm',
    alarm.watch(() => reconciler.clockChanged()),
  );
  handOver(reconciler, held, await steps.resume(held));
  if (held.change !== undefined) keepMarks(highWater, held.change.manifest);
  reconciler.mask(held.memory.masks.flatMap(({ revoked }) => revoked));
  trail.log.record({
    type: 'agent.started',
    message: `The agent ${version} started`,
    details: { version, revision: held.change?.manifest.revision ?? 0 },
  });
  await waysIn.listen();
  await reconciler.start();
  const stateKeeper = new StateKeeper({ store, highWater, steps, logger }, held.revocations);
  teardown.add('state on disk', () => stateKeeper.flush());
  const admission = watchAdmission(parts);
  teardown.add('admission watch', () => admission.stop());
  const discovery = new DiscoveryWatch({ client: parts.kubernetes.client, logger });
  teardown.add('discovery', () => discovery.stop());
  const desk = waysIn.serve(() => reconciler.status().heldRemovals > 0);
  const strangers = watchUnmanaged(parts, unmanaged, teardown);
  const told = { stateKeeper, reconciler, admission, discovery, desk, unmanaged: strangers.news };
  const session = openSession({ ...parts, ...told }, held);
  admission.onChange(() => session.changed());
  teardown.add('stream', () => session.stop());
  startUpload(parts, teardown);
  teardown.add('reconciler', () => within(finishWithinMs, reconciler.stop()));
  parts.ceiling.watch((changed) => {
    reconciler.setCeiling(changed);
    waysIn.ceilingChanged();
    namespaces.ceilingChanged();
    admission.look();
    session.changed();
  });
  auditTrust(parts);
  admission.look();
  for (const watch of [discovery, strangers]) watch.start();
  keeper.start();
  teardown.add('certificate renewal', () => within(finishWithinMs, keeper.stop()));
}

function verifyPorts({ keeper, logger }: AgentParts): VerifyPorts {
  return {
    // Keys may be replaced while it runs.
    openManifest: (envelope) => keeper.openers.openManifest(envelope),
    openRevocation: (envelope) => keeper.openers.openRevocation(envelope),
    digests: nodeDigests,
    logger,
  };
}

/** A crash may have left the marks behind the state. What waits is read before: marks that are older do not say it. */
function keepMarks(highWater: HighWaterFile, manifest: wire.Manifest): void {
  const { stateEpoch, revision, root, lineage } = manifest;
  highWater.save({ accepted: { stateEpoch, revision, root, lineage } });
}

/** A state that lacks changes may hold access that was taken away since: of it only removals are carried out. */
function handOver(
  reconciler: Reconciler,
  { change, memory }: HeldState,
  steps: readonly UnexplainedStep[],
): void {
  if (steps.some(({ known }) => !known)) reconciler.holdGains();
  if (change === undefined) return;
  if (memory.held?.stale === true) reconciler.acceptRemovals(change, steps);
  else reconciler.accept(change, steps);
}

/** Whom this agent believes is the root of everything else: what happens to that is told. */
function auditTrust({ keeper, trail }: AgentParts): void {
  const seldom = new Seldom(systemClock, trustSayAgainMs);
  keeper.onTrust(({ refused, trustVersion }) => {
    if (refused === undefined) {
      trail.log.record({
        type: 'agent.trust_changed',
        message: `The agent trusts version ${trustVersion} of the keys of central, signed by a key it trusted before`,
        details: { trustVersion },
      });
    } else if (seldom.passes(refused.code) !== undefined) {
      trail.log.record({
        type: 'agent.trust_refused',
        message: `The agent did not take CAs or keys to trust from central: ${refused.message}`,
        result: { ...refused },
      });
    }
  });
}

function startUpload({ trail, keeper }: AgentParts, teardown: Teardown): void {
  const { spool, shipper } = trail;
  shipper.start();
  keeper.onRenewed(() => shipper.redial());
  teardown.add('audit upload', async () => {
    await spool.flush();
    await shipper.drain(shipWithinMs);
    await shipper.stop();
  });
}

function watchAdmission({ kubernetes, ceiling, logger }: AgentParts): AdmissionWatch {
  const { client } = kubernetes;
  return new AdmissionWatch({
    client,
    ceiling: () => ceiling.ceiling,
    digests: nodeDigests,
    logger,
  });
}
