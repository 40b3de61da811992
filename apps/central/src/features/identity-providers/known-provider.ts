import type { IdentityProvider } from '@ambit/contracts';
import { findPlain, listPlain } from '@ambit/persistence';
import type { PlainRecord, Sql } from '@ambit/persistence';
import type { OutsideServer } from '../../platform/fetch-outside.ts';

export type ProviderSpec = IdentityProvider['spec'];

/** An IdentityProvider as it is now. */
export interface KnownProvider {
  readonly name: string;
  readonly uid: string;
  /** Changes with every change of it. */
  readonly version: string;
  /** What people know it by. */
  readonly title: string;
  readonly spec: ProviderSpec;
}

const kind = 'IdentityProvider';
/** Nobody looks through more buttons. */
const mostShown = 50;

export async function findProvider(sql: Sql, name: string): Promise<KnownProvider | undefined> {
  const found = await findPlain(sql, kind, name);
  return found === null ? undefined : knownProvider(found);
}

/** All of them, in the order of their titles. */
export async function listProviders(sql: Sql): Promise<readonly KnownProvider[]> {
  const { items } = await listPlain(sql, kind, { limit: mostShown });
  return items.map(knownProvider).sort((a, b) => a.title.localeCompare(b.title));
}

function knownProvider({ name, uid, resourceVersion, spec: given }: PlainRecord): KnownProvider {
  const spec = given as unknown as ProviderSpec;
  return { name, uid, version: String(resourceVersion), title: spec.title ?? name, spec };
}

/** How it is reached. */
export function serverOf({ internal = false, caData }: ProviderSpec): OutsideServer {
  return {
    internal,
    ...(caData === undefined ? {} : { ca: Buffer.from(caData, 'base64').toString('utf8') }),
  };
}
