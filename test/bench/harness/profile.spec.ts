import { expect, test } from '@jest/globals';
import type { CpuProfile } from './inspected.ts';
import { profiled, summed } from './profile.ts';

type Frame = readonly [functionName: string, url: string];

/** A chain of calls, each sampled for as many milliseconds as it is told. */
function chain(...frames: readonly (readonly [...Frame, ms: number])[]): CpuProfile {
  const nodes = frames.map(([functionName, url], at) => ({
    id: at + 1,
    callFrame: { functionName, url, lineNumber: 0, columnNumber: 0 },
    ...(at + 1 < frames.length ? { children: [at + 2] } : {}),
  }));
  return {
    nodes,
    samples: nodes.map(({ id }) => id),
    timeDeltas: frames.map(([, , ms]) => ms * 1_000),
  };
}

const sources: readonly (readonly [url: string, part: string])[] = [
  ['node:internal/http2/core', 'node:http2'],
  ['node:internal/crypto/hash', 'node:crypto'],
  ['node:_http_server', 'node:http'],
  ['file:///x/node_modules/@grpc/grpc-js/build/src/server.js', '@grpc/grpc-js'],
  ['file:///x/node_modules/pg/lib/client.js', 'pg'],
  ['file:///x/libs/protocol/dist/core/shared-tree.js', 'libs/protocol'],
  ['file:///x/node_modules/@ambit/../libs/domain/src/policy/policy.ts', 'libs/domain'],
  ['file:///x/apps/central/src/features/agent-gateway/delivery.ts', 'apps/central/agent-gateway'],
  ['file:///x/apps/central/src/platform/gathered.ts', 'apps/central/platform'],
  ['file:///x/apps/central/src/serve.ts', 'apps/central/serve'],
  ['file:///x/test/bench/suite/b01.ts', 'the benchmark'],
];

test.each(sources)('what %s takes is that of %s', (url, part) => {
  expect(summed('central', [chain(['f', url, 5])])?.parts).toEqual([[part, 1]]);
});

test('native functions count for their caller, waiting for nobody; profiles add up', () => {
  const one = chain(
    ['(root)', '', 1],
    ['write', 'file:///x/node_modules/pg/lib/client.js', 4],
    ['writev', '', 5],
  );
  const other = chain(
    ['(root)', '', 0],
    ['(idle)', '', 1_000],
    ['(garbage collector)', '', 9.9],
    ['(program)', '', 0.1],
  );
  const profile = summed('central', [one, other]);
  expect(profile?.busyMs).toBeCloseTo(20);
  expect(profile?.parts).toEqual([
    ['garbage collection', expect.closeTo(0.495)],
    ['pg', expect.closeTo(0.45)],
    ['native code', expect.closeTo(0.055)],
  ]);
});

test('without a sample there is nothing to tell', () => {
  expect(summed('central', [chain(['(idle)', '', 5])])).toBeUndefined();
});

test('work in this process is told by its name, and other work only where it is watched', async () => {
  const work = async (): Promise<void> => {
    const until = performance.now() + 50;
    while (performance.now() < until);
  };
  const profile = await profiled(work, 'central');
  expect(profile?.process).toBe('central');
  expect(profile?.busyMs).toBeGreaterThan(1);
  expect(await profiled(work)).toBeUndefined();
});
