import { Module } from '@nestjs/common';
import { PolicyWorld } from '../desired-state/public.ts';
import { CommitPolicy, PolicyModule, connectionsToken } from '../policy/public.ts';
import type { Connections } from '../policy/public.ts';
import { GroupMembership } from './group-membership.ts';
import { GroupsController } from './groups.controller.ts';
import { UsersController } from './users.controller.ts';

/** Users, groups and who is in which. */
@Module({
  imports: [PolicyModule],
  controllers: [UsersController, GroupsController],
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
