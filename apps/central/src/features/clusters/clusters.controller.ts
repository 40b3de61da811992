import { Controller, Inject } from '@nestjs/common';
import type { Answer } from '../../platform/answer.ts';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { ObjectWrites } from '../policy/public.ts';
import { ClusterReader } from './cluster-reader.ts';
import { RemoveCluster } from './remove-cluster.ts';
import { WaitApplied } from './wait-applied.ts';

@Controller()
export class ClustersController {
  readonly #reader: ClusterReader;
  readonly #writes: ObjectWrites;
  readonly #remove: RemoveCluster;
  readonly #wait: WaitApplied;

  constructor(
    @Inject(ClusterReader) reader: ClusterReader,
    @Inject(ObjectWrites) writes: ObjectWrites,
    @Inject(RemoveCluster) remove: RemoveCluster,
    @Inject(WaitApplied) wait: WaitApplied,
  ) {
    this.#reader = reader;
    this.#writes = writes;
    this.#remove = remove;
    this.#wait = wait;
  }

  @Endpoint('listClusters')
  list(@TheCall() { query }: Call<'listClusters'>): Promise<object> {
    return this.#reader.list(query);
  }

  @Endpoint('getCluster')
  get(@TheCall() { params }: Call<'getCluster'>): Promise<object> {
    return this.#reader.get(params['name'] ?? '');
  }

  @Endpoint('putCluster')
  put(@TheCall() call: Call<'putCluster'>): Promise<Answer> {
    return this.#writes.put(call, () => this.#reader.get(call.body.metadata.name));
  }

  @Endpoint('deleteCluster')
  delete(@TheCall() call: Call<'deleteCluster'>): Promise<Answer> {
    return this.#writes.delete('Cluster', call);
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
