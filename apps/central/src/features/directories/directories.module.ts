import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { DirectoriesController } from './directories.controller.ts';
import { ManageDirectories } from './manage-directories.ts';

/** Where people and groups come from. */
@Module({})
export class DirectoriesModule {
  static of(directories: ManageDirectories): DynamicModule {
    return {
      module: DirectoriesModule,
      controllers: [DirectoriesController],
      providers: [{ provide: ManageDirectories, useValue: directories }],
    };
  }
}
