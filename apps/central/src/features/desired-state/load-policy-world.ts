import { compilerVersion, Policy } from '@ambit/domain';
import type { PolicyObject } from '@ambit/domain';
import { PolicyFeed, readPolicySnapshot } from '@ambit/persistence';
import { nodeDigests } from '@ambit/transport';
import type { Runtime } from '../../platform/runtime.ts';
import { FollowerDuty } from './follower-duty.ts';
import { PolicyWorld } from './policy-world.ts';

/**
 * Loads the policy from one snapshot and follows everything above it. `fail` is called with the reason when this
 * process must not go on: a newer compiler serves the installation, or the database was restored beneath it.
 */
export async function loadPolicyWorld(
  runtime: Pick<Runtime, 'database' | 'logger' | 'readiness' | 'meters' | 'unitOfWork'>,
  fail: (reason: Error) => void = () => undefined,
): Promise<{ readonly world: PolicyWorld; readonly feed: PolicyFeed }> {
  const { database, logger, meters } = runtime;
  const objects: PolicyObject[] = [];
  const snapshot = await readPolicySnapshot(database, (object) => objects.push(object));
  const { revision, lineage, installation } = snapshot;
  const world = new PolicyWorld(Policy.load(revision, objects, nodeDigests), nodeDigests, logger, {
    lineage,
    facts: installation ?? { stateEpoch: 1, compilerVersion, explainedFrom: 0 },
  });
  const duty = new FollowerDuty(runtime, world, fail);
  const feed = new PolicyFeed({
    database,
    logger,
    random: Math.random,
    onCommit: async (commit) => {
      await world.deliver(commit);
      meters.policyRevision.set(commit.revision);
      duty.heard(commit);
    },
    onFrozen: (frozen) => duty.frozen(frozen),
    onFailure: (error) => duty.failed(error),
  });
  await feed.start(revision, lineage);
  world.follow(feed);
  meters.policyRevision.set(revision);
  return { world, feed };
}
