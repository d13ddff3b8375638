import { Body, Controller, Get, HttpCode, Param, ParseIntPipe, Post, Query } from '@nestjs/common'
import { IsInt, IsString, Length, Matches, Max, MaxLength, Min } from 'class-validator'
import { Callees } from './callees.js'
import { Store } from './store.js'

class NewUser {
  @IsString()
  @Length(1, 64)
  name: string

  @IsInt()
  @Min(0)
  @Max(150)
  age: number

  @IsString()
  @MaxLength(254)
  @Matches(/^[^@\s]+@[^@\s]+$/)
  email: string

  @IsInt()
  @Min(1)
  city_id: number
}

@Controller()
export class Users {
  constructor(
    private readonly store: Store,
    private readonly callees: Callees,
  ) {}

  @Get('users/:id')
  hello(@Param('id', ParseIntPipe) id: number) {
    return { code: 0, data: { id, name: `user ${id}` } }
  }

  @Post('users')
  @HttpCode(200)
  create(@Body() user: NewUser) {
    return { code: 0, data: user }
  }

  @Get('accounts/:id')
  async read(@Param('id', ParseIntPipe) id: number) {
    return { code: 0, data: await this.store.findAccount(id) }
  }

  @Get('accounts')
  async list(@Query('after', ParseIntPipe) after: number) {
    return { code: 0, data: await this.store.listAccounts(after) }
  }

  @Post('entries')
  @HttpCode(200)
  async write(@Body() user: NewUser) {
    return { code: 0, data: await this.store.addEntry(user) }
  }

  @Get('profiles/:id')
  async compose(@Param('id', ParseIntPipe) id: number) {
    return { code: 0, data: await this.callees.findProfile(id) }
  }

  @Get('cities/:id')
  async city(@Param('id', ParseIntPipe) id: number) {
    return { code: 0, data: await this.store.findNamed('cities', id) }
  }

  @Get('roles/:id')
  async role(@Param('id', ParseIntPipe) id: number) {
    return { code: 0, data: await this.store.findNamed('roles', id) }
  }
}
