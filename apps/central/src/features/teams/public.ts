export { namespaceProfileKind } from './profile-kind.ts';
export { teamKind } from './team-kind.ts';
