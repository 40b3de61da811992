/** What the program outside REST may use of sessions. */
export { countRunningSessions } from './count-running.ts';
export {
  beginSession,
  endSession,
  endSessionsOf,
  endSessionsOfIdentities,
  endSessionsOfUpstream,
  ManageSessions,
} from './manage-sessions.ts';
export { accessTokenCredentials, refusalOf, sessionCredentials } from './session-credentials.ts';
export { SessionsModule } from './sessions.module.ts';
