import type { UserName } from '@ambit/contracts';

const longest = 63;

type NameSchema = Pick<typeof UserName, 'safeParse'>;

/** Gives names that the policy takes and that nobody has yet. */
export class FreeNames {
  readonly #schema: NameSchema;
  readonly #taken: Set<string>;

  constructor(schema: NameSchema, taken: Iterable<string> = []) {
    this.#schema = schema;
    this.#taken = new Set(taken);
  }

  /** The name as it is where it may be used, else as near to it as may be; with a number behind it when it is taken. */
  take(wanted: string): string {
    const base = this.#nearest(wanted);
    let name = base;
    for (let count = 2; this.#taken.has(name); count++) {
      const end = `-${count}`;
      const at = base.indexOf('@');
      // The part before the @ of a name like an address is the one that is anybody's to choose.
      name =
        at > 0
          ? `${base.slice(0, at)}${end}${base.slice(at)}`
          : `${base.slice(0, longest - end.length)}${end}`;
    }
    this.#taken.add(name);
    return name;
  }

  #nearest(wanted: string): string {
    const parsed = this.#schema.safeParse(wanted);
    if (parsed.success) return wanted;
    for (const { code, ...issue } of parsed.error.issues) {
      const params =
        code === 'custom' ? (issue as { params?: { didYouMean?: string } }).params : {};
      if (params?.didYouMean !== undefined) return params.didYouMean;
    }
    const plain = wanted
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, longest)
      .replace(/^-+|-+$/g, '');
    return this.#schema.safeParse(plain).success ? plain : 'unnamed';
  }
}
