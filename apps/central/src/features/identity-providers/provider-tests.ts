import { hash, randomBytes } from 'node:crypto';
import type { ProviderTest } from '@ambit/contracts';
import { notFound } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';
import type { SignInRecordStore, Sql } from '@ambit/persistence';
import { auditActor } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import type { IdentityPreview } from '../identities/public.ts';
import { findProvider } from './known-provider.ts';

/** How a test ended. */
export type ProviderTestOutcome = { readonly preview: IdentityPreview } | { readonly why: string };

/** A test that somebody opened the link of. */
export interface OpenProviderTest {
  readonly provider: string;
  /** Who sees what comes of it, as in the audit trail. */
  readonly by: string;
  readonly done: boolean;
}

export interface ProviderTestPorts {
  readonly sql: Sql;
  readonly records: SignInRecordStore;
  readonly clock: Clock;
  /** Where people reach central, without a path. */
  readonly publicUrl: () => string;
}

const model = 'ProviderTest';
const goodForSeconds = 600;

/** Sign-ins at a provider that change nothing, and show what they would change to the administrator who asked for one. */
export class ProviderTests {
  readonly #ports: ProviderTestPorts;

  constructor(ports: ProviderTestPorts) {
    this.#ports = ports;
  }

  /** Throws `not_found`. */
  async start(actor: Actor, provider: string): Promise<ProviderTest> {
    const { sql, clock, publicUrl } = this.#ports;
    if ((await findProvider(sql, provider)) === undefined)
      throw notFound('IdentityProvider', provider);
    const id = randomBytes(32).toString('base64url');
    const expiresAt = new Date(clock.now() + goodForSeconds * 1000).toISOString();
    const test: ProviderTest = {
      kind: 'ProviderTest',
      id,
      provider,
      url: `${publicUrl()}/sign-in/test/${id}`,
      state: 'Waiting',
      expiresAt,
    };
    await this.#keep({ ...test, by: auditActor(actor).name });
    return test;
  }

  /** Throws `not_found`, also when its time is over. */
  async get(provider: string, id: string): Promise<ProviderTest> {
    const kept = await this.#find(id);
    if (kept?.provider !== provider) throw notFound('test of a provider', '');
    const { by: _, ...test } = kept;
    return test;
  }

  /** The test of a link; undefined when there is none or its time is over. */
  async open(id: string): Promise<OpenProviderTest | undefined> {
    const kept = await this.#find(id);
    return kept && { provider: kept.provider, by: kept.by, done: kept.state !== 'Waiting' };
  }

  /** The first end counts. */
  async finish(id: string, outcome: ProviderTestOutcome): Promise<void> {
    const kept = await this.#find(id);
    if (kept?.state !== 'Waiting') return;
    const ended = 'preview' in outcome ? { preview: previewResponse(outcome.preview) } : outcome;
    await this.#keep({ ...kept, state: 'preview' in ended ? 'Done' : 'Failed', ...ended });
  }

  async #find(id: string): Promise<KeptTest | undefined> {
    const found = await this.#ports.records.find(model, keyOf(id));
    return found && ({ ...found.payload, id } as unknown as KeptTest);
  }

  /** Its id opens it, so that only the hash of it is kept. */
  async #keep({ id, ...test }: KeptTest): Promise<void> {
    const { url: _, ...payload } = test;
    await this.#ports.records.put({ model, id: keyOf(id), payload }, goodForSeconds);
  }
}

interface KeptTest extends ProviderTest {
  readonly by: string;
}

const keyOf = (id: string): Buffer => hash('sha256', id, 'buffer');

function previewResponse(preview: IdentityPreview): NonNullable<ProviderTest['preview']> {
  const { issuer, subject, claims, person, refusal, ...rest } = preview;
  return {
    issuer,
    subject,
    claims: { ...claims },
    ...(person === undefined ? {} : { person }),
    ...(refusal === undefined
      ? {}
      : { refusal: { message: refusal.message, ...wordsOf(refusal.extras) } }),
    groups: rest.groups.map((group) => ({ ...group, rules: [...group.rules] })),
    joins: [...rest.joins],
    leaves: [...rest.leaves],
    access: [...rest.access],
    notes: [...rest.notes],
  };
}

const wordsOf = ({ why, hint }: { readonly why?: string; readonly hint?: string }): object => ({
  ...(why === undefined ? {} : { why }),
  ...(hint === undefined ? {} : { hint }),
});
