import { Controller, Inject } from '@nestjs/common';
import type { Clock } from '@ambit/kernel';
import { holderName, listStatesAhead } from '@ambit/persistence';
import type { Database, StateAhead } from '@ambit/persistence';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { bodyLimits, maxJsonDepth, setLimits } from '../../platform/json-body.ts';
import { timestamp } from '../../platform/object-response.ts';
import { runtimeTokens } from '../../platform/runtime.ts';
import { systemFactsToken } from '../../platform/system-facts.ts';
import type { SystemFacts } from '../../platform/system-facts.ts';
import { PolicyWorld } from '../desired-state/public.ts';

@Controller()
export class SystemController {
  readonly #world: PolicyWorld;
  readonly #facts: SystemFacts;
  readonly #startedAt: string;
  readonly #database: Database;

  constructor(
    @Inject(PolicyWorld) world: PolicyWorld,
    @Inject(systemFactsToken) facts: SystemFacts,
    @Inject(runtimeTokens.clock) clock: Clock,
    @Inject(runtimeTokens.database) database: Database,
  ) {
    this.#world = world;
    this.#facts = facts;
    this.#database = database;
    this.#startedAt = timestamp(clock.now());
  }

  @Endpoint('getSystem')
  // oxlint-disable-next-line no-unused-vars -- taking the call is what checks its query
  async system(@TheCall() _: Call<'getSystem'>): Promise<object> {
    const ahead = await listStatesAhead(this.#database);
    return {
      kind: 'SystemInfo',
      version: this.#facts.version,
      installationUid: this.#facts.installationUid,
      stateEpoch: this.#facts.stateEpoch(),
      agentAddress: this.#facts.agentAddress,
      publicUrl: this.#facts.publicUrl(),
      revision: this.#world.revision,
      startedAt: this.#startedAt,
      ...(ahead.length === 0 ? {} : { stateAhead: ahead.map(shown) }),
      limits: {
        bodyBytes: bodyLimits.bytes,
        applyBodyBytes: setLimits.bytes,
        jsonDepth: maxJsonDepth,
        pageSize: 500,
      },
    };
  }
}

function shown(ahead: StateAhead): object {
  const { heldEpoch, heldRevision, stateEpoch, revision, provedAt } = ahead;
  const point = { heldEpoch, heldRevision, stateEpoch, revision };
  return { holder: holderName(ahead), ...point, provedAt: timestamp(provedAt) };
}
