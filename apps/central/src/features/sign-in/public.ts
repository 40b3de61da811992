/** Sign-in of people, as the rest of central meets it. */
export { openSignIn } from './open-sign-in.ts';
export type { SignInHandlers, SignInSurroundings } from './open-sign-in.ts';
export { purgeOldSignIns } from './purge-sign-ins.ts';
export { offerSetUp } from './set-up.ts';
