import type { AuditActor } from '@ambit/domain';
import type { Clock, Millis } from '@ambit/kernel';
import type { NewIssuerKey, Transaction, UnitOfWork } from '@ambit/persistence';
import type { RecurringJob } from '../../platform/jobs/job-runner.ts';
import type { Seal } from '../../platform/keys/sealing.ts';
import { finishedKeys, isNextDue, publishAheadMs } from './key-schedule.ts';
import { makeIssuerKey } from './make-issuer-key.ts';
import { tellWebhooks } from './tell-webhooks.ts';

export interface RotationPorts {
  readonly unitOfWork: UnitOfWork;
  readonly seal: Seal;
  readonly clock: Pick<Clock, 'now'>;
}

const actor: AuditActor = { kind: 'system', name: 'system/issuer' };

/** Makes the first key, which signs at once: nobody kept any other. Does nothing when there is one. */
export async function makeFirstKey({ unitOfWork, seal }: RotationPorts): Promise<void> {
  const first = await makeIssuerKey(seal, 0);
  await unitOfWork.run({ actor }, async (tx) => {
    if ((await tx.issuerKeys.list()).length > 0) return;
    await tx.issuerKeys.insert(first, { told: false });
    tellMade(tx, first.kid, 0);
  });
}

/** Publishes the next key when it is due, and forgets those that nothing is good of any more. */
export function rotateIssuerKeys({ unitOfWork, seal, clock }: RotationPorts): RecurringJob {
  return {
    name: 'rotate-issuer-keys',
    everyMs: 3_600_000,
    run: async () => {
      const next = await makeIssuerKey(seal, publishAheadMs);
      await unitOfWork.run({ actor }, async (tx) => {
        const keys = await tx.issuerKeys.list();
        const now = clock.now();
        const finished = finishedKeys(keys, now);
        if (finished.length > 0) {
          await tx.issuerKeys.remove(finished);
          tellGone(tx, finished, 'nothing that it signed is good any more');
        }
        if (isNextDue(keys, now)) {
          await tx.issuerKeys.insert(next);
          tellMade(tx, next.kid, next.signsInMs);
        }
        await tellWebhooks(tx);
      });
    },
  };
}

/**
 * Publishes a next key whether it is due or not. `atOnce` is for keys that were stolen: it signs from now on, and those
 * of before are withdrawn, with everything that they signed. Gives the id of the new key. Throws `config_invalid` when `seal`
 * is not the one of this installation.
 */
export async function rotateByHand(
  { unitOfWork, seal }: Omit<RotationPorts, 'clock'>,
  { by, atOnce }: { readonly by: AuditActor; readonly atOnce: boolean },
): Promise<{ readonly kid: string; readonly withdrawn: number }> {
  const next = await makeIssuerKey(seal, atOnce ? 0 : publishAheadMs);
  const { value } = await unitOfWork.run({ actor: by }, async (tx) => {
    if (atOnce) return replaceKeys(tx, next, 'it was withdrawn by hand');
    // A key that the replicas could not open would leave them without one when its time has come.
    for (const { kid, sealed } of await tx.issuerKeys.list()) seal.open(sealed, kid);
    await publishKey(tx, next);
    return 0;
  });
  return { kid: next.kid, withdrawn: value };
}

/**
 * Withdraws every key, with everything that they signed, for one that signs from now on, as a part of a transaction. Gives
 * how many there were.
 */
export async function replaceKeys(
  tx: Transaction,
  next: NewIssuerKey,
  because: string,
): Promise<number> {
  const former = (await tx.issuerKeys.list()).map(({ kid }) => kid);
  if (former.length > 0) {
    await tx.issuerKeys.remove(former);
    tellGone(tx, former, because);
  }
  await publishKey(tx, next);
  return former.length;
}

async function publishKey(tx: Transaction, key: NewIssuerKey): Promise<void> {
  await tx.issuerKeys.insert(key);
  tellMade(tx, key.kid, key.signsInMs);
  await tellWebhooks(tx);
}

function tellMade({ audit }: Pick<Transaction, 'audit'>, kid: string, signsInMs: Millis): void {
  const when = signsInMs === 0 ? 'from now on' : `in ${signsInMs / 60_000} minutes`;
  audit.record({
    type: 'issuer.keys_changed',
    message: `A new key of the issuer is published and signs ${when}`,
    details: { kid, signsInSeconds: signsInMs / 1000 },
  });
}

function tellGone(
  { audit }: Pick<Transaction, 'audit'>,
  kids: readonly string[],
  because: string,
): void {
  for (const kid of kids)
    audit.record({
      type: 'issuer.keys_changed',
      message: `A key of the issuer is gone: ${because}`,
      details: { kid },
    });
}
