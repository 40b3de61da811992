import { Controller, Inject } from '@nestjs/common';
import type { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { GroupMembership } from './group-membership.ts';

@Controller()
export class GroupsController {
  readonly #membership: GroupMembership;

  constructor(@Inject(GroupMembership) membership: GroupMembership) {
    this.#membership = membership;
  }

  @Endpoint('listGroupMembers')
  members(@TheCall() { params, query }: Call<'listGroupMembers'>): object {
    return this.#membership.list(params['name'] ?? '', query);
  }

  @Endpoint('replaceGroupMembers')
  replace(@TheCall() call: Call<'replaceGroupMembers'>): Promise<Answer> {
    return this.#membership.replace(call);
  }

  @Endpoint('changeGroupMembers')
  change(@TheCall() call: Call<'changeGroupMembers'>): Promise<Answer> {
    return this.#membership.change(call);
  }
}
