import { reachableText } from '@ambit/config';
import type { CentralSettings } from '../config.ts';
import { offerSetUp } from '../features/sign-in/public.ts';
import { operator, withDatabase } from './with-database.ts';

/** Prints a code, once, with which a person sets up their sign-in; the person is made when there is none of that name. */
export async function createAdmin(
  settings: CentralSettings,
  name: string,
  write: (line: string) => void,
): Promise<void> {
  await withDatabase(settings, async ({ unitOfWork }) => {
    const code = await offerSetUp(unitOfWork, operator, name);
    const scheme = settings.tlsCert === undefined ? 'http' : 'https';
    const url = settings.publicUrl ?? `${scheme}://${reachableText(settings.listen)}`;
    write(`Open ${url}/sign-in/set-up and type this code, which is good once, for 24 hours:`);
    write(`  ${code}`);
  });
}
