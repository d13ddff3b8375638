/** NestJS on its Fastify adapter, with its validation pipe, and Drizzle. */
import 'reflect-metadata'
import { Module, ValidationPipe } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Callees } from './callees.js'
import { Store } from './store.js'
import { Users } from './users.js'

@Module({ controllers: [Users], providers: [Store, Callees] })
class App {}

const app = await NestFactory.create(App, new FastifyAdapter(), { logger: ['error', 'warn'] })
app.useGlobalPipes(new ValidationPipe())
await app.listen(Number(process.env.PORT), '127.0.0.1')
