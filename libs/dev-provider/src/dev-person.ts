/** Somebody who has an account there. */
export interface DevPerson {
  /** What is typed to sign in; there are no passwords. */
  readonly name: string;
  readonly email: string;
  readonly emailVerified?: boolean;
  /** As the dialect writes them: GUIDs, full paths, `org:team`. */
  readonly groups: readonly string[];
}
