import type { Clock } from '@ambit/kernel';
import type { Database, UnitOfWork } from '@ambit/persistence';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { CommitPolicy, Connections } from '../policy/public.ts';
import { ClusterReader } from './cluster-reader.ts';
import { JoinTokens } from './join-tokens.ts';
import type { JoinFacts } from './join-tokens.ts';
import { RemoveCluster } from './remove-cluster.ts';
import { WaitApplied } from './wait-applied.ts';
import type { AppliedEvents } from './wait-applied.ts';

export interface ClusterUseCasePorts {
  readonly unitOfWork: UnitOfWork;
  readonly database: Database;
  readonly clock: Clock;
  readonly world: PolicyWorld;
  readonly connections: Connections;
  readonly applied: AppliedEvents;
  readonly joinFacts: JoinFacts;
  readonly commit: CommitPolicy;
}

export interface ClusterUseCases {
  readonly reader: ClusterReader;
  readonly joinTokens: JoinTokens;
  readonly remove: RemoveCluster;
  readonly wait: WaitApplied;
}

/** What is read of clusters and their agents, how agents join, and how clusters go. */
export function clusterUseCases(ports: ClusterUseCasePorts): ClusterUseCases {
  const reader = new ClusterReader(ports);
  return {
    reader,
    joinTokens: new JoinTokens(ports, ports.joinFacts),
    remove: new RemoveCluster(ports.commit, reader, ports.connections),
    wait: new WaitApplied(reader, ports.applied),
  };
}
