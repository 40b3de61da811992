import { reachableText } from '@ambit/config';
import type { CentralSettings } from '../config.ts';
import { makeAdministrator } from '../features/delegations/public.ts';
import { offerSetUp } from '../features/sign-in/public.ts';
import { operator, withDatabase } from './with-database.ts';

/**
 * Makes a person an administrator, and prints a code, once, with which they set up their sign-in; the person is made when there is
 * none of that name.
 */
export async function createAdmin(
  settings: CentralSettings,
  name: string,
  write: (line: string) => void,
): Promise<void> {
  await withDatabase(settings, async ({ unitOfWork }) => {
    const code = await offerSetUp(unitOfWork, operator, name, makeAdministrator);
    const scheme = settings.tlsCert === undefined ? 'http' : 'https';
    const url = settings.publicUrl ?? `${scheme}://${reachableText(settings.listen)}`;
    write(`Open ${url}/sign-in/set-up and type this code, which is good once, for 24 hours:`);
    write(`  ${code}`);
  });
}
