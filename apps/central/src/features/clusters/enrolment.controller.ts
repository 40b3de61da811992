import { Controller, Inject } from '@nestjs/common';
import type { AgentList } from '@ambit/contracts';
import { countLeftOut, listAgents, listUnmanaged } from '@ambit/persistence';
import type { Database, EnrolledAgent, ListedUnmanaged } from '@ambit/persistence';
import { defined } from '@ambit/kernel';
import type { Clock, Millis } from '@ambit/kernel';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { listResponse, pageOf, timestamp } from '../../platform/object-response.ts';
import { runtimeTokens } from '../../platform/runtime.ts';
import { ClusterReader } from './cluster-reader.ts';
import { JoinTokens } from './join-tokens.ts';
import { unmanagedResponse } from './unmanaged-response.ts';

type Agent = AgentList['items'][number];

@Controller()
export class EnrolmentController {
  readonly #tokens: JoinTokens;
  readonly #clusters: ClusterReader;
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(
    @Inject(JoinTokens) tokens: JoinTokens,
    @Inject(ClusterReader) clusters: ClusterReader,
    @Inject(runtimeTokens.database) database: Database,
    @Inject(runtimeTokens.clock) clock: Clock,
  ) {
    this.#tokens = tokens;
    this.#clusters = clusters;
    this.#database = database;
    this.#clock = clock;
  }

  get #whole(): { revision: number; item: <T>(item: T) => T } {
    return { revision: this.#clusters.revision, item: (item) => item };
  }

  @Endpoint('createJoinToken')
  create(@TheCall() call: Call<'createJoinToken'>): Promise<object> {
    return this.#tokens.create(call, call.params['name'] ?? '', call.body.ttlSeconds * 1000);
  }

  @Endpoint('listJoinTokens')
  async list(@TheCall() { params, query }: Call<'listJoinTokens'>): Promise<object> {
    const page = pageOf(await this.#tokens.list(params['name'] ?? ''), query, ({ id }) => id);
    return listResponse('JoinToken', page, this.#whole);
  }

  @Endpoint('revokeJoinToken')
  revoke(@TheCall() call: Call<'revokeJoinToken'>): Promise<object> {
    return this.#tokens.revoke(call, call.params['name'] ?? '', call.params['id'] ?? '');
  }

  @Endpoint('listAgents')
  async agents(@TheCall() { params, query }: Call<'listAgents'>): Promise<object> {
    const { uid } = await this.#clusters.record(params['name'] ?? '');
    const agents = await listAgents(this.#database, uid);
    const now = this.#clock.now();
    const items = agents.map((agent) => agentResponse(agent, now));
    const page = pageOf(items, query, (agent) => agent.uid);
    return listResponse('Agent', page, this.#whole);
  }

  @Endpoint('listUnmanaged')
  async unmanaged(@TheCall() { params, query }: Call<'listUnmanaged'>): Promise<object> {
    const { uid } = await this.#clusters.record(params['name'] ?? '');
    const { revision } = this.#clusters;
    const page = await listUnmanaged(this.#database, uid, query);
    const leftOut = await countLeftOut(this.#database, uid);
    const item = (binding: ListedUnmanaged) => unmanagedResponse(binding, query.rules ?? false);
    const list = listResponse('UnmanagedBinding', page, { revision, item });
    return { ...list, ...defined({ leftOut }) };
  }
}

function agentResponse(agent: EnrolledAgent, now: Millis): Agent {
  const { revokedAt, revokedBecause, completedHelloAt, certificateNotAfter } = agent;
  const state =
    revokedAt !== undefined
      ? 'revoked'
      : certificateNotAfter <= now
        ? 'expired'
        : completedHelloAt === undefined
          ? 'enrolled'
          : 'live';
  return {
    uid: agent.uid,
    state,
    enrolledAt: timestamp(agent.enrolledAt),
    certificateNotAfter: timestamp(certificateNotAfter),
    certificateFingerprint: agent.certificateFingerprint,
    ...(completedHelloAt === undefined ? {} : { lastHelloAt: timestamp(completedHelloAt) }),
    ...(revokedAt === undefined ? {} : { revokedAt: timestamp(revokedAt) }),
    ...(revokedBecause === undefined ? {} : { revokedReason: revokedBecause }),
  };
}
