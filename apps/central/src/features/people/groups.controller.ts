import { Controller, Inject } from '@nestjs/common';
import { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { writeRequest } from '../policy/public.ts';
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

  @Endpoint('listUserGroups')
  groupsOf(@TheCall() { params, query }: Call<'listUserGroups'>): Promise<object> {
    return this.#membership.groupsOf(params['name'] ?? '', query);
  }

  @Endpoint('replaceGroupMembers')
  async replace(@TheCall() call: Call<'replaceGroupMembers'>): Promise<Answer> {
    const name = call.params['name'] ?? '';
    const request = writeRequest(call, call.query);
    const result = await this.#membership.replace(name, call.body.members, request);
    return new Answer(result, { revision: result.revision });
  }

  @Endpoint('changeGroupMembers')
  async change(@TheCall() call: Call<'changeGroupMembers'>): Promise<Answer> {
    const request = writeRequest(call, call.query);
    const result = await this.#membership.change(call.params['name'] ?? '', call.body, request);
    return new Answer(result, { revision: result.revision });
  }
}
