import type { Environment } from '@ambit/config';

const kept = new Set(['AMBIT_CACHE_DIR']);

/** What started programs get: everything but the settings of another Ambit that stand in this shell. */
export function programEnvironment(environment: Environment): Environment {
  const entries = Object.entries(environment).filter(
    ([name]) => !name.startsWith('AMBIT_') || kept.has(name),
  );
  return Object.fromEntries(entries);
}
