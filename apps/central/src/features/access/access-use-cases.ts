import type { Clock } from '@ambit/kernel';
import type { Database } from '@ambit/persistence';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { CommitPolicy, Connections } from '../policy/public.ts';
import { AnswerAccess } from './answer-access.ts';
import { ClusterEvidence } from './cluster-evidence.ts';
import { AnswerEffective } from './effective-access.ts';
import { ExplainAccess } from './explain-access.ts';
import { KnownClusters } from './known-clusters.ts';
import { PastPolicies } from './past-policies.ts';
import { RevokeAccess } from './revoke-access.ts';
import { UnmanagedMemory } from './unmanaged-memory.ts';

export interface AccessPorts {
  readonly database: Database;
  readonly clock: Clock;
  readonly world: PolicyWorld;
  readonly connections: Connections;
  readonly commit: CommitPolicy;
}

export interface AccessUseCases {
  readonly answer: AnswerAccess;
  readonly effective: AnswerEffective;
  readonly explain: ExplainAccess;
  readonly revoke: RevokeAccess;
  /** What both answers of access and others rest on. */
  readonly evidence: ClusterEvidence;
}

/** Who may do what and why, and taking access away. */
export function accessUseCases(ports: AccessPorts): AccessUseCases {
  const { database, clock, world, connections, commit } = ports;
  const evidence = new ClusterEvidence(database, connections, clock);
  const clusters = new KnownClusters({ world, evidence, unmanaged: new UnmanagedMemory(database) });
  const past = new PastPolicies(world, database, clock);
  return {
    answer: new AnswerAccess(past, clusters, database),
    effective: new AnswerEffective(past, clusters, database),
    explain: new ExplainAccess({ past, clusters, world, sql: database }),
    revoke: new RevokeAccess(commit, world, connections),
    evidence,
  };
}
