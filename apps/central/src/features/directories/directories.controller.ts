import type { Directory } from '@ambit/contracts';
import { Controller, Inject } from '@nestjs/common';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { listResponse, pageOf } from '../../platform/object-response.ts';
import { PolicyWorld } from '../desired-state/public.ts';
import { writeRequest } from '../policy/public.ts';
import { ManageDirectories } from './manage-directories.ts';

/** How directories do, for administrators. */
@Controller()
export class DirectoriesController {
  readonly #directories: ManageDirectories;
  readonly #world: PolicyWorld;

  constructor(
    @Inject(ManageDirectories) directories: ManageDirectories,
    @Inject(PolicyWorld) world: PolicyWorld,
  ) {
    this.#directories = directories;
    this.#world = world;
  }

  @Endpoint('listDirectories')
  async list(@TheCall() { query }: Call<'listDirectories'>): Promise<object> {
    const page = pageOf(await this.#directories.list(), query, ({ provider }) => provider);
    const { revision } = this.#world;
    return listResponse('Directory', page, { revision, item: (directory) => directory });
  }

  @Endpoint('getDirectory')
  get(@TheCall() { params }: Call<'getDirectory'>): Promise<Directory> {
    return this.#directories.get(params['name'] ?? '');
  }

  @Endpoint('resumeDirectory')
  resume(@TheCall() call: Call<'resumeDirectory'>): Promise<Directory> {
    return this.#directories.resume(call.params['name'] ?? '', writeRequest(call));
  }
}
