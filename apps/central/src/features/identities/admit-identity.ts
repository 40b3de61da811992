import { claimsOfProvider } from '@ambit/contracts';
import { isAppError, notFound } from '@ambit/kernel';
import type { GivenGroups, Transaction, UnitOfWork } from '@ambit/persistence';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { CommitPolicy } from '../policy/public.ts';
import { mappedGroups, shortened } from './claims-mapping.ts';
import { giveGroups, judgedGroups } from './give-groups.ts';
import type { JudgedGroup } from './give-groups.ts';
import { identityRefused } from './identity-refused.ts';
import { linkIdentity } from './link-identity.ts';
import type { LinkedPerson } from './link-identity.ts';
import { previewedAccess } from './previewed-access.ts';
import { storedProvider } from './provider-spec.ts';
import type { StoredProvider } from './provider-spec.ts';
import type {
  AdmittedIdentity,
  IdentityPreview,
  SignInOrigin,
  UpstreamSignIn,
} from './upstream-sign-in.ts';

const actor = { kind: 'system', name: 'system/sign-in' } as const;

/** What became, or would become, of a sign-in. Filled as far as it comes. */
interface Progress {
  groups: readonly JudgedGroup[];
  notes: readonly string[];
  linked?: LinkedPerson;
  given?: GivenGroups;
}

interface How {
  readonly dryRun: boolean;
  readonly requestId?: string;
}

/** Who comes in with what a provider said of them. */
export class AdmitIdentity {
  readonly #commit: CommitPolicy;
  readonly #unitOfWork: UnitOfWork;
  readonly #world: PolicyWorld;

  constructor(commit: CommitPolicy, unitOfWork: UnitOfWork, world: PolicyWorld) {
    this.#commit = commit;
    this.#unitOfWork = unitOfWork;
    this.#world = world;
  }

  /**
   * Links the identity, and replaces the memberships that this provider gives the person, in one transaction. Throws
   * `identity_refused`.
   */
  async admit(
    signIn: UpstreamSignIn,
    { address, requestId }: SignInOrigin,
  ): Promise<AdmittedIdentity> {
    try {
      const how = { dryRun: false, ...(requestId === undefined ? {} : { requestId }) };
      const { linked, notes } = await this.#run(signIn, how);
      if (linked === undefined) throw identityRefused(signIn.provider, 'Nobody was found.');
      const { uid, name } = linked.person;
      return { person: { uid, name }, identity: linked.identity, notes };
    } catch (error) {
      if (isAppError(error, 'identity_refused'))
        await this.#tellRefused(signIn, address, String(error.extras.details?.['reason']));
      throw error;
    }
  }

  /** What `admit` would do, refusals included; changes nothing. Throws `not_found` for a provider that is not there. */
  async preview(signIn: UpstreamSignIn): Promise<IdentityPreview> {
    const progress: Progress = { groups: [], notes: [] };
    const { provider, issuer, subject, claims } = signIn;
    const said = { provider, issuer, subject, claims };
    try {
      await this.#run(signIn, { dryRun: true }, progress);
      return { ...said, ...this.#told(progress) };
    } catch (error) {
      if (!isAppError(error, 'identity_refused')) throw error;
      if (error.extras.details?.['reason'] === 'no_provider')
        throw notFound('IdentityProvider', provider);
      return { ...said, ...this.#told(progress), refusal: error };
    }
  }

  /** What the removal guard stops is done without taking anything away, and told. */
  async #run(
    signIn: UpstreamSignIn,
    { dryRun, requestId }: How,
    progress: Progress = { groups: [], notes: [] },
  ): Promise<Progress> {
    const request = {
      actor,
      // Bounded as tokens that sync people are.
      role: 'sync',
      claimed: true,
      dryRun,
      ...(requestId === undefined ? {} : { requestId }),
    } as const;
    const attempt = (keeps: boolean): Promise<{ readonly guard?: object }> =>
      this.#commit.run(request, (tx) => admitIn(tx, signIn, { keeps, progress }));
    try {
      const { guard } = await attempt(false);
      if (guard !== undefined) await attempt(true);
    } catch (error) {
      // Who is the last administrator stays one, and has to come in to see to it.
      if (!isAppError(error, 'confirmation_required') && !isAppError(error, 'last_admin'))
        throw error;
      await attempt(true);
    }
    return progress;
  }

  #told({
    groups,
    notes,
    linked,
    given,
  }: Progress): Omit<IdentityPreview, 'provider' | 'issuer' | 'subject' | 'claims'> {
    const names = (of: 'joined' | 'left'): string[] => (given?.[of] ?? []).map(({ name }) => name);
    return {
      groups: groups.map(({ uid: _uid, ...group }) => group),
      joins: names('joined'),
      leaves: names('left'),
      access: linked === undefined ? [] : previewedAccess(this.#world.policy, linked.person, given),
      notes,
      ...(linked === undefined
        ? {}
        : {
            person: {
              name: linked.person.name,
              how: linked.how,
              isNew: linked.how === 'OnSignIn',
            },
          }),
    };
  }

  async #tellRefused(signIn: UpstreamSignIn, address: string, reason: string): Promise<void> {
    const { provider, issuer, subject } = signIn;
    await this.#unitOfWork.run({ actor }, async (tx) =>
      tx.audit.record({
        type: 'login.failed',
        message: `Signing in with ${provider} from ${address} was refused`,
        object: { kind: 'IdentityProvider', name: provider },
        result: { code: 'identity_refused' },
        details: { address, reason, issuer: cut(issuer), subject: cut(subject), count: 1 },
      }),
    );
  }
}

