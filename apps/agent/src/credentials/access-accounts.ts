import { AppError, counted } from '@ambit/kernel';
import type { Digests, Logger } from '@ambit/kernel';
import { isKubeError, kubeResources } from '@ambit/kube';
import type { KubeClient, KubeObject, Timers } from '@ambit/kube';
import { accessNamespace, accountName } from '@ambit/rbac';
import type { Ceiling, Owner } from '@ambit/rbac';
import type { AuditRecorder, NewAuditEvent } from '../audit/audit-log.ts';
import { accountObject, accountSelector, holderOf } from './account-object.ts';
import type { AccountHolder } from './account-object.ts';
import type { HeldAccounts } from './held-accounts.ts';

export interface AccessAccountsOptions {
  readonly client: Pick<KubeClient, 'list' | 'create' | 'delete'>;
  readonly owner: Owner;
  readonly held: Pick<HeldAccounts, 'holders' | 'denied'>;
  readonly ceiling: () => Pick<Ceiling, 'credentials'>;
  /** True while access stands that the state does not give any more, because the owner has to agree to its end. */
  readonly removalsHeld: () => boolean;
  readonly audit: AuditRecorder;
  readonly digests: Digests;
  readonly logger: Logger;
  readonly timers: Timers;
}

interface Account extends AccountHolder {
  readonly account: string;
  /** Of the object. */
  readonly objectUid: string;
}

const pageSize = 500;
const atOnce = 8;
/** Whatever was missed is found by then. */
const lookAgainMs = 300_000;
const firstRetryMs = 500;
const mostRetryMs = 30_000;

/**
 * The ServiceAccounts of people and programs in `ambit-access`: made when the first token is asked for, and gone when the
 * held state gives their holders nothing any more, which ends every token of theirs within ten seconds. Where the owner does
 * not want them, those that a former ceiling let be made go at the start.
 */
export class AccessAccounts {
  readonly #options: AccessAccountsOptions;
  readonly #known = new Map<string, Account>();
  readonly #making = new Map<string, Promise<Account>>();
  #listed = false;
  /** What a former ceiling let be made was looked for. */
  #leftSought = false;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #failures = 0;
  #cancel: (() => void) | undefined;
  #running = false;

  constructor(options: AccessAccountsOptions) {
    this.#options = options;
  }

  /** Looks at what stands there, and from then on by itself. */
  start(): void {
    this.#running = true;
    this.changed();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#cancel?.();
    await this.#looking;
  }

  /** What the state or the ceiling says may be different now. */
  changed(): void {
    if (!this.#running) return;
    this.#lookAgain = true;
    this.#looking ??= this.#lookWhileAsked();
  }

  /** The API server says it is not there. */
  forget({ account, objectUid }: Pick<Account, 'account' | 'objectUid'>): void {
    if (this.#known.get(account)?.objectUid === objectUid) this.#known.delete(account);
  }

  /**
   * The account of somebody, made when there is none. Throws `credential_refused` when something else has its name or the API
   * server refuses, `kubernetes_unavailable` when it does not answer.
   */
  async of(holder: AccountHolder): Promise<Account> {
    const account = accountName(holder.name, holder.uid, this.#options.digests);
    const known = this.#known.get(account);
    if (known !== undefined) return known;
    let making = this.#making.get(account);
    if (making === undefined) {
      making = this.#make(account, holder).finally(() => this.#making.delete(account));
      this.#making.set(account, making);
    }
    return making;
  }

  async #make(account: string, holder: AccountHolder): Promise<Account> {
    const { client, owner, digests, audit } = this.#options;
    try {
      const made = await client.create<KubeObject>(
        kubeResources.serviceAccounts,
        accountObject(holder, owner, digests),
      );
      const { uid: objectUid = '' } = made.metadata;
      const known = { ...holder, account, objectUid };
      this.#known.set(account, known);
      audit.record({ type: 'access_account.created', ...told('created', known) });
      return known;
    } catch (error) {
      if (!isKubeError(error, 409)) throw notMade(error);
      await this.#list().catch((failure: unknown) => {
        throw notMade(failure);
      });
      const known = this.#known.get(account);
      if (known !== undefined) return known;
      throw foreign(account);
    }
  }

