// Writes what is derived from proto/: the descriptors that programs load at run time and the types of their messages.
// `--check` writes nothing and exits 1 when a file on disk differs.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import protobuf from 'protobufjs';

const house = fileURLToPath(new URL('../..', import.meta.url));
const protoFolder = join(house, 'proto');
const header = '// Generated from proto/ by `npm run gen`. Do not edit.\n\n';
const scalars = {
  string: 'string',
  bytes: 'Uint8Array',
  bool: 'boolean',
  double: 'number',
  uint32: 'number',
  int32: 'number',
  uint64: 'number',
  int64: 'number',
};

function loadRoot(sources) {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(protoFolder, target);
  root.loadSync(sources, { alternateCommentMode: true, preferTrailingComment: false });
  return root.resolveAll();
}

const docOf = (thing) => (thing.comment ? `/** ${thing.comment.replaceAll('\n', ' ')} */\n` : '');
const nameOf = (type) => (type.parent instanceof protobuf.Type ? type.parent.name : '') + type.name;

function fieldType(field) {
  const single = field.resolvedType ? nameOf(field.resolvedType) : scalars[field.type];
  if (single === undefined)
    throw new Error(`${field.fullName}: no TypeScript type for ${field.type}`);
  if (field.repeated) return `readonly ${single}[]`;
  const message = field.resolvedType instanceof protobuf.Type;
  return message && !field.partOf ? `${single} | null` : single;
}

const property = (field) => `${docOf(field)}readonly ${field.name}: ${fieldType(field)};`;

// A oneof is a union that its virtual property tells apart; `undefined` is a member that this version does not know.
function oneofUnion(oneof) {
  const members = oneof.fieldsArray.map(
    (field) => `{ readonly ${oneof.name}: '${field.name}';\n${property(field)} }`,
  );
  return [...members, `{ readonly ${oneof.name}?: undefined }`].join(' | ');
}

function messageType(type) {
  const plain = type.fieldsArray.filter((field) => !field.partOf);
  const oneofs = type.oneofsArray.map((oneof) => `(${oneofUnion(oneof)})`);
  const body = `{ ${plain.map(property).join('\n')} }`;
  if (oneofs.length === 0) return `${docOf(type)}export interface ${nameOf(type)} ${body}\n`;
  const parts = plain.length === 0 ? oneofs : [body, ...oneofs];
  return `${docOf(type)}export type ${nameOf(type)} = ${parts.join(' & ')};\n`;
}

function enumType(type) {
  const values = Object.keys(type.values).map((value) => `'${value}'`);
  return `${docOf(type)}export type ${nameOf(type)} = ${values.join(' | ')};\n`;
}

function* declarations(namespace) {
  for (const thing of namespace.nestedArray) {
    if (thing instanceof protobuf.Type) yield messageType(thing);
    if (thing instanceof protobuf.Enum) yield enumType(thing);
    if (thing instanceof protobuf.Namespace) yield* declarations(thing);
  }
}

async function formatted(path, text) {
  const options = await prettier.resolveConfig(path);
  return prettier.format(header + text, { ...options, parser: 'typescript' });
}

/** Each package of protos, and where what is derived from it stands. */
const packages = [
  {
    sources: ['state', 'enrollment', 'sync', 'audit'].map((name) => `ambit/agent/v1/${name}.proto`),
    descriptor: 'libs/protocol/src/generated/descriptor.ts',
    messages: 'libs/protocol/src/core/generated/messages.ts',
  },
  {
    sources: ['directory', 'access', 'policy'].map((name) => `ambit/api/v1/${name}.proto`),
    descriptor: 'libs/contracts/src/grpc/generated/descriptor.ts',
    messages: 'libs/contracts/src/grpc/generated/messages.ts',
  },
];

for (const { sources, descriptor, messages } of packages) {
  const root = loadRoot(sources);
  const outputs = {
    [descriptor]: `export const descriptor: object = ${JSON.stringify(root.toJSON())};\n`,
    [messages]: [...declarations(root)].join('\n'),
  };
  for (const [name, text] of Object.entries(outputs)) {
    const path = join(house, name);
    const wanted = await formatted(path, text);
    if (!process.argv.includes('--check')) {
      writeFileSync(path, wanted);
    } else if (readFileSync(path, 'utf8') !== wanted) {
      process.exitCode = 1;
      console.error(`${name} differs from proto/: run \`npm run gen\``);
    }
  }
}
