import { AppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { clustersNotRenewed, findInstallation } from '@ambit/persistence';
import type { CentralSettings } from '../config.ts';
import { activateKeys, prepareKeys, retireKeys } from '../platform/keys/key-rollover.ts';
import type { Rollover } from '../platform/keys/key-rollover.ts';
import { named } from './doctor/diagnosis.ts';
import { lastKeyStep } from './last-key-step.ts';
import { operator, withDatabase } from './with-database.ts';
import type { Maintenance } from './with-database.ts';

/** The steps in which CA and state key are changed while agents follow. */
export const keySteps = ['prepare', 'activate', 'retire'] as const;
export type KeyStep = (typeof keySteps)[number];

/** Agents renew at least this often, and follow by that. */
const followedAfterMs: Millis = 86_400_000;

export interface StepOptions {
  readonly write: (line: string) => void;
  /** Whether agents that did not follow the step before may be left behind. */
  readonly atOnce: boolean;
}

/**
 * Takes one step of a change of CA and state key. Agents follow by the bundle that the old state key signed. Throws
 * `confirmation_required` when they cannot all have followed the step before, and `not_ready` without that.
 */
export async function rollKeys(
  settings: CentralSettings,
  step: KeyStep,
  { write, atOnce }: StepOptions,
): Promise<void> {
  await withDatabase(settings, async (maintenance) => {
    const installation = await findInstallation(maintenance.database);
    if (installation === null) throw new AppError('not_ready', 'There is no installation yet.');
    const { keysFolder: folder, clock } = maintenance;
    if (step !== 'prepare' && !atOnce) await requireFollowed(maintenance, step);
    const rollover = { folder, installationUid: installation.uid, now: clock.now() };
    for (const line of await steps[step](rollover, maintenance)) write(line);
    write(
      `Copy the files of ${folder}, but never epoch.key, to every replica (with the chart: to the Secret of keys.existingSecret), and restart central.`,
    );
  });
}

const steps: Readonly<
  Record<KeyStep, (rollover: Rollover, maintenance: Maintenance) => Promise<string[]>>
> = {
  prepare: async (rollover, maintenance) => {
    const version = await prepareKeys(rollover);
    await record(maintenance, `The next CA and state key were made (trust version ${version})`);
    return [
      `the next CA and state key are made; agents learn of them when they renew (version ${version})`,
      'Wait a day, in which every agent renews, then: ambit-central keys activate',
    ];
  },
  activate: async (rollover, maintenance) => {
    const keys = await activateKeys(rollover);
    const caFingerprint = keys.ca.pin;
    const stateKeyFingerprint = keys.stateSigner.publicKey.keyId;
    await maintenance.unitOfWork.run({ actor: operator }, async (tx) => {
      await tx.installation.setKeys({ caFingerprint, stateKeyFingerprint });
      tx.audit.record({
        type: 'installation.keys_changed',
        message: 'The next CA and state key are in use',
        details: { caFingerprint, stateKeyFingerprint },
      });
    });
    return [
      'the next CA and state key are in use; join tokens that were made before are of no use any more',
      'Wait a day, in which every agent gets a certificate of the new CA, then: ambit-central keys retire',
    ];
  },
  retire: async (rollover, maintenance) => {
    const version = await retireKeys(rollover);
    await record(maintenance, `The previous CA and state key were retired (version ${version})`);
    return [`the previous CA and state key are gone (version ${version})`];
  },
};

/** Those that did not renew since the step before would be cut off: they are named, and awaited for a day at least. */
async function requireFollowed(
  { database, clock }: Maintenance,
  step: Exclude<KeyStep, 'prepare'>,
): Promise<void> {
  const before = await lastKeyStep(database);
  if (before === undefined) return;
  const due = before + followedAfterMs;
  const behind = await clustersNotRenewed(database, before);
  if (clock.now() >= due && behind.length === 0) return;
  const who = behind.length === 0 ? '' : ` Not renewed yet: ${named(behind)}.`;
  const wait = clock.now() >= due ? 'they are connected and renewed' : new Date(due).toISOString();
  throw new AppError('confirmation_required', `It is too early to ${step} keys.`, {
    why: `The step before was taken at ${new Date(before).toISOString()}; agents that did not renew since would be cut off and have to enrol again.${who}`,
    hint: `Wait until ${wait}. Only when the old keys were stolen, or those agents are gone for good: ambit-central keys ${step} --now`,
  });
}

function record({ unitOfWork }: Maintenance, message: string): Promise<unknown> {
  return unitOfWork.run({ actor: operator }, async (tx) =>
    tx.audit.record({ type: 'installation.keys_changed', message }),
  );
}
