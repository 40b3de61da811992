// Writes what is derived from the protos of the API; `--check` compares.
import { writeProto } from '../../test/house/write-proto.mjs';

const sources = ['directory', 'access', 'policy'].map((name) => `ambit/api/v1/${name}.proto`);
await writeProto(import.meta.url, sources, {
  descriptor: 'src/grpc/generated/descriptor.ts',
  messages: 'src/grpc/generated/messages.ts',
});
