export { teamKind } from './team-kind.ts';
