import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { house } from '../planted/house-copy.ts';

const text = (path: string): string => readFileSync(join(house, path), 'utf8');

interface Manifest {
  readonly allowScripts: Readonly<Record<string, boolean>>;
  readonly overrides: Readonly<Record<string, string>>;
}
interface Locked {
  readonly version?: string;
  readonly hasInstallScript?: boolean;
}

const manifest = JSON.parse(text('package.json')) as Manifest;
const { packages } = JSON.parse(text('package-lock.json')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
/** What npm would put into `node_modules`, by name; our own packages are not there. */
const foreign = Object.entries(packages)
  .filter(([path]) => path.includes('node_modules/'))
  .map(([path, locked]) => ({ name: path.split('node_modules/').at(-1) ?? '', ...locked }));

test('install scripts of packages are off: whoever has one is listed and refused, and one that is not listed fails the install', () => {
  const settings = text('.npmrc')
    .split('\n')
    .filter((line) => /script/.test(line) && !line.startsWith(';'));
  expect(settings).toEqual(['strict-allow-scripts=true']);
  const withScript = foreign.filter(({ hasInstallScript }) => hasInstallScript === true);
  const listed = Object.keys(manifest.allowScripts);
  expect(listed).toEqual([...new Set(withScript.map(({ name }) => name))].sort());
  expect(new Set(Object.values(manifest.allowScripts))).toEqual(new Set([false]));
});

test('protobufjs, which reads what strangers send, is of one version that we chose, wherever it is', () => {
  const pin = manifest.overrides['protobufjs'] ?? '';
  expect(pin).toMatch(/^\d+\.\d+\.\d+$/);
  const versions = foreign.filter(({ name }) => name === 'protobufjs').map((one) => one.version);
  expect([...new Set(versions)]).toEqual([pin]);
});
