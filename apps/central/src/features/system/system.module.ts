import { Module } from '@nestjs/common';
import { SystemController } from './system.controller.ts';

/** What runs here. */
@Module({ controllers: [SystemController] })
export class SystemModule {}
