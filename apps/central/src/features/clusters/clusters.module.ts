import { Module } from '@nestjs/common';
import type { Clock } from '@ambit/kernel';
import type { Database, UnitOfWork } from '@ambit/persistence';
import { runtimeTokens } from '../../platform/runtime.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { CommitPolicy, connectionsToken } from '../policy/public.ts';
import type { Connections } from '../policy/public.ts';
import { ClusterReader } from './cluster-reader.ts';
import { ClustersController } from './clusters.controller.ts';
import { EnrolmentController } from './enrolment.controller.ts';
import { JoinTokens } from './join-tokens.ts';
import type { JoinFacts } from './join-tokens.ts';
import { appliedEventsToken, joinFactsToken } from './injection-tokens.ts';
import { RemoveCluster } from './remove-cluster.ts';
import { WaitApplied } from './wait-applied.ts';
import type { AppliedEvents } from './wait-applied.ts';

const { database, clock, unitOfWork } = runtimeTokens;

/** Clusters, their agents and how agents join. */
@Module({
  controllers: [ClustersController, EnrolmentController],
  providers: [
    {
      provide: ClusterReader,
      useFactory: (db: Database, world: PolicyWorld, connections: Connections, now: Clock) =>
        new ClusterReader({ database: db, world, connections, clock: now }),
      inject: [database, PolicyWorld, connectionsToken, clock],
    },
    {
      provide: JoinTokens,
      useFactory: (uow: UnitOfWork, db: Database, now: Clock, facts: JoinFacts) =>
        new JoinTokens({ unitOfWork: uow, database: db, clock: now }, facts),
      inject: [unitOfWork, database, clock, joinFactsToken],
    },
    {
      provide: RemoveCluster,
      useFactory: (commit: CommitPolicy, clusters: ClusterReader, connections: Connections) =>
        new RemoveCluster(commit, clusters, connections),
      inject: [CommitPolicy, ClusterReader, connectionsToken],
    },
    {
      provide: WaitApplied,
      useFactory: (clusters: ClusterReader, events: AppliedEvents) =>
        new WaitApplied(clusters, events),
      inject: [ClusterReader, appliedEventsToken],
    },
  ],
  exports: [ClusterReader],
})
export class ClustersModule {}
