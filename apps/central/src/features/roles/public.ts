export { roleKind } from './role-kind.ts';
