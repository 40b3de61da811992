import { Module } from '@nestjs/common';
import { PolicyWorld } from '../desired-state/public.ts';
import { CommitPolicy, connectionsToken } from '../policy/public.ts';
import type { Connections } from '../policy/public.ts';
import { GroupMembership } from './group-membership.ts';
import { GroupsController } from './groups.controller.ts';

/** Who is in which group. */
@Module({
  controllers: [GroupsController],
  providers: [
    {
      provide: GroupMembership,
      useFactory: (world: PolicyWorld, commit: CommitPolicy, connections: Connections) =>
        new GroupMembership(world, commit, connections),
      inject: [PolicyWorld, CommitPolicy, connectionsToken],
    },
  ],
})
export class PeopleModule {}
