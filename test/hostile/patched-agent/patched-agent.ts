import type { BindingIntent, Intent } from '@ambit/rbac';
import { Dice } from '../api-server-dice.ts';
import { decisions, dump, forbiddenChanges } from '../api-server-effect.ts';
import type { Dump } from '../api-server-effect.ts';
import type { OwnersWill } from '../api-server-world.ts';
import type { Escape, FamilyResult, HostileFamily, Scale } from '../family.ts';
import { hostileState } from './hostile-states.ts';
import { PatchedWorld } from './patched-world.ts';

const statesOf: Readonly<Record<Scale, number>> = { smoke: 60, full: 2_000 };
const plantedStates = 10;
/** The whole cluster is compared so often; each state leaves what it made standing until the next one. */
const lookEvery = 5;

/** The default ceiling of the chart, as its owner would say it. */
const will: OwnersWill = {
  allowedClusterRoles: ['view', 'edit'],
  clusterScope: false,
  protectedNamespaces: ['kube-system', 'kube-public', 'kube-node-lease', 'ambit-system'],
  subjectPrefixes: ['ambit:'],
  customRules: [],
};
/** What the agent itself writes besides. */
const own = /(leases|secrets) ambit-system\/ambit-agent$/;

const honest: BindingIntent = {
  section: 'BINDING',
  key: 'BINDING/honest',
  role: { type: 'existing', clusterRole: 'view' },
  scope: { type: 'namespaces', names: ['payments'] },
  shard: '',
  subjectKind: 'Users',
  subjects: ['ambit:honest'],
  grants: ['honest'],
};

/**
 * States that no owner ever allowed, carried out by a program that refuses nothing, as the account that the chart makes, with its
 * rights and its policies. An escape is what stands in the cluster, or may be done, and the owner did not allow.
 */
export const patchedAgent: HostileFamily = {
  says: 'a patched agent as the account of its chart, whose central signs anything',
  async run(scale, seed): Promise<FamilyResult> {
    const world = await PatchedWorld.open();
    if (world === undefined) {
      return { attacks: 0, escapes: [], notes: ['skipped: a simulated cluster has no admission'] };
    }
    try {
      return await new Siege(world, new Dice(seed)).run(statesOf[scale]);
    } finally {
      await world.stop();
    }
  },
};

class Siege {
  readonly #world: PatchedWorld;
  readonly #dice: Dice;
  readonly #escapes: Escape[] = [];
  #last: readonly Intent[] = [];
  #intents = 0;
  #refused = 0;
  #state = 0;

  constructor(world: PatchedWorld, dice: Dice) {
    this.#world = world;
    this.#dice = dice;
  }

  async run(states: number): Promise<FamilyResult> {
    const { admin } = this.#world;
    await this.#world.commit([honest], []);
    const before = await this.#look();
    const decided = new Set(await decisions(admin));
    for (let each = 1; each <= states; each++) {
      await this.#attack();
      if (each % lookEvery > 0) continue;
      for (const got of forbiddenChanges(before, await this.#look(), will))
        this.#escapes.push({ attack: `state ${each}`, got });
    }
    const more = (await decisions(admin)).filter((decision) => !decided.has(decision));
    this.#escapes.push(...more.map((got) => ({ attack: 'what the API server decides now', got })));
    await this.#stillWorks();
    const counts = `${this.#intents} intents in ${states} states, ${this.#refused} of them refused by the API server`;
    return { attacks: states, escapes: this.#escapes, notes: [counts, await this.#planted()] };
  }

  async #attack(): Promise<void> {
    const state = hostileState(this.#dice, ++this.#state);
    const keys = new Set(state.map(({ key }) => key));
    const gone = this.#last.map(({ key }) => key).filter((key) => !keys.has(key));
    const { problems, moreProblems } = await this.#world.commit(state, gone);
    this.#last = state;
    this.#intents += state.length;
    this.#refused += problems.length + moreProblems;
  }

  /** Policies that refuse everything would stop every attack too. */
  async #stillWorks(): Promise<void> {
    const gone = this.#last.map(({ key }) => key);
    await this.#world.commit([{ ...honest, subjects: ['ambit:honest', 'ambit:later'] }], gone);
    this.#last = [];
    const stands = [...(await this.#look()).values()].some((text) => text.includes('ambit:later'));
    if (!stands) this.#escapes.push({ attack: 'an honest state', got: 'it is not in force' });
  }

  /** Without rights and policies the same states get through: the run can fail. */
  async #planted(): Promise<string> {
    await this.#world.openUp();
    const before = await this.#look();
    let through = 0;
    for (let each = 0; each < plantedStates; each++) {
      await this.#attack();
      if (forbiddenChanges(before, await this.#look(), will).length > 0) through += 1;
    }
    if (through === 0) this.#escapes.push({ attack: 'planted', got: 'nothing got through' });
    return `planted: with rights and without policies, ${through} of ${plantedStates} states get through`;
  }

  async #look(): Promise<Dump> {
    const found = await dump(this.#world.admin);
    return new Map([...found].filter(([key]) => !own.test(key)));
  }
}
