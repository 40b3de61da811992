import { findInstallation } from '@ambit/persistence';
import type { CentralSettings } from '../../config.ts';
import { withDatabase } from '../with-database.ts';
import type { Maintenance } from '../with-database.ts';
import { diagnosisLines, diagnosisOf, wrong } from './diagnosis.ts';
import type { Diagnosis } from './diagnosis.ts';
import { examineClusters } from './examine-clusters.ts';
import { examineDatabase } from './examine-database.ts';
import { examineKeys } from './examine-keys.ts';
import { examineMachine } from './examine-machine.ts';

/** Looks at everything that central stands on, says what is not well and what to do next. Changes nothing. Gives whether nothing is wrong. */
export async function examine(
  settings: CentralSettings,
  write: (line: string) => void,
): Promise<boolean> {
  let isWell = true;
  const tell = (found: readonly Diagnosis[]): void => {
    for (const each of found) {
      isWell &&= each.is !== 'wrong';
      for (const line of diagnosisLines(each)) write(line);
    }
  };
  tell(await attempt(() => examineMachine(settings)));
  tell(
    await attempt(() =>
      withDatabase(settings, async (maintenance) => {
        for (const examination of examinations) tell(await attempt(() => examination(maintenance)));
        return [];
      }),
    ),
  );
  return isWell;
}

const examinations: readonly ((maintenance: Maintenance) => Promise<Diagnosis[]>)[] = [
  examineDatabase,
  async (maintenance) => {
    const installation = await findInstallation(maintenance.database);
    return installation === null
      ? [wrong('there is no installation in this database yet', 'ambit-central')]
      : examineKeys(maintenance, installation);
  },
  examineClusters,
];

/** One that cannot be made keeps no other from being made. */
async function attempt(examination: () => Promise<Diagnosis[]>): Promise<Diagnosis[]> {
  try {
    return await examination();
  } catch (error) {
    return [diagnosisOf(error)];
  }
}
