import { AppError } from '@ambit/kernel';

/** Where browsers and API servers reach the REST API: what was set, else the address it listens at, known once it does. */
export class PublicUrl {
  #url: string | undefined;

  constructor(set?: string) {
    this.#url = set;
  }

  /** Of no consequence when another one was set. */
  listensAt(url: string): void {
    this.#url ??= url;
  }

  /** Without a slash at the end. Throws `not_ready` before the REST API listens. */
  get(): string {
    if (this.#url === undefined) throw new AppError('not_ready', 'The REST API is not served yet.');
    return this.#url;
  }
}
