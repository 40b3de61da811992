import type { UnitOfWork } from '@ambit/persistence';
import { makeToken } from './manage-tokens.ts';

const system = { kind: 'system', name: 'system/start' } as const;

/** Makes the first admin token, once in the life of an installation: deleting it later never brings it back. */
export async function bootstrap(unitOfWork: UnitOfWork): Promise<string | undefined> {
  const { value } = await unitOfWork.run({ actor: system }, async (tx) => {
    if (!(await tx.installation.markBootstrapped())) return undefined;
    return makeToken(tx, { name: 'first-admin', role: 'admin' });
  });
  return value?.text;
}
