import { asksWebhook, tokenIssuer } from '@ambit/domain';
import type { PolicyView } from '@ambit/domain';
import { counted, defined } from '@ambit/kernel';
import type { Logger } from '@ambit/kernel';
import type { Transaction, UnitOfWork } from '@ambit/persistence';
import type { PublicKey } from './issuer-keys.ts';
import type { PolicyWorld } from '../desired-state/public.ts';

/**
 * `iss` of the tokens that agents verify. It is a name and no address: nobody looks anything up there, and it stays what it
 * is when central moves.
 */
export function webhookIssuer(installationUid: string): string {
  return `urn:ambit:${installationUid}:webhook`;
}

/**
 * Puts the keys as they are in this transaction into the object that the states of clusters tell agents. Without `issuer`
 * only where the object is there already.
 */
export async function tellWebhooks(tx: Transaction, issuer?: string): Promise<void> {
  const { kind, name } = tokenIssuer;
  const stored = await tx.plain(kind).find(name);
  const named = issuer ?? stored?.spec['issuer'];
  if (named === undefined) return;
  const keys = (await tx.issuerKeys.list()).map(({ publicKey }) => pointOf(publicKey));
  const spec = { issuer: named, keys };
  const { outcome } = await tx.plain(kind).put({ name, labels: {}, spec });
  if (outcome === 'unchanged') return;
  tx.audit.record({
    type: 'issuer.keys_changed',
    message: `Agents are told ${counted(keys.length, 'key')} of the issuer`,
    details: { kids: keys.map(({ kid }) => kid ?? '') },
  });
}

/** What of a key an agent needs. */
const pointOf = ({ kty, crv, kid, x, y }: PublicKey): PublicKey => defined({ kty, crv, kid, x, y });

/** Sees to it that agents are told the keys once there is a cluster whose API server asks its agent whose a token is. */
export class WebhooksTold {
  readonly #ports: {
    readonly unitOfWork: UnitOfWork;
    readonly world: Pick<PolicyWorld, 'policy' | 'subscribe'>;
    readonly issuer: string;
    readonly logger: Logger;
  };
  #telling = false;

  constructor(ports: {
    readonly unitOfWork: UnitOfWork;
    readonly world: Pick<PolicyWorld, 'policy' | 'subscribe'>;
    readonly issuer: string;
    readonly logger: Logger;
  }) {
    this.#ports = ports;
  }

  /** From now on. Gives the function that ends it. */
  start(): () => void {
    this.#look();
    return this.#ports.world.subscribe(() => this.#look());
  }

  #look(): void {
    const { policy } = this.#ports.world;
    if (this.#telling || isTold(policy) || !asksAgents(policy)) return;
    this.#telling = true;
    // What fails is tried again with the next commit.
    this.#tell()
      .catch((error: unknown) =>
        this.#ports.logger.error('agents could not be told the keys of the issuer', { error }),
      )
      .finally(() => (this.#telling = false));
  }

  async #tell(): Promise<void> {
    const { unitOfWork, issuer } = this.#ports;
    const actor = { kind: 'system', name: 'system/issuer' } as const;
    await unitOfWork.run({ actor }, (tx) => tellWebhooks(tx, issuer));
  }
}

const isTold = (policy: PolicyView): boolean =>
  policy.byName(tokenIssuer.kind, tokenIssuer.name) !== undefined;

function asksAgents(policy: PolicyView): boolean {
  for (const cluster of policy.clusters()) if (asksWebhook(cluster)) return true;
  return false;
}
