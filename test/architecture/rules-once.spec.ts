import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { house } from '../planted/house-copy.ts';

const sources = globSync(['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'], { cwd: house }).filter(
  (path) => !/\.(spec|int-spec|test-support)\.ts$|\/generated\//.test(path),
);
const holding = (pattern: RegExp): string[] =>
  sources.filter((path) => pattern.test(readFileSync(join(house, path), 'utf8'))).sort();

test('outside case 15: what a DNS label looks like is written in one place', () => {
  // Letters and digits with dashes between them, in any of the ways it has been written here.
  const label = /\[a-z0-9\]\S*\[(-a-z0-9|a-z0-9-)\](\*|\{0,61\})\[a-z0-9\]/;
  expect(holding(label)).toEqual(['libs/kernel/src/kubernetes-names.ts']);
});

test('outside case 09: moments by RFC 3339 are read by one parser', () => {
  expect(holding(/\bDate\.parse\(/)).toEqual([
    // What an agent says of the time is judged, not refused.
    'apps/central/src/features/agent-gateway/agent-event.ts',
    // The Date header of HTTP, and the end that a plugin of kubectl tells.
    'apps/cli/src/credential/ask-central.ts',
    'libs/kube/src/caller.ts',
    'libs/kube/src/exec-credentials.ts',
    'libs/protocol/src/codecs/audit-batch.ts',
    'libs/testing/src/fake-clock.ts',
    // Certificates write their times as OpenSSL does.
    'libs/transport/src/grpc/peer-identity.ts',
    'libs/transport/src/grpc/pin-central.ts',
    'libs/transport/src/pki/certificate-facts.ts',
  ]);
});

test('what one part needs of another exists before it: no empty function is filled in later, no listener replaced', () => {
  expect(holding(/\blet \w+(: [^=\n]+)? = \(\)(: \w+)? => (undefined|\{\s*\})/)).toEqual([]);
  expect(holding(/#on[A-Z]\w*: \([^\n]*\) => void = \(\) => (undefined|\{\s*\})/)).toEqual([]);
  expect(holding(/\n {2}on[A-Z]\w*\(\w+: [^\n]*\{\n\s+this\.#\w+ = /)).toEqual([]);
});

test('that something is not there is said by one function, and fields that are absent are left out by one', () => {
  expect(holding(/new AppError\(\s*'not_found',\s*[`'"]There is no/)).toEqual([
    'libs/kernel/src/not-found.ts',
  ]);
  expect(holding(/\b(withoutUndefined|noGroup|optionalMillis)\b/)).toEqual([]);
});
