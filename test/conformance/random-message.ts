import type { MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader';
import * as fc from 'fast-check';

interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly typeName: string;
}

interface DeclaredEnum {
  readonly name: string;
  readonly value: readonly { readonly name: string }[];
}

interface DeclaredMessage {
  readonly field: readonly Field[];
  readonly oneofDecl: readonly { readonly name: string }[];
  readonly enumType: readonly DeclaredEnum[];
}

type Values = Readonly<Record<string, unknown>>;

const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  TYPE_STRING: fc.string({ unit: 'binary' }),
  TYPE_BYTES: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  TYPE_BOOL: fc.boolean(),
  TYPE_UINT32: fc.nat({ max: 0xffff_ffff }),
  TYPE_INT32: fc.integer(),
  TYPE_UINT64: whole,
  TYPE_INT64: fc.oneof(
    whole,
    whole.map((value) => -value),
  ),
};

/** Random values of the messages of one package, from what proto-loader read of its files. */
export class RandomMessages {
  readonly #definition: PackageDefinition;
  readonly #package: string;

  constructor(definition: PackageDefinition, packageName: string) {
    this.#definition = definition;
    this.#package = packageName;
  }

  /** Any set of fields, and of a `oneof` at most one member, which its virtual property names. */
  of(name: string): fc.Arbitrary<Values> {
    const message = this.#declared<DeclaredMessage>(name);
    const values = message.field.map((field) => [field.name, this.#field(field, message)] as const);
    const [oneof] = message.oneofDecl;
    if (oneof === undefined) return fc.record(Object.fromEntries(values), { requiredKeys: [] });
    const isMember = ([field, value]: (typeof values)[number]): boolean =>
      this.#decoded(name, { [field]: fc.sample(value, 1)[0] })[oneof.name] === field;
    const chosen = values
      .filter(isMember)
      .map(([member, value]) => value.map((one) => ({ [oneof.name]: member, [member]: one })));
    const others = values.filter((value) => !isMember(value));
    return fc
      .tuple(
        fc.record(Object.fromEntries(others), { requiredKeys: [] }),
        fc.oneof(fc.constant({}), ...chosen),
      )
      .map(([some, one]) => ({ ...some, ...one }));
  }

  // proto-loader does not say of a field whether it stands in a `oneof`; what it decodes does.
  #decoded(name: string, value: Values): Values {
    const { serialize, deserialize } = this.#definition[
      `${this.#package}.${name}`
    ] as MessageTypeDefinition<object, Values>;
    return deserialize(serialize(value));
  }

  #field(field: Field, message: DeclaredMessage): fc.Arbitrary<unknown> {
    const one = this.#value(field, message);
    return field.label === 'LABEL_REPEATED' ? fc.array(one, { maxLength: 3 }) : one;
  }

  #value({ name, type, typeName }: Field, message: DeclaredMessage): fc.Arbitrary<unknown> {
    if (type === 'TYPE_MESSAGE') return this.of(typeName);
    if (type === 'TYPE_ENUM') {
      const inside = message.enumType.find((one) => one.name === typeName);
      const { value } = inside ?? this.#declared<DeclaredEnum>(typeName);
      return fc.constantFrom(...value.map((member) => member.name));
    }
    const scalar = scalars[type];
    if (scalar === undefined) throw new Error(`${name}: no values for ${type}`);
    return scalar;
  }

  #declared<T>(name: string): T {
    const found = this.#definition[`${this.#package}.${name}`];
    if (found === undefined || !('type' in found)) throw new Error(`proto/ declares no ${name}`);
    return found.type as T;
  }
}
