/** What the program uses of directories. */
export { countDirectories } from './count-directories.ts';
export { DirectoriesModule } from './directories.module.ts';
export { directoryUseCases } from './directory-use-cases.ts';
export type { DirectoryUseCases } from './directory-use-cases.ts';
export { directoryService } from './directory-service.ts';
export { scimHandler, scimPath } from './scim/scim-edge.ts';
