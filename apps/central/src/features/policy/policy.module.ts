import { Module } from '@nestjs/common';
import type { Clock } from '@ambit/kernel';
import type { UnitOfWork } from '@ambit/persistence';
import { runtimeTokens } from '../../platform/runtime.ts';
import type { Runtime } from '../../platform/runtime.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { ApplyDocuments } from './apply-documents.ts';
import { CommitPolicy } from './commit-policy.ts';
import { DeleteObject } from './delete-object.ts';
import { connectionsToken } from './connections.ts';
import type { Connections } from './connections.ts';
import { ObjectWrites } from './object-writes.ts';
import { PolicyController } from './policy.controller.ts';

/** The one path of every change of policy. */
@Module({
  controllers: [PolicyController],
  providers: [
    {
      provide: CommitPolicy,
      useFactory: (unitOfWork: UnitOfWork, world: PolicyWorld, meters: Runtime['meters']) =>
        new CommitPolicy(unitOfWork, world, meters),
      inject: [runtimeTokens.unitOfWork, PolicyWorld, runtimeTokens.meters],
    },
    {
      provide: ApplyDocuments,
      useFactory: (commit: CommitPolicy, world: PolicyWorld, clock: Clock) =>
        new ApplyDocuments(commit, world, clock),
      inject: [CommitPolicy, PolicyWorld, runtimeTokens.clock],
    },
    {
      provide: DeleteObject,
      useFactory: (commit: CommitPolicy) => new DeleteObject(commit),
      inject: [CommitPolicy],
    },
    {
      provide: ObjectWrites,
      useFactory: (apply: ApplyDocuments, remove: DeleteObject, connections: Connections) =>
        new ObjectWrites(apply, remove, connections),
      inject: [ApplyDocuments, DeleteObject, connectionsToken],
    },
  ],
  exports: [CommitPolicy, ApplyDocuments, DeleteObject, ObjectWrites],
})
export class PolicyModule {}