  async #lookWhileAsked(): Promise<void> {
    this.#cancel?.();
    // Whoever tells of a state works out in the same turn what of it is held.
    await Promise.resolve();
    let next = lookAgainMs;
    while (this.#lookAgain && this.#running) {
      this.#lookAgain = false;
      try {
        await this.#look();
        this.#failures = 0;
        next = lookAgainMs;
      } catch (error) {
        next = this.#failed(error);
      }
    }
    this.#looking = undefined;
    if (!this.#running) return;
    this.#cancel = this.#options.timers.after(next, () => {
      // What others did to the objects is found by a list.
      this.#listed = false;
      this.changed();
    });
  }

  #failed(error: unknown): number {
    const { logger } = this.#options;
    if (this.#failures === 0) {
      logger.warn('the ServiceAccounts of people could not be looked after', { error });
    }
    this.#failures += 1;
    return Math.min(mostRetryMs, firstRetryMs * 2 ** Math.min(10, this.#failures - 1));
  }

  async #look(): Promise<void> {
    const isWanted = this.#options.ceiling().credentials.includes('ServiceAccountToken');
    if (isWanted ? !this.#listed : !this.#leftSought) await this.#seek(isWanted);
    const queue = [...this.#known.values()].filter((each) => this.#isOver(each, isWanted));
    const failures: unknown[] = [];
    const work = async (): Promise<void> => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        await this.#remove(next).catch((error: unknown) => failures.push(error));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    if (failures.length > 0) throw failures[0];
  }

  /** Where the owner does not want this, once is enough: nothing comes to be there any more. */
  async #seek(isWanted: boolean): Promise<void> {
    try {
      await this.#list();
    } catch (error) {
      // Who may not even look there never had the way, or has nothing of it any more.
      if (isWanted || !isKubeError(error, 403)) throw error;
    }
    this.#leftSought ||= !isWanted;
  }

  #isOver({ account }: Account, isWanted: boolean): boolean {
    const { held, removalsHeld } = this.#options;
    const { holders, denied } = held;
    if (!isWanted || denied.has(account)) return true;
    if (holders === undefined || holders.has(account)) return false;
    return !removalsHeld();
  }

  async #remove(known: Account): Promise<void> {
    const { client, audit } = this.#options;
    const { account: name, objectUid: uid } = known;
    const place = { name, namespace: accessNamespace };
    try {
      await client.delete(kubeResources.serviceAccounts, place, { uid });
      audit.record({ type: 'access_account.deleted', ...told('deleted', known) });
    } catch (error) {
      // Gone, or made anew by somebody: it is not this one any more.
      if (!isKubeError(error, 404) && !isKubeError(error, 409)) throw error;
    }
    this.forget(known);
  }

  async #list(): Promise<void> {
    const { client, owner, digests, logger } = this.#options;
    const before = new Set(this.#known.values());
    const found = new Map<string, Account>();
    let strangers = 0;
    let next: string | undefined;
    do {
      const page = await client.list<KubeObject>(kubeResources.serviceAccounts, {
        namespace: accessNamespace,
        labelSelector: accountSelector(owner),
        limit: pageSize,
        ...(next === undefined ? {} : { continue: next }),
      });
      for (const object of page.items) {
        const holder = holderOf(object, digests);
        const { name: account, uid: objectUid = '' } = object.metadata;
        if (holder === undefined) strangers += 1;
        else found.set(account, { ...holder, account, objectUid });
      }
      next = page.continue;
    } while (next !== undefined);
    if (strangers > 0) {
      const which = counted(strangers, 'ServiceAccount carries', 'ServiceAccounts carry');
      logger.warn(`${which} our labels in ${accessNamespace} without being ours: untouched`);
    }
    for (const [account, known] of this.#known) {
      // What was made while the list was read does not stand in it.
      if (before.has(known)) this.#known.delete(account);
    }
    for (const [account, known] of found) this.#known.set(account, known);
    this.#listed = true;
  }
}

function told(
  verb: 'created' | 'deleted',
  { account, name, uid, objectUid }: Account,
): Omit<NewAuditEvent, 'type'> {
  return {
    message: `ServiceAccount ${account} of ${name} was ${verb}`,
    object: {
      kind: 'ServiceAccount',
      name: account,
      namespace: accessNamespace,
      uid: objectUid,
    },
    subjects: [name],
    details: { principal: uid },
  };
}

const foreign = (account: string): AppError =>
  new AppError(
    'credential_refused',
    `There is another ServiceAccount ${accessNamespace}/${account}.`,
    {
      why: 'It is not one that this agent made, so it hands out no token of it.',
      hint: 'Its owner deletes or renames it.',
    },
  );

function notMade(cause: unknown): unknown {
  if (!isKubeError(cause)) return cause;
  const why = `The API server says: ${cause.message}`;
  return cause.retryable
    ? new AppError('kubernetes_unavailable', 'No ServiceAccount could be made.', { why, cause })
    : new AppError('credential_refused', 'The API server lets the agent make no ServiceAccount.', {
        why,
        hint: `The agent needs the namespace ${accessNamespace} and its rights in it: apply what "ambit-agent print-rbac" and "print-policy" print under the present ceiling.`,
        cause,
      });
}
