import { Module } from '@nestjs/common';
import type { Clock } from '@ambit/kernel';
import type { Database } from '@ambit/persistence';
import { runtimeTokens } from '../../platform/runtime.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { CommitPolicy, connectionsToken } from '../policy/public.ts';
import type { Connections } from '../policy/public.ts';
import { AccessController } from './access.controller.ts';
import { AnswerAccess } from './answer-access.ts';
import { ClusterEvidence } from './cluster-evidence.ts';
import { RevokeAccess } from './revoke-access.ts';

/** Who may do what and why, and taking access away. */
@Module({
  controllers: [AccessController],
  providers: [
    {
      provide: ClusterEvidence,
      useFactory: (database: Database, connections: Connections, clock: Clock) =>
        new ClusterEvidence(database, connections, clock),
      inject: [runtimeTokens.database, connectionsToken, runtimeTokens.clock],
    },
    {
      provide: AnswerAccess,
      useFactory: (world: PolicyWorld, evidence: ClusterEvidence, clock: Clock) =>
        new AnswerAccess(world, evidence, clock),
      inject: [PolicyWorld, ClusterEvidence, runtimeTokens.clock],
    },
    {
      provide: RevokeAccess,
      useFactory: (commit: CommitPolicy, world: PolicyWorld, connections: Connections) =>
        new RevokeAccess(commit, world, connections),
      inject: [CommitPolicy, PolicyWorld, connectionsToken],
    },
  ],
})
export class AccessModule {}
