import { fromJSON } from '@grpc/proto-loader';
import type { Options, PackageDefinition, ServiceDefinition } from '@grpc/proto-loader';
import { AppError } from '@ambit/kernel';
import { descriptor } from './generated/descriptor.ts';

export const apiPackage = 'ambit.api.v1';

/** As the generated types have them. */
const reading: Options = {
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
};

/** The package `ambit.api.v1` as servers, clients and reflection take it. */
export const apiDefinition = (): PackageDefinition => fromJSON(descriptor as never, reading);

/** One service of it by its short name. */
export function serviceNamed(definition: PackageDefinition, name: string): ServiceDefinition {
  const service = definition[`${apiPackage}.${name}`];
  if (service === undefined || 'format' in service)
    throw new AppError('internal', `${name} is no service of ${apiPackage}.`);
  return service;
}
