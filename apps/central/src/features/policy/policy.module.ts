import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Clock } from '@ambit/kernel';
import type { Database, UnitOfWork } from '@ambit/persistence';
import { runtimeTokens } from '../../platform/runtime.ts';
import type { Runtime } from '../../platform/runtime.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { ApplyDocuments } from './apply-documents.ts';
import { CommitPolicy } from './commit-policy.ts';
import { DeleteObject } from './delete-object.ts';
import { connectionsToken } from './connections.ts';
import type { Connections } from './connections.ts';
import { ObjectCounts } from './object-counts.ts';
import { kindController } from './kind.controller.ts';
import { KindEndpoints } from './kind-endpoints.ts';
import { PolicyController } from './policy.controller.ts';
import type { PolicyKinds } from './policy-kind.ts';
import { ReadObjects } from './read-objects.ts';
import { ScopeWarnings } from './scope-warnings.ts';

/** The one path of every change of policy, and the four operations of every kind. */
@Global()
@Module({})
export class PolicyModule {
  static of(kinds: PolicyKinds): DynamicModule {
    return {
      module: PolicyModule,
      controllers: [PolicyController, ...kinds.all.map(({ kind }) => kindController(kind))],
      providers: [
        {
          provide: CommitPolicy,
          useFactory: (
            unitOfWork: UnitOfWork,
            world: PolicyWorld,
            meters: Runtime['meters'],
            counts: ObjectCounts,
          ) => new CommitPolicy(unitOfWork, world, meters, counts),
          inject: [runtimeTokens.unitOfWork, PolicyWorld, runtimeTokens.meters, ObjectCounts],
        },
        {
          provide: ObjectCounts,
          useFactory: (database: Database, clock: Clock) => new ObjectCounts(database, clock),
          inject: [runtimeTokens.database, runtimeTokens.clock],
        },
        {
          provide: ScopeWarnings,
          useFactory: (database: Database, world: PolicyWorld) =>
            new ScopeWarnings(database, world),
          inject: [runtimeTokens.database, PolicyWorld],
        },
        {
          provide: ApplyDocuments,
          useFactory: (commit: CommitPolicy, world: PolicyWorld, clock: Clock) =>
            new ApplyDocuments(commit, world, kinds, clock),
          inject: [CommitPolicy, PolicyWorld, runtimeTokens.clock],
        },
        {
          provide: KindEndpoints,
          useFactory: (
            apply: ApplyDocuments,
            commit: CommitPolicy,
            connections: Connections,
            ...[database, world, clock]: [Database, PolicyWorld, Clock]
          ) =>
            new KindEndpoints({
              apply,
              remove: new DeleteObject(commit, kinds),
              read: new ReadObjects(kinds, { database, world, connections, clock }),
              connections,
            }),
          inject: [
            ApplyDocuments,
            CommitPolicy,
            connectionsToken,
            runtimeTokens.database,
            PolicyWorld,
            runtimeTokens.clock,
          ],
        },
      ],
      exports: [CommitPolicy],
    };
  }
}
