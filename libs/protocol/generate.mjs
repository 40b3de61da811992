// Writes what is derived from the protos of the agents' wire; `--check` compares.
import { writeProto } from '../../test/house/write-proto.mjs';

const sources = ['state', 'enrollment', 'sync', 'audit'].map(
  (name) => `ambit/agent/v1/${name}.proto`,
);
await writeProto(import.meta.url, sources, {
  descriptor: 'src/generated/descriptor.ts',
  messages: 'src/core/generated/messages.ts',
});
