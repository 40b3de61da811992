import { counted } from '@ambit/kernel';
import type { PolicyDifference, Restored } from '@ambit/persistence';
import type { BackupFile } from './backup-file.ts';
import type { KeysPut } from './put-keys.ts';

/** What a restore tells whoever made it: what differs, and what was ended. */
export function restoreReport(backup: BackupFile, restored: Restored): string[] {
  const { revision, stateEpoch, takenAt, installation } = backup.head;
  return [
    `restored ${installation}: revision ${revision} of epoch ${stateEpoch}, as of ${takenAt}`,
    ...differenceLines(restored.differences),
    'Everybody is signed out; join tokens and set-up codes that were not used are of no use any more.',
    'Passwords and one-time codes are those of the backup.',
    ...tokenLines(restored),
    ...agentLines(restored),
  ];
}

const keyLines: Readonly<Record<KeysPut, string>> = {
  'put back': 'The keys of the backup were put back.',
  'the same': 'The keys are those of the backup.',
  'newer ones kept': 'The keys were changed after the backup; those of now are kept.',
};

export const keyLine = (keys: KeysPut | undefined): string =>
  keys === undefined ? 'Keys were not looked at.' : keyLines[keys];

const words: Readonly<Record<PolicyDifference['is'], string>> = {
  back: 'is there again: it was removed after the backup',
  gone: 'is gone: it was made after the backup',
  'as before': 'is as it was: it was changed after the backup',
  ended: 'stays ended: it was ended after the backup',
};

function differenceLines(all: Restored['differences']): string[] {
  // Every session ends, and may be one of very many.
  const differences = all?.filter(({ kind }) => kind !== 'Session');
  if (differences === undefined) {
    return [
      'There was no database to compare with: "ambit-central epoch report" names what differs in each cluster, once agents took the new epoch.',
    ];
  }
  if (differences.length === 0) return ['Nothing differs from the database that was replaced.'];
  return [
    `What differs from the database that was replaced (${counted(differences.length, 'object')}):`,
    ...differences.map(({ is, kind, name }) => `  ${kind} ${name} ${words[is]}`),
  ];
}

/** Names that are listed; a fleet may have thousands. */
const mostListed = 20;

function agentLines({ differences, renewedSince }: Restored): string[] {
  const lost = differences?.filter(({ kind, is }) => kind === 'Agent' && is === 'gone');
  const clusters = [...new Set(lost?.map(({ name }) => name) ?? renewedSince)];
  if (clusters.length === 0) return [];
  const more = clusters.length - mostListed;
  const names = `${clusters.slice(0, mostListed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return [
    lost
      ? `The agents of these clusters were enrolled after the backup and are refused: ${names}`
      : `The agents of these clusters are refused if they renewed their certificates after the backup: ${names}`,
    '  ambit cluster join-token NAME              for each whose agent is refused',
  ];
}

function tokenLines({ goodTokens, differences }: Restored): string[] {
  if (goodTokens.length === 0 || differences !== undefined) return [];
  return [
    `These API tokens are good, also if they were revoked after the backup: ${goodTokens.join(', ')}`,
    '  ambit-central token revoke NAME            for each that was revoked',
  ];
}

/** What is to be done when everything is in its place. */
export function nextLines({ frozen }: Restored, stateEpoch: number): string[] {
  if (!frozen) return ['Next: start central.'];
  return [
    `No change is taken until the state epoch is raised above ${stateEpoch}:`,
    '  ambit-central epoch raise                  before central starts, or while it runs',
    '  ambit-central epoch report                 what differs in each cluster; access that would come anew waits there',
  ];
}
