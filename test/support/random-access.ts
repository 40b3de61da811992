import { SeededRandom } from '@ambit/testing';

/** Choices that are the same on every machine. */
export class Dice {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** From 0 up to, and without, `sides`. */
  roll(sides: number): number {
    return this.#random.below(sides);
  }

  one<T>(of: readonly T[]): T {
    return this.#random.pick(of);
  }

  /** Up to `most` of them, at least one, each once. */
  some<T>(of: readonly T[], most: number): T[] {
    return [...new Set(Array.from({ length: 1 + this.roll(most) }, () => this.one(of)))];
  }
}

const apiVersion = 'ambit.dev/v1';
const named = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`);

/** The clusters of the fleet, with their labels. */
export const clusterLabels: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'prod-eu': { env: 'prod', region: 'eu' },
  'prod-us': { env: 'prod', region: 'us' },
  'test-eu': { env: 'test', region: 'eu' },
};
/** Namespaces of every cluster, with their labels; kube-system is there too, and protected. */
export const namespaceLabels: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pay: { team: 'pay' },
  shop: { team: 'shop' },
  web: { team: 'shop', tier: 'front' },
};
export const clusters = Object.keys(clusterLabels);
export const places = [...Object.keys(namespaceLabels), 'kube-system'];
export const people = named('p', 30);
export const services = named('s', 3);
const groups = named('g', 8);
const teams = named('t', 4);
/** The last is refused by the ceiling. */
const roles = ['view', 'edit', 'pods', 'maps', 'admin'];

/** What is asked: each role allows some of it and not all. */
export const probes = [
  { verb: 'get', resource: 'pods' },
  { verb: 'get', resource: 'configmaps' },
  { verb: 'delete', resource: 'pods' },
  { verb: 'get', resource: 'secrets' },
] as const;

const document = (kind: string, name: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
});

/** People, groups, teams, roles and grants of every form, made by chance. */
export class RandomPolicy {
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  objects(): object[] {
    return [
      ...people.map((name) => this.person(name)),
      ...services.map((name) => document('ServiceIdentity', name, {})),
      ...groups.map((name) => this.group(name)),
      ...teams.map((name) => this.team(name)),
      role('pods', 'pods'),
      role('maps', 'configmaps'),
      ...named('grant', 40).map((name) => this.grant(name)),
    ];
  }

  /** Some of it made anew. */
  changes(): object[] {
    const dice = this.#dice;
    return [
      ...dice.some(groups, 3).map((name) => this.group(name)),
      ...dice.some(teams, 2).map((name) => this.team(name)),
      ...dice.some(people, 4).map((name) => this.person(name)),
      ...dice.some(named('grant', 40), 8).map((name) => this.grant(name)),
      ...named('later', 6).map((name) => this.grant(name)),
    ];
  }

  person(name: string): object {
    return document('User', name, { active: this.#dice.roll(8) > 0 });
  }

  group(name: string): object {
    return document('Group', name, { members: this.#dice.some(people, 7) });
  }

  team(name: string): object {
    const dice = this.#dice;
    const members = [
      ...dice.some(people, 2).map((user) => ({ user })),
      ...dice.some(groups, 2).map((group) => ({ group })),
    ];
    // Nobody owns what another team owns: each has a namespace of its own in some clusters.
    const place = Object.keys(namespaceLabels)[Number(name.slice(2))];
    const owns =
      place === undefined ? [] : [{ clusters: this.clusterSelector(), namespaces: [place] }];
    return document('Team', name, { members, owns });
  }

  grant(name: string): object {
    const dice = this.#dice;
    const isOwned = dice.roll(6) === 0;
    const subjects = isOwned
      ? dice.some(teams, 2).map((team) => ({ team }))
      : dice.one([
          dice.some(people, 2).map((user) => ({ user })),
          dice.some(groups, 2).map((group) => ({ group })),
          dice.some(teams, 2).map((team) => ({ team })),
          dice.some(services, 2).map((service) => ({ service })),
        ]);
    const namespaces = isOwned
      ? { namespaces: { owned: true } }
      : dice.one<object>([
          { namespaces: { names: dice.some([...places, 'missing'], 3) } },
          { namespaces: { matchLabels: { team: dice.one(['pay', 'shop']) } } },
          { namespaces: { all: true } },
          { clusterWide: true },
        ]);
    const times = dice.one<object>([
      {},
      {},
      { until: '2099-01-01T00:00:00Z' },
      { notBefore: '2098-01-01T00:00:00Z' },
    ]);
    const scope = { clusters: this.clusterSelector(), ...namespaces };
    return document('Grant', name, { subjects, role: dice.one(roles), scope, ...times });
  }

  clusterSelector(): object {
    return this.#dice.one<object>([
      { names: this.#dice.some(clusters, 2) },
      { matchLabels: { env: this.#dice.one(['prod', 'test']) } },
      { matchLabels: { region: 'eu' } },
      { all: true },
    ]);
  }
}

const role = (name: string, resource: string): object =>
  document('Role', name, { rules: [{ apiGroups: [''], resources: [resource], verbs: ['get'] }] });
