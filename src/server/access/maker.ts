/** Whom a permission comes from: with them it ends. */
export interface Maker {
  /** `key:AKSB…`, `user:ann`. */
  readonly id: string;
  /** Of a user: another one after every change of password, role or streams. */
  readonly since?: string;
  /** The sign-in it comes from, which a sign-out ends. */
  readonly signIn?: string;
}
