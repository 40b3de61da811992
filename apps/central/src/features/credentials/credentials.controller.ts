import { Controller, Inject } from '@nestjs/common';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { listResponse, pageOf } from '../../platform/object-response.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { IssueCredential } from './issue-credential.ts';
import { OwnClusters } from './own-clusters.ts';

/** How who came in gets into clusters. */
@Controller()
export class CredentialsController {
  readonly #issue: IssueCredential;
  readonly #clusters: OwnClusters;
  readonly #world: PolicyWorld;

  constructor(
    @Inject(IssueCredential) issue: IssueCredential,
    @Inject(OwnClusters) clusters: OwnClusters,
    @Inject(PolicyWorld) world: PolicyWorld,
  ) {
    this.#issue = issue;
    this.#clusters = clusters;
    this.#world = world;
  }

  @Endpoint('listOwnClusters')
  async clusters(@TheCall() { actor, query }: Call<'listOwnClusters'>): Promise<object> {
    const page = pageOf(await this.#clusters.list(actor), query, ({ name }) => name);
    const { revision } = this.#world;
    return listResponse('OwnCluster', page, { revision, item: (cluster) => cluster });
  }

  @Endpoint('issueCredential')
  issue(@TheCall() { actor, requestId, body, reply }: Call<'issueCredential'>): Promise<object> {
    void reply.header('cache-control', 'no-store');
    return this.#issue.execute({ actor, requestId }, body);
  }
}
