import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { house } from '../planted/house-copy.ts';

const inRest = 'the same thing as it travels over REST: contracts take their words from the domain';
const inBoth = 'one thing that agent and central each have; programs do not import each other';
const asPort =
  'a port in the shape of the one in config, which this library may not or need not import';

/** Names that two exported types share, and why that is one meaning or not ours to end here. */
const exceptions: Readonly<Record<string, string>> = {
  AccessAnswer: inRest,
  AccessPath: inRest,
  AccessQuestion: inRest,
  AccessRefusal: inRest,
  AuditQuery: inRest,
  ClusterEffect: inRest,
  ClusterSelector: inRest,
  IntentProblem: inRest,
  Labels: inRest,
  NamespaceSelector: inRest,
  ObjectMeta: `${inRest}; in rbac Kubernetes' own`,
  PolicyRule: inRest,
  RemainingAccess: inRest,
  RemovalExcess: inRest,
  NewAuditEvent: inBoth,
  Teardown: inBoth,
  WayOut: asPort,
  WayThrough: asPort,
  FactChange: 'a change of what is known of a cluster, where it is seen and where it is sent',
  DeleteObject: 'an operation on an object of Kubernetes, and the use case on one of policy',
};

const declaration = /^export (?:declare )?(?:abstract )?(?:class|interface|type|enum) (\w+)/gm;

test('no two exported types have one name', () => {
  const homes = new Map<string, Set<string>>();
  const files = globSync(['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'], { cwd: house });
  for (const path of files) {
    if (/\.(spec|int-spec|test-support)\.ts$|\/generated\//.test(path)) continue;
    for (const [, name = ''] of readFileSync(join(house, path), 'utf8').matchAll(declaration))
      homes.set(name, (homes.get(name) ?? new Set()).add(path));
  }
  const shared = [...homes].filter(([, paths]) => paths.size > 1);
  const faults = shared.filter(([name]) => exceptions[name] === undefined);
  expect(faults.map(([name, paths]) => `${name}: ${[...paths].sort().join(', ')}`)).toEqual([]);
  // An exception that nothing needs any more goes.
  const names = new Set(shared.map(([name]) => name));
  expect(Object.keys(exceptions).filter((name) => !names.has(name))).toEqual([]);
});
