import { expect, it } from 'vitest'
import { booleanParameters } from './booleans.ts'
import { filesBelow } from './syntax.ts'

const values = 'one of the values of a trace, which a request may not allocate an object for'
/** The parameters that stay, and why. */
const allowed: Readonly<Record<string, string>> = {
  'src/trace/sampler.ts parentDecision': 'what the caller decided; undefined when it decided nothing',
  'src/trace/tracer.ts decision': 'what the caller decided; undefined when it decided nothing',
  'src/trace/spanRecord.ts isSampled': values,
  'src/trace/spanRecord.ts isRandom': values,
  'src/trace/spanRecord.ts isHeld': values,
  'src/client/call/exchange.ts isLast': 'read from each response, beside its body',
  'src/client/lanes/lane.ts isLast': 'read from each response, beside its body',
}

it('no exported function has a boolean parameter: pass an options object or a name', () => {
  const found = [...filesBelow('src')].flatMap(([path, source]) => booleanParameters(path, source))
  const unnumbered = found.map((one) => one.replace(/:\d+/, ''))
  expect(found.filter((_, at) => allowed[unnumbered[at]!] === undefined)).toEqual([])
  expect(Object.keys(allowed).filter((one) => !unnumbered.includes(one))).toEqual([])
})

it.each([
  ['a function', 'export function send(text: string, isLast: boolean) {}'],
  ['a default', 'export async function send(isLast = false) {}'],
  ['one that may be missing', 'export function send(isLast?: boolean) {}'],
  ['a union', 'export function send(isLast: boolean | undefined) {}'],
  ['one value', 'export function send(isLast: true) {}'],
  ['a constant', 'export const send = (isLast: boolean): void => {}'],
  ['a method', 'export class Sender { send(isLast: boolean) {} }'],
  ['a constructor', 'export class Sender { constructor(isLast: boolean) {} }'],
  ['an abstract method', 'export abstract class Sender { abstract send(isLast: boolean): void }'],
  ['an interface', 'export interface Sender { send(isLast: boolean): void }'],
  ['a type', 'export type Send = (isLast: boolean) => void'],
  ['a function in an interface', 'export interface Sender { readonly send: (isLast: boolean) => void }'],
])('finds %s', (_, source) => {
  expect(booleanParameters('src/a.ts', `const a = 1\n${source}`)).toEqual(['src/a.ts:2 isLast'])
})

it.each([
  ['an option', 'export function send(text: string, { isLast = false }: { readonly isLast?: boolean } = {}) {}'],
  ['what only the file sees', 'function send(isLast: boolean) {}'],
  ['a private method', 'export class Sender { #send(isLast: boolean) {} }'],
  ['a function inside', 'export function send() { const end = (isLast: boolean) => isLast }'],
  ['a result', 'export function isSent(text: string): boolean { return true }'],
  ['a union with more', `export function send(part: boolean | 'middle') {}`],
])('allows %s', (_, source) => {
  expect(booleanParameters('src/a.ts', source)).toEqual([])
})