const cut = (text: string): string => text.slice(0, 256);

/** `keeps`: nothing is taken away. It may run more than once. */
async function admitIn(
  tx: Transaction,
  signIn: UpstreamSignIn,
  { keeps, progress }: { readonly keeps: boolean; readonly progress: Progress },
): Promise<void> {
  const provider = await providerOf(tx, signIn);
  requireAccount(signIn);
  const { spec, name } = provider;
  const mapped = mappedGroups(signIn, {
    names: claimsOfProvider(spec),
    rules: spec.groups,
    overage: spec.entra?.overage ?? 'Refuse',
  });
  progress.notes = mapped.notes;
  progress.groups = mapped.groups === undefined ? [] : await judgedGroups(tx, mapped.groups);
  progress.linked = await linkIdentity(tx, signIn, provider);
  const { person } = progress.linked;
  if (mapped.groups === undefined) return;
  const { groups } = progress;
  const given = await giveGroups(tx, { provider: name, person, groups, keeps });
  progress.given = given;
  progress.notes = [...mapped.notes, ...refusedNotes(groups), ...(keeps ? [held(name)] : [])];
  if (keeps) tellHeld(tx, name, person.name);
}

/** A provider that has another issuer now is another one: what the former one said last lets nobody in through it. */
async function providerOf(
  tx: Transaction,
  { provider: name, issuer }: UpstreamSignIn,
): Promise<StoredProvider> {
  const record = await tx.plain('IdentityProvider').find(name);
  if (record === null)
    throw identityRefused(name, 'There is no such provider any more.', undefined, 'no_provider');
  const provider = storedProvider(record);
  if (provider.spec.issuer === issuer) return provider;
  const why = 'It was changed to another issuer while you signed in.';
  throw identityRefused(name, why, 'Sign in again.', 'another_issuer');
}

/** What names an account for ever is of the length that OpenID Connect allows, or a little more. */
function requireAccount({ provider, issuer, subject }: UpstreamSignIn): void {
  if ([issuer, subject].every((text) => text !== '' && text.length <= 512)) return;
  throw identityRefused(provider, 'It does not say which account this is.');
}

const refusedNotes = (groups: readonly JudgedGroup[]): readonly string[] =>
  shortened(
    groups.flatMap(({ group, refused }) =>
      refused === undefined ? [] : [`You are not put into group ${group}: ${refused}`],
    ),
    'more group',
  );

const held = (provider: string): string =>
  `${provider} no longer names groups that you are in. Because it took too much away lately, or the last administrator, you stay in them until an administrator has looked.`;

function tellHeld(tx: Transaction, provider: string, name: string): void {
  tx.audit.record({
    type: 'directory.guard_tripped',
    message: `The removal guard kept ${name} in groups that ${provider} no longer names`,
    object: { kind: 'IdentityProvider', name: provider },
    subjects: [name],
  });
}
