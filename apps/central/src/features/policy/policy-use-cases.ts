import type { Clock } from '@ambit/kernel';
import { readSyncResults } from '@ambit/persistence';
import type { Database, UnitOfWork } from '@ambit/persistence';
import { SharedLookup } from '../../platform/shared-lookup.ts';
import type { Runtime } from '../../platform/runtime.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { ApplyDocuments } from './apply-documents.ts';
import { CommitPolicy } from './commit-policy.ts';
import type { Connections } from './connections.ts';
import { DeleteObject } from './delete-object.ts';
import type { KindUseCases } from './kind-endpoints.ts';
import { ObjectCounts } from './object-counts.ts';
import type { PolicyKinds } from './policy-kind.ts';
import { ReadObjects } from './read-objects.ts';
import { ScopeWarnings } from './scope-warnings.ts';

export interface PolicyPorts {
  readonly unitOfWork: UnitOfWork;
  readonly database: Database;
  readonly clock: Clock;
  readonly meters: Runtime['meters'];
  readonly world: PolicyWorld;
  readonly connections: Connections;
}

export interface PolicyUseCases extends KindUseCases {
  readonly kinds: PolicyKinds;
  readonly commit: CommitPolicy;
}

/** The one path of every change of policy, and what is done with objects of every kind. */
export function policyUseCases(kinds: PolicyKinds, ports: PolicyPorts): PolicyUseCases {
  const { unitOfWork, database, clock, meters, world, connections } = ports;
  const counts = new ObjectCounts(database, clock);
  const reports = new SharedLookup(async (uids) => {
    const found = await readSyncResults(database.prepared, uids);
    return new Map(found.map((report) => [report.clusterUid, report]));
  });
  const commit = new CommitPolicy(unitOfWork, world, meters, counts);
  return {
    kinds,
    commit,
    connections,
    apply: new ApplyDocuments(commit, world, kinds, clock),
    remove: new DeleteObject(commit, kinds),
    read: new ReadObjects(kinds, { database, world, connections, clock, reports }),
    warnings: new ScopeWarnings(database, world, clock),
  };
}
