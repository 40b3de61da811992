import type { MethodDefinition, PackageDefinition } from '@grpc/proto-loader';
import { AppError } from '@ambit/kernel';
import protobuf from 'protobufjs';
import { apiPackage } from './api-services.ts';

/** What the decoder reads for the field of a message. */
type Part = 'text' | 'number' | 'double' | 'listed' | MessageShape;
type MessageShape = ReadonlyMap<number, Part>;

interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly label: string;
  readonly type: string;
  readonly typeName: string;
}

/**
 * Whether the bytes of a request to `method` hold at most `most` parts: messages inside it, and texts in its own lists. An
 * empty part takes two bytes, and as an object more than a hundred. The function given throws for what is no message.
 */
export function partsWithin(
  definition: PackageDefinition,
  method: Pick<MethodDefinition<object, object>, 'requestType'>,
  most: number,
): (bytes: Uint8Array) => boolean {
  const shape = shapeOf(definition, fieldsOf(method.requestType), true);
  return (bytes) => countParts(protobuf.Reader.create(bytes), shape, most) <= most;
}

const numbers = ['TYPE_BOOL', 'TYPE_ENUM', 'TYPE_INT32', 'TYPE_UINT32'];

function shapeOf(
  definition: PackageDefinition,
  fields: readonly FieldDescriptor[],
  outermost = false,
): MessageShape {
  const partOf = ({ name, label, type, typeName }: FieldDescriptor): Part => {
    const repeated = label === 'LABEL_REPEATED';
    if (type === 'TYPE_MESSAGE')
      return shapeOf(definition, fieldsOf(definition[`${apiPackage}.${typeName}`]));
    if (type === 'TYPE_STRING') return repeated && outermost ? 'listed' : 'text';
    if (type === 'TYPE_DOUBLE' && !repeated) return 'double';
    if (numbers.includes(type) && !repeated) return 'number';
    throw new AppError('internal', `How ${name} is measured is not known.`);
  };
  return new Map(fields.map((field) => [field.number, partOf(field)]));
}

const fieldsOf = (message: unknown): readonly FieldDescriptor[] =>
  (message as { readonly type: { readonly field: readonly FieldDescriptor[] } }).type.field;

/** Goes through the bytes as the decoder does, which looks at the numbers of fields and not at their wire types. */
function countParts(reader: protobuf.Reader, shape: MessageShape, most: number): number {
  let count = 0;
  while (reader.pos < reader.len && count <= most) {
    const tag = reader.uint32();
    const part = shape.get(tag >>> 3);
    if (part === undefined) reader.skipType(tag & 7);
    else if (part === 'number') reader.uint32();
    else if (part === 'double') reader.double();
    else if (typeof part === 'string') {
      reader.skip(reader.uint32());
      if (part === 'listed') count++;
    } else count += 1 + countInside(reader, part, most - count);
  }
  return count;
}

function countInside(reader: protobuf.Reader, shape: MessageShape, most: number): number {
  const length = reader.uint32();
  const { len: outer, pos } = reader;
  if (pos + length > outer) throw new RangeError('A message ends before its part.');
  reader.len = pos + length;
  const count = countParts(reader, shape, most);
  reader.len = outer;
  return count;
}
