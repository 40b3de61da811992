import { expect, test } from '@jest/globals';
import { bundleFile, bundlePackages, packages } from '../support/bundled-packages.mjs';

const folder = bundlePackages();

type Exports = Readonly<Record<string, unknown>>;

/** Names with the kind of thing they stand for; without those by which CommonJS tells what it is. */
function shape(exports: Exports): object {
  const marks = ['__esModule', 'module.exports'];
  const known = Object.keys(exports).filter((name) => !marks.includes(name));
  return Object.fromEntries(known.map((name) => [name, typeof exports[name]]));
}

test.each(packages)('the bundle of %s gives what the package gives', async (name) => {
  const itself = (await import(name)) as Exports;
  const bundled = (await import(bundleFile(folder, name))) as Exports;
  expect(shape(bundled)).toEqual(shape(itself));
});

test('what packages share is one in all bundles', async () => {
  const bundle = (name: string): Promise<Exports> => import(bundleFile(folder, name));
  const [core, fastify] = [await bundle('@nestjs/core'), await bundle('@nestjs/platform-fastify')];
  const { AbstractHttpAdapter } = core as { AbstractHttpAdapter: object };
  const { FastifyAdapter } = fastify as { FastifyAdapter: object };
  expect(Object.getPrototypeOf(FastifyAdapter)).toBe(AbstractHttpAdapter);
});
