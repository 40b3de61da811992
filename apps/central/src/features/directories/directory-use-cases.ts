import type { Runtime } from '../../platform/runtime.ts';
import type { Teardown } from '../../platform/teardown.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { CommitPolicy } from '../policy/public.ts';
import { CommitDirectory } from './commit-directory.ts';
import { DirectoryGroups } from './directory-groups.ts';
import { NewsOfDirectories } from './news-of-directories.ts';
import { DirectoryUsers } from './directory-users.ts';
import { ManageDirectories } from './manage-directories.ts';
import { SyncDirectory } from './sync/sync-directory.ts';

/** What directories can ask for, and what can be asked about them. */
export interface DirectoryUseCases {
  readonly users: DirectoryUsers;
  readonly groups: DirectoryGroups;
  readonly sync: SyncDirectory;
  readonly news: NewsOfDirectories;
  readonly manage: ManageDirectories;
}

export function directoryUseCases(
  commit: CommitPolicy,
  {
    runtime,
    world,
    teardown,
  }: {
    readonly runtime: Runtime;
    readonly world: PolicyWorld;
    readonly teardown: Teardown;
  },
): DirectoryUseCases {
  const own = new CommitDirectory(commit, runtime, world);
  const news = new NewsOfDirectories(runtime);
  news.start();
  teardown.add('news of directories', () => news.stop());
  return {
    users: new DirectoryUsers(own, runtime.database),
    groups: new DirectoryGroups(own, runtime.database),
    sync: new SyncDirectory(own, runtime.database, world),
    news,
    manage: new ManageDirectories(runtime, news),
  };
}
