import { Policy } from '@ambit/domain';
import type { PolicyObject } from '@ambit/domain';
import { PolicyFeed, readPolicySnapshot } from '@ambit/persistence';
import { nodeDigests } from '@ambit/transport';
import type { Runtime } from '../../platform/runtime.ts';
import { PolicyWorld } from './policy-world.ts';

/** Loads the policy from one snapshot and follows everything above it. */
export async function loadPolicyWorld(
  runtime: Pick<Runtime, 'database' | 'logger' | 'readiness' | 'meters'>,
): Promise<{ readonly world: PolicyWorld; readonly feed: PolicyFeed }> {
  const { database, logger, readiness, meters } = runtime;
  const objects: PolicyObject[] = [];
  const revision = await readPolicySnapshot(database, (object) => objects.push(object));
  const world = new PolicyWorld(Policy.load(revision, objects, nodeDigests), nodeDigests, logger);
  const feed = new PolicyFeed({
    database,
    logger,
    random: Math.random,
    onCommit: (commit) => {
      world.deliver(commit);
      meters.policyRevision.set(commit.revision);
    },
    onFailure: (error) => {
      logger.error('the policy can no longer be followed', { error });
      readiness.missing('policy', 'it cannot be followed any more; restart this replica');
    },
  });
  await feed.start(revision);
  world.follow(feed);
  meters.policyRevision.set(revision);
  return { world, feed };
}
