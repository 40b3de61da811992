import { Controller, Inject } from '@nestjs/common';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { RemoveCluster } from './remove-cluster.ts';
import { WaitApplied } from './wait-applied.ts';

@Controller()
export class ClustersController {
  readonly #remove: RemoveCluster;
  readonly #wait: WaitApplied;

  constructor(
    @Inject(RemoveCluster) remove: RemoveCluster,
    @Inject(WaitApplied) wait: WaitApplied,
  ) {
    this.#remove = remove;
    this.#wait = wait;
  }

  @Endpoint('removeCluster')
  remove(@TheCall() call: Call<'removeCluster'>): Promise<object> {
    return this.#remove.execute(call, call.params['name'] ?? '', call.body.force);
  }

  @Endpoint('revokeAgent')
  revokeAgent(@TheCall() call: Call<'revokeAgent'>): Promise<object> {
    return this.#remove.revokeAgent(
      call,
      call.params['name'] ?? '',
      call.body.reason ?? 'revoked by hand',
    );
  }

  @Endpoint('releaseRemovals')
  releaseRemovals(@TheCall() call: Call<'releaseRemovals'>): Promise<object> {
    return this.#remove.releaseRemovals(call, call.params['name'] ?? '');
  }

  @Endpoint('releaseGains')
  releaseGains(@TheCall() call: Call<'releaseGains'>): Promise<object> {
    return this.#remove.releaseGains(call, call.params['name'] ?? '');
  }

  @Endpoint('getRevisionStatus')
  progress(@TheCall() { params, query, ended }: Call<'getRevisionStatus'>): Promise<object> {
    const revision = Number(params['revision']);
    const names = query.clusters?.split(',').filter((name) => name !== '');
    const waitMs = Number.parseInt(query.wait, 10) * 1000;
    return this.#wait.execute(revision, names, { waitMs, ended });
  }
}
