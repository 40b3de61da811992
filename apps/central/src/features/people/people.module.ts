import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { GroupMembership } from './group-membership.ts';
import { GroupsController } from './groups.controller.ts';

/** Who is in which group. */
@Module({})
export class PeopleModule {
  static of(membership: GroupMembership): DynamicModule {
    return {
      module: PeopleModule,
      controllers: [GroupsController],
      providers: [{ provide: GroupMembership, useValue: membership }],
    };
  }
}
