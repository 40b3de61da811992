/** What the program outside REST may use of rights in Ambit itself. */
export { delegationKind } from './delegation-kind.ts';
export { makeAdministrator } from './make-administrator.ts';
