import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { digests } from '../../test/digests.ts';
import { factsOf, referenceModel } from '../../test/reference-model.ts';
import {
  ceilingOf,
  ceilingWith,
  clockOf,
  existingRolesOf,
  intentOf,
  keyOf,
  masksOf,
  namespaceName,
  namespaceOf,
  owner,
  type World,
} from '../../test/worlds.ts';
import type { ObjectKey } from '../naming/object-key.ts';
import { DesiredState } from './desired-state.ts';
import { renderDesired } from './render-desired.ts';

type Step = (world: World, state: DesiredState) => { world: World; changed: Set<ObjectKey> };

const stepOf: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(intentOf, { minLength: 1, maxLength: 4 }).map((intents): Step => {
      return (world, state) => {
        const next = new Map(world.intents);
        for (const intent of intents) next.set(intent.key, intent);
        return { world: { ...world, intents: next }, changed: state.setIntents(intents) };
      };
    }),
  },
  {
    weight: 2,
    arbitrary: fc.array(keyOf, { minLength: 1, maxLength: 2 }).map((keys): Step => {
      return (world, state) => {
        const next = new Map(world.intents);
        for (const key of keys) next.delete(key);
        return { world: { ...world, intents: next }, changed: state.removeIntents(keys) };
      };
    }),
  },
  {
    weight: 4,
    arbitrary: namespaceOf.map((namespace): Step => {
      return (world, state) => {
        const namespaces = new Map(world.namespaces).set(namespace.name, namespace);
        return { world: { ...world, namespaces }, changed: state.setNamespace(namespace) };
      };
    }),
  },
  {
    weight: 1,
    arbitrary: namespaceName.map((name): Step => {
      return (world, state) => {
        const namespaces = new Map(world.namespaces);
        namespaces.delete(name);
        return { world: { ...world, namespaces }, changed: state.removeNamespace(name) };
      };
    }),
  },
  ceilingOf.map((ceiling): Step => {
    return (world, state) => ({ world: { ...world, ceiling }, changed: state.setCeiling(ceiling) });
  }),
  masksOf.map((masks): Step => {
    return (world, state) => ({ world: { ...world, masks }, changed: state.setMasks(masks) });
  }),
  clockOf.map((clock): Step => {
    return (world, state) => ({ world: { ...world, clock }, changed: state.setTime(clock) });
  }),
  existingRolesOf.map((existingRoles): Step => {
    return (world, state) => {
      return { world: { ...world, existingRoles }, changed: state.setExistingRoles(existingRoles) };
    };
  }),
);

const start: World = {
  intents: new Map(),
  namespaces: new Map(),
  ceiling: ceilingWith(),
  clock: { low: 0, high: 0 },
  masks: [],
  existingRoles: undefined,
};

const options = { ...owner, digests, ceiling: start.ceiling, clock: start.clock };

function fromScratch(world: World): ReturnType<typeof renderDesired> {
  const { intents, namespaces, ceiling, clock, masks, existingRoles } = world;
  return renderDesired({
    ...owner,
    digests,
    ceiling,
    clock,
    masks,
    intents: intents.values(),
    namespaces: namespaces.values(),
    ...(existingRoles !== undefined && { existingRoles }),
  });
}

function snapshot(state: DesiredState): Map<ObjectKey, unknown> {
  return new Map(Array.from(state.entries(), (object) => [object.key, object]));
}

/** Keys whose wanted body differs between two snapshots. */
function differing(before: Map<ObjectKey, unknown>, after: Map<ObjectKey, unknown>): Set<string> {
  const visible = (value: unknown): string => {
    const { body, createHeld } = (value ?? {}) as { body?: unknown; createHeld?: boolean };
    return JSON.stringify([body, createHeld]);
  };
  const keys = new Set([...before.keys(), ...after.keys()]);
  return new Set([...keys].filter((key) => visible(before.get(key)) !== visible(after.get(key))));
}

describe('what is wanted', () => {
  test('case b3: changed step by step, it is what the plain rules say, over 2,000 sequences', () => {
    fc.assert(
      fc.property(fc.array(stepOf, { minLength: 1, maxLength: 25 }), (steps) => {
        const state = new DesiredState(options);
        let world = start;
        for (const step of steps) ({ world } = step(world, state));
        expect(factsOf(state.entries())).toEqual(referenceModel(world));
      }),
      { numRuns: 2000 },
    );
  });

  test('incremental equals from scratch, objects and problems alike, and names every change', () => {
    fc.assert(
      fc.property(fc.array(stepOf, { minLength: 1, maxLength: 12 }), (steps) => {
        const state = new DesiredState(options);
        let world = start;
        let before = snapshot(state);
        for (const step of steps) {
          const result = step(world, state);
          ({ world } = result);
          const after = snapshot(state);
          for (const key of differing(before, after)) expect(result.changed).toContain(key);
          before = after;
        }
        const { objects, problems } = fromScratch(world);
        expect(before).toEqual(objects);
        expect(state.problems()).toEqual(problems);
        expect(state.size).toBe(objects.size);
      }),
      { numRuns: 1000 },
    );
  });

  test('case 58: the order in which things arrive does not matter', () => {
    fc.assert(
      fc.property(fc.array(stepOf, { minLength: 2, maxLength: 10 }), (steps) => {
        const state = new DesiredState(options);
        let world = start;
        for (const step of steps) ({ world } = step(world, state));
        const backwards = new DesiredState(options);
        // Bindings come before the roles and namespaces they need.
        for (const intent of [...world.intents.values()].reverse()) backwards.setIntents([intent]);
        backwards.setMasks(world.masks);
        backwards.setTime(world.clock);
        backwards.setExistingRoles(world.existingRoles);
        for (const one of [...world.namespaces.values()].reverse()) backwards.setNamespace(one);
        backwards.setCeiling(world.ceiling);
        expect(snapshot(backwards)).toEqual(snapshot(state));
        expect(backwards.problems()).toEqual(state.problems());
      }),
      { numRuns: 500 },
    );
  });

  test('after everything is taken out nothing is wanted', () => {
    fc.assert(
      fc.property(fc.array(stepOf, { minLength: 1, maxLength: 12 }), (steps) => {
        const state = new DesiredState(options);
        let world = start;
        for (const step of steps) ({ world } = step(world, state));
        const standing = new Set(state.keys());
        const changed = state.removeIntents(world.intents.keys());
        expect(state.size).toBe(0);
        expect(changed).toEqual(standing);
      }),
      { numRuns: 300 },
    );
  });
});
