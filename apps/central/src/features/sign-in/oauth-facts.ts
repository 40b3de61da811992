export const oauthPath = '/oauth2';
/** The one program that signs people in; it runs on their machines, so it can keep no secret. */
export const programName = 'ambit-cli';
/** What a sign-in gives: who it is, and to go on without asking again. */
export const scope = 'openid offline_access';
/** Of the server's own sessions of browsers, without the prefix that https gives it. */
export const sessionCookieName = 'ambit-oauth';
/** At most so long does one sign-in last. */
export const sessionSeconds = 12 * 3_600;
