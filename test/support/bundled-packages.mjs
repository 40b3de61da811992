// Jest's resolver: packages that are bundled come from their bundle, whoever asks for them; all else is found as ever.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const variable = 'AMBIT_TEST_PACKAGES_DIR';

/** What central, the libraries and their specs import and what many modules stand behind. Native ones stay out. */
export const packages = [
  '@fastify/helmet',
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  '@marcbachmann/cel-js',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-fastify',
  '@peculiar/x509',
  'bullmq',
  'fast-check',
  'fastify',
  'ioredis',
  'jose',
  'oidc-provider',
  'openid-client',
  'otplib',
  'pg',
  'pg-copy-streams',
  'pino',
  'prom-client',
  'protobufjs',
  'protobufjs/light.js',
  'rate-limiter-flexible',
  'reflect-metadata',
  'rxjs',
  'scim-patch',
  'scim2-parse-filter',
  'typeorm',
  'uuid',
  'yaml',
  'zod',
];

/** The file of a package in the folder of bundles. */
export function bundleFile(folder, name) {
  return join(folder, `${name.replaceAll('/', '~')}.mjs`);
}

/** Bundles the installed packages unless that has been done, tells the workers where, and gives the folder. */
export function bundlePackages() {
  const made = createHash('sha256').update(process.version);
  const scripts = ['./bundle-packages.mjs', '../../apps/central/external-packages.mjs'];
  for (const path of ['../../package-lock.json', ...scripts, import.meta.url]) {
    made.update(readFileSync(here(path)));
  }
  const key = made.digest('hex').slice(0, 16);
  const folder = here(`../../node_modules/.cache/ambit-packages/${key}`);
  if (!existsSync(folder)) execFileSync(process.execPath, [here('./bundle-packages.mjs'), folder]);
  process.env[variable] = folder;
  return folder;
}

let bundles;

/** @public Jest loads it by its path. */
export function sync(path, options) {
  const folder = process.env[variable];
  // Jest looks for its own parts before the run is set up.
  if (folder === undefined) return options.defaultResolver(path, options);
  bundles ??= new Map(packages.map((name) => [name, bundleFile(folder, name)]));
  return bundles.get(path) ?? options.defaultResolver(path, options);
}
