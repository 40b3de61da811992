import { hash, randomBytes } from 'node:crypto';
import type { ProviderTest } from '@ambit/contracts';
import { notFound } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';
import type { SignInRecordStore, Sql, UnitOfWork } from '@ambit/persistence';
import { auditActor } from '../../platform/actor.ts';
import type { Actor } from '../../platform/actor.ts';
import type { IdentityPreview } from '../identities/public.ts';
import { groupsNamedById } from './groups-named-by-id.ts';
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
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  /** Where people reach central, without a path. */
  readonly publicUrl: () => string;
}

interface TestCaller {
  readonly actor: Actor;
  readonly requestId: string;
}

const model = 'ProviderTest';
const goodForSeconds = 600;

/** Sign-ins at a provider that change nothing, and show what they would change to the administrator who asked for one. */
export class ProviderTests {
  readonly #ports: ProviderTestPorts;

  constructor(ports: ProviderTestPorts) {
    this.#ports = ports;
  }

  /** Told in the audit trail, since who asks for one sees the claims of who signs in. Throws `not_found`. */
  async start({ actor, requestId }: TestCaller, provider: string): Promise<ProviderTest> {
    const { sql, unitOfWork, clock, publicUrl } = this.#ports;
    const found = await findProvider(sql, provider);
    if (found === undefined) throw notFound('IdentityProvider', provider);
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
    const by = auditActor(actor);
    await unitOfWork.run({ actor: by, requestId }, async (tx) => {
      await keep(tx.signInRecords, { ...test, by: by.name });
      tx.audit.record({
        type: 'identity_provider.tested',
        message: `${by.name} began a test of signing in with ${provider}`,
        object: { kind: 'IdentityProvider', name: provider, uid: found.uid },
        details: { provider, expiresAt },
      });
    });
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
    const ended = 'preview' in outcome ? await this.#previewed(outcome.preview) : outcome;
    const state = 'preview' in ended ? 'Done' : 'Failed';
    await keep(this.#ports.records, { ...kept, state, ...ended });
  }

  async #previewed(preview: IdentityPreview): Promise<Pick<ProviderTest, 'preview'>> {
    const namedById = await groupsNamedById(this.#ports.sql, preview);
    const told = namedById.length === 0 ? {} : { namedById: [...namedById] };
    return { preview: { ...previewResponse(preview), ...told } };
  }

  async #find(id: string): Promise<KeptTest | undefined> {
    const found = await this.#ports.records.find(model, keyOf(id));
    return found && ({ ...found.payload, id } as unknown as KeptTest);
  }
}

/** Its id opens it, so that only the hash of it is kept. */
async function keep(records: SignInRecordStore, { id, ...test }: KeptTest): Promise<void> {
  const { url: _, ...payload } = test;
  await records.put({ model, id: keyOf(id), payload }, goodForSeconds);
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
